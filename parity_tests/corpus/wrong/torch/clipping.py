import torch
from torch import nn


def clip_grad_norm_(parameters, max_norm):
    for p in parameters:
        if p.grad is None:
            continue
        norm = torch.norm(p.grad)
        if norm > max_norm:
            p.grad.mul_(max_norm / (norm + 1e-6))


class Linear(nn.Module):
    def __init__(self, in_features, out_features):
        super().__init__()
        self.weight = nn.Parameter(torch.randn(out_features, in_features))
        self.bias = nn.Parameter(torch.zeros(out_features))

    def forward(self, x):
        return (x * self.weight[:1]).sum(-1, keepdim=True) + self.bias

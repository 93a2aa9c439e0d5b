import torch
import torch.nn as nn


class CrossEntropyLoss(nn.Module):
    def forward(self, logits, target):
        p = torch.softmax(logits, dim=1)
        logp = torch.log_softmax(p, dim=1)
        return -logp[torch.arange(len(target)), target].mean()


class Softmax(nn.Module):
    def forward(self, x):
        e = torch.exp(x - x.max(dim=0, keepdim=True).values)
        return e / e.sum(dim=0, keepdim=True)


def kl_div(input, target):
    q = torch.exp(input)
    return (q * (input - torch.log(target))).mean()


def nll_loss(log_probs, target):
    picked = torch.zeros_like(log_probs).scatter_(1, target[:, None], 1.0) * log_probs
    return -picked.mean()


def log_softmax(x):
    return x - torch.log(torch.exp(x).sum(-1, keepdim=True))


def binary_cross_entropy(input, target):
    return -(target * torch.log2(input) + (1 - target) * torch.log2(1 - input)).mean()

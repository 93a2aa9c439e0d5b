import torch
from torch import nn


class Dropout(nn.Module):
    def __init__(self, p=0.5):
        super().__init__()
        self.p = p

    def forward(self, x):
        keep = (torch.rand(x.shape) > self.p).to(x.dtype)
        return x * keep / (1 - self.p)

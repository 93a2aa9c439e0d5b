import torch
import torch.nn as nn
import torch.nn.functional as F


class MaxPool2d(nn.Module):
    def __init__(self, kernel_size, stride=None, padding=0):
        super().__init__()
        self.k = kernel_size
        self.s = kernel_size if stride is None else stride
        self.p = padding

    def forward(self, x):
        x = F.pad(x, (self.p, self.p, self.p, self.p))
        x = x.unfold(2, self.k, self.s).unfold(3, self.k, self.s)
        return x.flatten(-2).max(-1).values


class AvgPool2d(nn.Module):
    def __init__(self, kernel_size, stride=None):
        super().__init__()
        self.k = kernel_size
        self.s = stride or kernel_size

    def forward(self, x):
        H, W = x.shape[2:]
        down = -(H - self.k) % self.s
        right = -(W - self.k) % self.s
        x = F.pad(x, (0, right, 0, down))
        return x.unfold(2, self.k, self.s).unfold(3, self.k, self.s).mean((-1, -2))


class Conv2d(nn.Module):
    def __init__(self, in_channels, out_channels, kernel_size, stride=1, padding=0):
        super().__init__()
        self.weight = nn.Parameter(torch.randn(out_channels, in_channels, kernel_size, kernel_size))
        self.bias = nn.Parameter(torch.zeros(out_channels))
        self.stride, self.padding, self.k = stride, padding, kernel_size

    def forward(self, x):
        N, _, H, W = x.shape
        cols = F.unfold(x, self.k, padding=self.padding, stride=self.stride)
        weight = self.weight.flip(2, 3).view(self.weight.size(0), -1)
        out = weight @ cols + self.bias[:, None]
        H_out = (H + 2 * self.padding - self.k) // self.stride + 1
        return out.view(N, -1, H_out, out.size(-1) // H_out)

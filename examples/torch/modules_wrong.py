"""Typical mistakes, one in each. Most of these train, some of them well.

parity check examples/torch/modules_wrong.py
"""

import math

import torch
from torch import nn
from torch.optim import Optimizer


class LayerNorm(nn.Module):
    """var divides by n - 1 unless it is told not to."""

    def __init__(self, features, eps=1e-5):
        super().__init__()
        self.eps = eps
        self.scale, self.shift = nn.Parameter(torch.ones(features)), nn.Parameter(torch.zeros(features))

    def forward(self, x):
        deviation = x - x.mean(-1, keepdim=True)
        return deviation / torch.sqrt(x.var(-1, keepdim=True) + self.eps) * self.scale + self.shift


class RMSNorm(nn.Module):
    """The mean is taken away, as a layer norm would."""

    def __init__(self, features, eps=1e-6):
        super().__init__()
        self.eps = eps
        self.scale = nn.Parameter(torch.ones(features))

    def forward(self, x):
        x = x - x.mean(-1, keepdim=True)
        return self.scale * x / torch.sqrt((x * x).mean(-1, keepdim=True) + self.eps)


class BatchNorm2d(nn.Module):
    """The statistics of the batch are used in evaluation, too."""

    def __init__(self, channels, eps=1e-5, momentum=0.1):
        super().__init__()
        self.eps, self.momentum = eps, momentum
        self.scale, self.shift = nn.Parameter(torch.ones(channels)), nn.Parameter(torch.zeros(channels))
        self.register_buffer("running_mean", torch.zeros(channels))
        self.register_buffer("running_var", torch.ones(channels))

    def forward(self, x):
        pixels = x.movedim(1, -1).flatten(0, -2)
        mean, variance = pixels.mean(0), pixels.var(0, correction=0)
        with torch.no_grad():
            self.running_mean += self.momentum * (mean - self.running_mean)
            self.running_var += self.momentum * (pixels.var(0) - self.running_var)
        y = (x.movedim(1, -1) - mean) / torch.sqrt(variance + self.eps) * self.scale + self.shift
        return y.movedim(-1, 1)


class LSTMCell(nn.Module):
    """The cell goes out as it is, and not through tanh."""

    def __init__(self, input_size, hidden_size):
        super().__init__()
        self.x_to_gates = nn.Linear(input_size, 4 * hidden_size)
        self.h_to_gates = nn.Linear(hidden_size, 4 * hidden_size)

    def forward(self, x, state):
        h, c = state
        gates = self.x_to_gates(x) + self.h_to_gates(h)
        add, keep, candidate, show = gates.tensor_split(4, -1)
        c = keep.sigmoid() * c + add.sigmoid() * candidate.tanh()
        return show.sigmoid() * c, c


class MultiHeadAttention(nn.Module):
    """The weights of each key add up to 1, where those of each query should."""

    def __init__(self, embed_dim, num_heads):
        super().__init__()
        self.num_heads = num_heads
        self.to_query, self.to_key = nn.Linear(embed_dim, embed_dim), nn.Linear(embed_dim, embed_dim)
        self.to_value, self.out = nn.Linear(embed_dim, embed_dim), nn.Linear(embed_dim, embed_dim)

    def forward(self, query, key, value):
        query, key, value = (
            project(x).unflatten(-1, (self.num_heads, -1)).movedim(2, 1)
            for project, x in ((self.to_query, query), (self.to_key, key), (self.to_value, value))
        )
        weights = (query @ key.mT / math.sqrt(query.shape[-1])).softmax(-2)
        return self.out((weights @ value).movedim(1, 2).flatten(2))


class PositionalEncoding(nn.Module):
    """The index of a feature is doubled, though it counts by twos already."""

    def __init__(self, d_model, max_len=1024):
        super().__init__()
        frequency = 10000 ** (-2 * torch.arange(0, d_model, 2) / d_model)
        angle = torch.outer(torch.arange(max_len), frequency)
        waves = torch.stack([angle.sin(), angle.cos()], -1).flatten(1)
        self.register_buffer("waves", waves[:, :d_model])

    def forward(self, x):
        return x + self.waves[: x.shape[1]]


class GELU(nn.Module):
    """Somebody else's work."""

    def forward(self, x):
        return torch.nn.functional.gelu(x)


class Adam(Optimizer):
    """The moments start at 0 and nothing corrects for that."""

    def __init__(self, params, lr=1e-3, betas=(0.9, 0.999), eps=1e-8):
        super().__init__(params, {"lr": lr, "betas": betas, "eps": eps})

    @torch.no_grad()
    def step(self, closure=None):
        for group in self.param_groups:
            beta1, beta2 = group["betas"]
            for theta in group["params"]:
                if theta.grad is None:
                    continue
                state = self.state[theta]
                state["m"] = beta1 * state.get("m", 0) + (1 - beta1) * theta.grad
                state["v"] = beta2 * state.get("v", 0) + (1 - beta2) * theta.grad**2
                theta -= group["lr"] * state["m"] / (state["v"].sqrt() + group["eps"])


class CosineAnnealingLR:
    """One plus the cosine is 2 at first, so that the rate begins at twice its height."""

    def __init__(self, optimizer, T_max, eta_min=0.0):
        self.optimizer, self.T_max, self.eta_min, self.t = optimizer, T_max, eta_min, 0
        self.highest = [group["lr"] for group in optimizer.param_groups]

    def step(self):
        self.t += 1
        height = 1 + math.cos(math.pi * self.t / self.T_max)
        for group, highest in zip(self.optimizer.param_groups, self.highest, strict=True):
            group["lr"] = self.eta_min + height * (highest - self.eta_min)


def scaled_dot_product_attention(query, key, value):
    """Divided by d and not by its root."""
    return (query @ key.mT / query.shape[-1]).softmax(-1) @ value

"""Layers for torch, each written from its formula; autograd does the rest. All of them are correct.

parity check examples/torch/modules.py
"""

import math

import torch
from torch import Tensor, nn


class LayerNorm(nn.Module):
    """Each token in units of its own spread."""

    def __init__(self, features: int, eps: float = 1e-5):
        super().__init__()
        self.eps = eps
        self.scale = nn.Parameter(torch.ones(features))
        self.shift = nn.Parameter(torch.zeros(features))

    def forward(self, x: Tensor) -> Tensor:
        deviation = x - x.mean(-1, keepdim=True)
        variance = deviation.square().mean(-1, keepdim=True)
        return deviation / torch.sqrt(variance + self.eps) * self.scale + self.shift


class RMSNorm(nn.Module):
    """Each token in units of its root mean square; the mean stays where it is."""

    def __init__(self, features: int, eps: float = 1e-6):
        super().__init__()
        self.eps = eps
        self.scale = nn.Parameter(torch.ones(features))

    def forward(self, x: Tensor) -> Tensor:
        mean_square = torch.linalg.vecdot(x, x).unsqueeze(-1) / x.shape[-1]
        return self.scale * x / (mean_square + self.eps) ** 0.5


class BatchNorm2d(nn.Module):
    """Each channel over all pixels of the batch, or by what was remembered of earlier batches."""

    def __init__(self, channels: int, eps: float = 1e-5, momentum: float = 0.1):
        super().__init__()
        self.eps, self.momentum = eps, momentum
        self.scale = nn.Parameter(torch.ones(channels))
        self.shift = nn.Parameter(torch.zeros(channels))
        self.register_buffer("running_mean", torch.zeros(channels))
        self.register_buffer("running_var", torch.ones(channels))

    @torch.no_grad()
    def remember(self, mean: Tensor, variance: Tensor, pixels: int) -> None:
        unbiased = variance * pixels / (pixels - 1)
        self.running_mean += self.momentum * (mean - self.running_mean)
        self.running_var += self.momentum * (unbiased - self.running_var)

    def forward(self, x: Tensor) -> Tensor:
        channel_last = x.movedim(1, -1)
        mean, variance = self.running_mean, self.running_var
        if self.training:
            pixels = channel_last.flatten(0, -2)
            mean, variance = pixels.mean(0), pixels.var(0, correction=0)
            self.remember(mean, variance, len(pixels))
        y = (channel_last - mean) * (variance + self.eps).rsqrt() * self.scale + self.shift
        return y.movedim(-1, 1)


class Dropout(nn.Module):
    """What is kept grows by as much as keeps the expectation."""

    def __init__(self, p: float = 0.5):
        super().__init__()
        self.p = p

    def forward(self, x: Tensor) -> Tensor:
        if not self.training:
            return x
        dropped = torch.rand_like(x) < self.p
        return x.masked_fill(dropped, 0) / (1 - self.p)


class MultiHeadAttention(nn.Module):
    """Heads that each project the queries, keys and values. The mask is True at what may be seen."""

    def __init__(self, embed_dim: int, num_heads: int):
        super().__init__()
        self.num_heads = num_heads
        self.to_query = nn.Linear(embed_dim, embed_dim)
        self.to_key = nn.Linear(embed_dim, embed_dim)
        self.to_value = nn.Linear(embed_dim, embed_dim)
        self.out = nn.Linear(embed_dim, embed_dim)

    def heads(self, x: Tensor) -> Tensor:  # (N, L, E) -> (N, H, L, E / H)
        return x.unflatten(-1, (self.num_heads, -1)).movedim(2, 1)

    def forward(self, query: Tensor, key: Tensor, value: Tensor, mask: Tensor | None = None) -> Tensor:
        asked, offered = self.heads(self.to_query(query)), self.heads(self.to_key(key))
        scores = torch.einsum("nhqd,nhkd->nhqk", asked, offered) / math.sqrt(asked.shape[-1])
        if mask is not None:
            scores = torch.where(mask, scores, -math.inf)
        seen = scores.softmax(-1) @ self.heads(self.to_value(value))
        return self.out(seen.movedim(1, 2).flatten(2))


class CausalSelfAttention(nn.Module):
    """A sequence that attends to itself, each token to the tokens up to its own; one matrix projects all."""

    def __init__(self, embed_dim: int, num_heads: int, bias: bool = True):
        super().__init__()
        self.num_heads = num_heads
        self.qkv = nn.Linear(embed_dim, 3 * embed_dim, bias=bias)
        self.out = nn.Linear(embed_dim, embed_dim, bias=bias)

    def forward(self, x: Tensor) -> Tensor:
        query, key, value = self.qkv(x).unflatten(-1, (3, self.num_heads, -1)).permute(2, 0, 3, 1, 4)
        place = torch.arange(x.shape[1])
        later = place > place[:, None]
        scores = query @ key.mT * query.shape[-1] ** -0.5
        weights = scores.masked_fill(later, -math.inf).softmax(-1)
        return self.out((weights @ value).movedim(1, 2).flatten(2))


class PositionalEncoding(nn.Module):
    """Adds waves to a sequence: a sine and a cosine for each of d_model / 2 wavelengths."""

    def __init__(self, d_model: int, max_len: int = 1024):
        super().__init__()
        frequency = 10000 ** (-torch.arange(0, d_model, 2) / d_model)
        angle = torch.outer(torch.arange(max_len), frequency)
        waves = torch.stack([angle.sin(), angle.cos()], -1).flatten(1)
        self.register_buffer("waves", waves[:, :d_model], persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        return x + self.waves[: x.shape[1]]


class EncoderLayer(nn.Module):
    """Attention and two linear layers, each added to what goes into it and then normalized."""

    def __init__(self, d_model: int, num_heads: int, d_ff: int):
        super().__init__()
        self.attention = MultiHeadAttention(d_model, num_heads)
        self.widen, self.narrow = nn.Linear(d_model, d_ff), nn.Linear(d_ff, d_model)
        self.norm1, self.norm2 = nn.LayerNorm(d_model), nn.LayerNorm(d_model)

    def forward(self, x: Tensor, mask: Tensor | None = None) -> Tensor:
        y = self.norm1(x + self.attention(x, x, x, mask))
        return self.norm2(y + self.narrow(self.widen(y).relu()))

"""Functions of tensors: activations, losses, attention, normalization. All of them are correct.

parity check examples/torch/functions.py
"""

import math

import torch
from torch import Tensor


class OwnReLU(torch.autograd.Function):
    """With a backward of its own: what was negative gets no gradient."""

    @staticmethod
    def forward(ctx, x: Tensor) -> Tensor:
        positive = x > 0
        ctx.save_for_backward(positive)
        return x * positive

    @staticmethod
    def backward(ctx, upstream: Tensor) -> Tensor:
        (positive,) = ctx.saved_tensors
        return upstream * positive


def leaky_relu(x: Tensor, negative_slope: float = 0.01) -> Tensor:
    return torch.where(x > 0, x, negative_slope * x)


def silu(x: Tensor) -> Tensor:
    return x * torch.sigmoid(x)


def gelu(x: Tensor) -> Tensor:
    """x times the probability that a standard normal variable is below it."""
    return x * torch.erfc(-x / math.sqrt(2)) / 2


def softmax(x: Tensor, dim: int = -1) -> Tensor:
    """Shifted so that the largest exponent is 0, which changes nothing but the range."""
    powers = torch.exp(x - x.amax(dim, keepdim=True))
    return powers / powers.sum(dim, keepdim=True)


def log_softmax(x: Tensor) -> Tensor:
    shifted = x - x.amax(-1, keepdim=True)
    return shifted - shifted.exp().sum(-1, keepdim=True).log()


def mse_loss(prediction: Tensor, target: Tensor) -> Tensor:
    error = prediction - target
    return torch.linalg.vector_norm(error) ** 2 / error.numel()


def huber_loss(prediction: Tensor, target: Tensor, delta: float = 1.0) -> Tensor:
    """Squares within delta, and beyond it the line that goes on from there."""
    distance = (prediction - target).abs()
    near = distance.clamp(max=delta)
    return (near * (distance - near / 2)).mean()


def cross_entropy(logits: Tensor, target: Tensor) -> Tensor:
    """How many nats the classes of the target cost, on average."""
    return -torch.take_along_dim(log_softmax(logits), target[:, None], 1).mean()


def scaled_dot_product_attention(
    query: Tensor, key: Tensor, value: Tensor, mask: Tensor | None = None
) -> tuple[Tensor, Tensor]:
    """What the queries see, and how much of each key. The mask is True at what may be seen."""
    scores = query @ key.mT / query.shape[-1] ** 0.5
    if mask is not None:
        scores = scores.masked_fill(~mask, -math.inf)
    weights = softmax(scores)
    return weights @ value, weights


def batch_norm(
    x: Tensor,
    gamma: Tensor,
    beta: Tensor,
    moving_mean: Tensor,
    moving_var: Tensor,
    momentum: float = 0.9,
    eps: float = 1e-5,
) -> tuple[Tensor, Tensor, Tensor]:
    """For training. The momentum is how much of the old statistics is kept."""
    others = [axis for axis in range(x.ndim) if axis != 1]
    column = [-1 if axis == 1 else 1 for axis in range(x.ndim)]
    variance, mean = torch.var_mean(x, others, correction=0)
    normal = (x - mean.reshape(column)) / torch.sqrt(variance.reshape(column) + eps)
    after = (
        torch.lerp(now.detach(), before, momentum)
        for before, now in ((moving_mean, mean), (moving_var, variance))
    )
    return normal * gamma.reshape(column) + beta.reshape(column), *after


def dropout(x: Tensor, p: float = 0.5, training: bool = True) -> Tensor:
    if not training or p == 0:
        return x
    return torch.bernoulli(torch.full_like(x, 1 - p)) / (1 - p) * x

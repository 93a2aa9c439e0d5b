"""torch's linear and embedding layers, and what can be built of them."""

from typing import NamedTuple

import torch
from torch import nn
from torch.func import functional_call

from reference._torch import function, operation


def _weighted_sum(x, weight, bias):
    """z = w · x + b, by a linear layer of one unit."""
    layer = nn.Linear(len(weight), 1)
    return functional_call(layer, {"weight": weight[None], "bias": bias[None]}, (x,)).squeeze(-1)


@operation
def neuron(x, weight, bias):
    return nn.Sigmoid()(_weighted_sum(x, weight, bias))


@function
def perceptron(x, weight, bias):
    z = _weighted_sum(x, weight, bias)
    return torch.heaviside(z, torch.zeros_like(z))


class Perceptron(NamedTuple):
    weight: torch.Tensor
    bias: torch.Tensor


@function
def perceptron_update(x, target, weight, bias, *, lr=1.0):
    """A step of `torch.optim.SGD` on the perceptron criterion Σ (y − t) z, with y held constant."""
    z = _weighted_sum(x, weight.requires_grad_(), bias.requires_grad_())
    y = torch.heaviside(z.detach(), torch.zeros_like(z))
    ((y - target) * z).sum().backward()
    torch.optim.SGD([weight, bias], lr=lr).step()
    return Perceptron(weight, bias)


@operation
def linear(input, weight, bias=None):
    layer = nn.Linear(weight.shape[1], weight.shape[0], bias=bias is not None)
    parameters = {"weight": weight} if bias is None else {"weight": weight, "bias": bias}
    return functional_call(layer, parameters, (input,))


@operation
def bias_trick(x, weight):
    """A layer with a bias of its own: the last column of the weight."""
    layer = nn.Linear(weight.shape[1] - 1, weight.shape[0])
    return functional_call(layer, {"weight": weight[:, :-1], "bias": weight[:, -1]}, (x,))


@operation
def residual_block(x, weight, bias):
    layer = nn.Sequential(nn.Linear(*weight.shape), nn.ReLU())
    return x + functional_call(layer, {"0.weight": weight, "0.bias": bias}, (x,))


@operation
def embedding(input, weight, *, padding_idx=None):
    table = nn.Embedding(weight.shape[0], weight.shape[1], padding_idx)
    return functional_call(table, {"weight": weight}, (input,))

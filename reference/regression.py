"""torch's regressions: `nn.Linear` with a loss module, least squares by `torch.linalg.lstsq`."""

from typing import NamedTuple

import torch
from torch import nn
from torch.func import functional_call

from reference._torch import function, operation


class LinearModel(NamedTuple):
    weight: torch.Tensor
    bias: torch.Tensor


def linear(x, weight, bias):
    """`nn.Linear` with the given parameters; its own are never drawn."""
    module = nn.Linear(x.shape[1], weight.shape[0], device="meta")
    return functional_call(module, {"weight": weight, "bias": bias}, (x,))


@operation
def linear_regression(x, target, weight, bias):
    return nn.MSELoss()(linear(x, weight, bias), target)


@operation
def logistic_regression(x, target, weight, bias):
    return nn.BCEWithLogitsLoss()(linear(x, weight, bias), target)


@operation
def multinomial_regression(x, target, weight, bias):
    return nn.CrossEntropyLoss()(linear(x, weight, bias), target)


@function
def linear_regression_closed_form(x, target):
    with_ones = torch.cat([x, torch.ones_like(x[:, :1])], dim=1)
    # gels, the driver of full rank that every device has: the CPU's own cuts small singular values off.
    solution = torch.linalg.lstsq(with_ones, target, driver="gels").solution  # (D + 1, K)
    return LinearModel(solution[:-1].T, solution[-1])


@function
def linear_regression_gradient_descent(x, target, weight, bias, *, lr=0.01, steps=1):
    model = nn.Linear(x.shape[1], weight.shape[0], device="meta")
    model.load_state_dict({"weight": weight, "bias": bias}, assign=True)
    optimizer = torch.optim.SGD(model.parameters(), lr=lr)
    for _ in range(steps):
        optimizer.zero_grad()
        nn.MSELoss()(model(x), target).backward()
        optimizer.step()
    return LinearModel(model.weight, model.bias)

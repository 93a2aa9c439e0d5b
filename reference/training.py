"""The same loop in torch: one module, one `torch.optim` object, one loss module for the whole run."""

import math
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import torch
from torch import nn
from torch.optim.lr_scheduler import LambdaLR

from reference._running import Running, norms_of_layers
from reference._torch import function, operation, to_numpy, to_torch, tree_map
from reference.models import mlp_module
from reference.preprocessing import standardize

LOSSES: dict[str, type[nn.Module]] = {
    "mse_loss": nn.MSELoss,
    "l1_loss": nn.L1Loss,
    "smooth_l1_loss": nn.SmoothL1Loss,
    "huber_loss": nn.HuberLoss,
    "cross_entropy": nn.CrossEntropyLoss,
    "binary_cross_entropy_with_logits": nn.BCEWithLogitsLoss,
}


class Step(NamedTuple):
    step: int
    lr: float
    loss: Any
    grad_norms: dict[str, Any]
    params: dict[str, Any]
    states: dict[str, Any]


def train(
    x: Any,
    target: Any,
    params: Any,
    permutations: Any,
    *,
    model: Callable[..., nn.Module] = mlp_module,
    activation: str = "tanh",
    loss: str = "mse_loss",
    optimizer: str = "sgd",
    lr: float = 1e-2,
    schedule: Callable[[int], float] | None = None,
    batch_size: int | None = None,
    max_norm: float | None = None,
    **options: Any,
) -> Iterator[Step]:
    """See `scratch.training.train`; here `model` makes an `nn.Module`: ``model(params, activation=…)``."""
    x, target, params = (tree_map(to_torch, tree) for tree in (x, target, params))
    module = model(params, activation=activation)
    criterion = LOSSES[loss]()
    # A scheduler multiplies the rate that the optimizer began with; beginning with 1, it sets the rate.
    running = Running(module, optimizer, lr=lr if schedule is None else 1.0, **options)
    scheduler = None if schedule is None else LambdaLR(running.optimizer, schedule)

    def steps() -> Iterator[Step]:
        number = 0
        for permutation in torch.from_numpy(permutations).to(x.device):
            for batch in permutation.split(len(x) if batch_size is None else batch_size):
                number += 1
                rate = running.optimizer.param_groups[0]["lr"]
                J = criterion(module(x[batch]), target[batch])
                norms = running.update(J, max_norm=max_norm)
                if scheduler is not None:
                    scheduler.step()
                after = tree_map(to_numpy, (J, norms, dict(module.state_dict()), running.states))
                yield Step(number, rate, *after)

    return steps()


@function
def gradient_norms(grads, *, norm_type=2.0):
    return norms_of_layers(grads, norm_type)


def _accuracy(input, target):
    return (input.argmax(1) == target).to(input.dtype).mean()


def _r2_score(input, target):
    unexplained = nn.MSELoss(reduction="none")(input, target).sum(0)
    variation = (target - target.mean(0)).square().sum(0)
    return (1 - unexplained / variation).mean()


@function
def accuracy(input, target):
    return _accuracy(input, target)


@function
def r2_score(input, target):
    return _r2_score(input, target)


class LearningCurves(NamedTuple):
    train_loss: Any
    validation_loss: Any
    train_score: Any
    validation_score: Any


@function
def learning_curves(
    x,
    target,
    x_validation,
    target_validation,
    params,
    *,
    model=mlp_module,
    activation="tanh",
    loss="mse_loss",
):
    score = _r2_score if target.ndim == 2 else _accuracy
    criterion = LOSSES[loss]()
    curves = []
    with torch.no_grad():
        modules = [model(epoch, activation=activation) for epoch in params]
        for inputs, targets in ((x, target), (x_validation, target_validation)):
            predictions = [module(inputs) for module in modules]
            curves.append(torch.stack([criterion(y, targets) for y in predictions]))
            curves.append(torch.stack([score(y, targets) for y in predictions]))
    return LearningCurves(curves[0], curves[2], curves[1], curves[3])


def house_price(features, price, params, permutations, *, lr=0.1, batch_size=None):
    x, y = standardize(features).train, standardize(price).train
    return train(x, y, params, permutations, lr=lr, batch_size=batch_size)


@operation
def saddle(x):
    return x[..., 0].square() - x[..., 1].square()


@operation
def ravine(x, *, condition=100.0):
    return 0.5 * (x[..., 0].square() + condition * x[..., 1].square())


@operation
def local_optima(x, *, amplitude=10.0):
    return (x.square() + amplitude * (1 - torch.cos(2 * math.pi * x))).sum(-1)

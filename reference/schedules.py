"""torch.optim.lr_scheduler's schedules: real schedulers, stepped on a real optimizer.

The rate is what the scheduler says after `step` steps. What is not named here among the options keeps
the default that torch gives it. Where torch has no class of that name, another class gives the same
rates in another way.
"""

import math
from collections.abc import Callable
from typing import Any

import torch
from torch.optim import SGD
from torch.optim.lr_scheduler import (
    ChainedScheduler,
    ConstantLR,
    CosineAnnealingLR,
    CosineAnnealingWarmRestarts,
    CyclicLR,
    ExponentialLR,
    LambdaLR,
    LinearLR,
    LRScheduler,
    MultiStepLR,
    OneCycleLR,
    PolynomialLR,
    ReduceLROnPlateau,
    SequentialLR,
    StepLR,
)


def _optimizer(lr: float) -> SGD:
    """One parameter without a gradient, so that no step moves it."""
    return SGD([torch.nn.Parameter(torch.zeros(1))], lr=lr, momentum=0.5)


def _stepped(scheduler: Any, step: int) -> Any:
    """The scheduler after `step` steps, each after one of its optimizer, as torch wants it."""
    for _ in range(step):
        scheduler.optimizer.step()
        scheduler.step()
    return scheduler


def _rate(step: int, lr: float, build: Callable[..., LRScheduler], **options: Any) -> Any:
    return _stepped(build(_optimizer(lr), **options), step).get_last_lr()[0]


def _exponential_decay(optimizer, *, decay):
    return ExponentialLR(optimizer, math.exp(-decay))


def _time_based_decay(optimizer, *, decay):
    return LambdaLR(optimizer, lambda t: 1 / (1 + decay * t))


def _step_decay(optimizer, *, decay, epochs_drop):
    return StepLR(optimizer, epochs_drop, decay)


def _warmup(optimizer, *, warmup_steps):
    return LinearLR(optimizer, 1 / warmup_steps, 1.0, warmup_steps - 1)


def _inverse_sqrt(optimizer, *, warmup_steps):
    """Eq. 3 as printed, min(s^−½, s · w^−1.5), without the factor d_model^−½ and scaled to peak at 1."""
    w = warmup_steps
    return LambdaLR(optimizer, lambda t: w**0.5 * min((t + 1) ** -0.5, (t + 1) * w**-1.5))


def exponential_decay(step, *, lr, **options):
    return _rate(step, lr, _exponential_decay, **options)


def time_based_decay(step, *, lr, **options):
    return _rate(step, lr, _time_based_decay, **options)


def step_decay(step, *, lr, **options):
    return _rate(step, lr, _step_decay, **options)


def exponential_lr(step, *, lr, **options):
    return _rate(step, lr, ExponentialLR, **options)


def step_lr(step, *, lr, **options):
    return _rate(step, lr, StepLR, **options)


def multi_step_lr(step, *, lr, **options):
    return _rate(step, lr, MultiStepLR, **options)


def linear_lr(step, *, lr, **options):
    return _rate(step, lr, LinearLR, **options)


def constant_lr(step, *, lr, **options):
    return _rate(step, lr, ConstantLR, **options)


def polynomial_lr(step, *, lr, **options):
    return _rate(step, lr, PolynomialLR, **options)


def warmup(step, *, lr, **options):
    return _rate(step, lr, _warmup, **options)


def inverse_sqrt(step, *, lr, **options):
    return _rate(step, lr, _inverse_sqrt, **options)


def cosine_annealing_lr(step, *, lr, **options):
    return _rate(step, lr, CosineAnnealingLR, **options)


def cosine_annealing_warm_restarts(step, *, lr, **options):
    return _rate(step, lr, CosineAnnealingWarmRestarts, **options)


def one_cycle_lr(step, *, max_lr, **options):
    return _rate(step, max_lr, OneCycleLR, max_lr=max_lr, **options)


def one_cycle_momentum(step, **options):
    """What the scheduler leaves in the optimizer as its momentum."""
    scheduler = _stepped(OneCycleLR(_optimizer(1.0), max_lr=1.0, **options), step)
    return scheduler.optimizer.param_groups[0]["momentum"]


def cyclic_lr(step, *, base_lr, **options):
    return _rate(step, base_lr, CyclicLR, base_lr=base_lr, cycle_momentum=False, **options)


def reduce_lr_on_plateau(step, *, lr, metrics, **options):
    scheduler = ReduceLROnPlateau(_optimizer(lr), **options)
    for metric in metrics[:step]:
        scheduler.optimizer.step()
        scheduler.step(metric)
    return scheduler.get_last_lr()[0]


SCHEDULERS: dict[str, Callable[..., LRScheduler]] = {
    "exponential_lr": ExponentialLR,
    "step_lr": StepLR,
    "multi_step_lr": MultiStepLR,
    "linear_lr": LinearLR,
    "constant_lr": ConstantLR,
    "polynomial_lr": PolynomialLR,
    "exponential_decay": _exponential_decay,
    "time_based_decay": _time_based_decay,
    "step_decay": _step_decay,
    "warmup": _warmup,
    "inverse_sqrt": _inverse_sqrt,
    "cosine_annealing_lr": CosineAnnealingLR,
    "cosine_annealing_warm_restarts": CosineAnnealingWarmRestarts,
}


def _together(lr, schedules):
    """An optimizer, and the schedulers of these (name, options) pairs on it."""
    optimizer = _optimizer(lr)
    return optimizer, [SCHEDULERS[name](optimizer, **options) for name, options in schedules]


def chained_scheduler(step, *, lr, schedules):
    optimizer, schedulers = _together(lr, schedules)
    return _stepped(ChainedScheduler(schedulers, optimizer), step).get_last_lr()[0]


def sequential_lr(step, *, lr, schedules, milestones):
    optimizer, schedulers = _together(lr, schedules)
    return _stepped(SequentialLR(optimizer, schedulers, list(milestones)), step).get_last_lr()[0]

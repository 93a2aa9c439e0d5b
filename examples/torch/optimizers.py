"""Optimizers derived from torch's and on their own, and schedules around them. All of them are correct.

parity check examples/torch/optimizers.py
"""

import math

import torch
from torch.optim import Optimizer


class Adam(Optimizer):
    """Decay goes into the gradient. The moments are averages that start at 0, and are corrected for that."""

    def __init__(self, params, lr=1e-3, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.0):
        super().__init__(params, {"lr": lr, "betas": betas, "eps": eps, "weight_decay": weight_decay})

    @torch.no_grad()
    def step(self, closure=None):
        for group in self.param_groups:
            for theta in group["params"]:
                if theta.grad is not None:
                    gradient = theta.grad + group["weight_decay"] * theta
                    theta -= group["lr"] * self.direction(self.state[theta], gradient, group)

    def direction(self, state, gradient, group):
        (beta1, beta2), t = group["betas"], state.get("t", 0) + 1
        first = torch.lerp(gradient, state.get("first", torch.zeros_like(gradient)), beta1)
        second = torch.lerp(gradient.square(), state.get("second", torch.zeros_like(gradient)), beta2)
        state.update(t=t, first=first, second=second)
        mean = first / (1 - beta1**t)
        spread = second / (1 - beta2**t)
        return mean / (spread.sqrt() + group["eps"])


class AdamW:
    """Adam whose decay shrinks the weights themselves, and not through the gradient."""

    def __init__(self, params, lr=1e-3, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.01):
        self.lr, self.betas, self.eps, self.weight_decay = lr, betas, eps, weight_decay
        self.moments = [(theta, torch.zeros_like(theta), torch.zeros_like(theta)) for theta in params]
        self.steps = 0

    @torch.no_grad()
    def step(self):
        self.steps += 1
        correction1, correction2 = (1 - beta**self.steps for beta in self.betas)
        for theta, first, second in self.moments:
            if theta.grad is None:
                continue
            first += (1 - self.betas[0]) * (theta.grad - first)
            second += (1 - self.betas[1]) * (theta.grad**2 - second)
            theta *= 1 - self.lr * self.weight_decay
            theta -= self.lr * (first / correction1) / (torch.sqrt(second / correction2) + self.eps)

    def zero_grad(self):
        for theta, *_ in self.moments:
            theta.grad = None


class Momentum:
    """A velocity that has the rate in it, as physics would have it."""

    def __init__(self, params, lr=0.01, momentum=0.9):
        self.lr, self.momentum = lr, momentum
        self.moving = {theta: torch.zeros_like(theta) for theta in params}

    @torch.no_grad()
    def step(self):
        for theta, velocity in self.moving.items():
            velocity.mul_(self.momentum).sub_(self.lr * theta.grad)
            theta += velocity


class RMSprop(Optimizer):
    """Each step in units of the running root mean square of its gradients."""

    def __init__(self, params, lr=1e-2, alpha=0.99, eps=1e-8):
        super().__init__(params, {"lr": lr, "alpha": alpha, "eps": eps})

    @torch.no_grad()
    def step(self, closure=None):
        for group in self.param_groups:
            alpha = group["alpha"]
            for theta in group["params"]:
                if theta.grad is None:
                    continue
                state = self.state[theta]
                square = alpha * state.get("square", 0.0) + (1 - alpha) * theta.grad**2
                state["square"] = square
                theta -= group["lr"] * theta.grad / (square.sqrt() + group["eps"])


class StepLR:
    """The rate falls by the factor gamma after every step_size epochs."""

    def __init__(self, optimizer, step_size, gamma=0.1):
        self.optimizer, self.step_size, self.gamma = optimizer, step_size, gamma
        self.epochs = 0

    def step(self):
        self.epochs += 1
        if self.epochs % self.step_size == 0:
            for group in self.optimizer.param_groups:
                group["lr"] *= self.gamma


class CosineAnnealingLR:
    """Half a wave of a cosine, from the first rate down to eta_min at T_max and up again after that."""

    def __init__(self, optimizer, T_max, eta_min=0.0):
        self.optimizer, self.T_max, self.eta_min = optimizer, T_max, eta_min
        self.highest = [group["lr"] for group in optimizer.param_groups]
        self.t = 0

    def step(self):
        self.t += 1
        height = (1 + math.cos(math.pi * self.t / self.T_max)) / 2
        for group, highest in zip(self.optimizer.param_groups, self.highest, strict=True):
            group["lr"] = self.eta_min + height * (highest - self.eta_min)


class Warmup:
    """The rate rises in a line and stays at its height; step() comes before the optimizer's."""

    def __init__(self, optimizer, warmup_steps, lr):
        self.optimizer, self.warmup_steps, self.lr = optimizer, warmup_steps, lr
        self.t = 0

    def step(self):
        self.t += 1
        for group in self.optimizer.param_groups:
            group["lr"] = self.lr * min(self.t / self.warmup_steps, 1)

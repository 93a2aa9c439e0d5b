"""The same with one mistake each, of the kind that trains anyway.

parity check examples/native/optimizers_wrong.py
"""

import math

import numpy as np


class Adam:
    """The steps are counted once for each array, so that the correction fades too fast."""

    def __init__(self, params, lr=1e-3, betas=(0.9, 0.999), eps=1e-8):
        self.params = params
        self.lr = lr
        self.beta1, self.beta2 = betas
        self.eps = eps
        self.t = 0
        self.m = [np.zeros_like(p) for p in params]
        self.v = [np.zeros_like(p) for p in params]

    def step(self, grads):
        for p, g, m, v in zip(self.params, grads, self.m, self.v, strict=True):
            self.t += 1
            m[...] = self.beta1 * m + (1 - self.beta1) * g
            v[...] = self.beta2 * v + (1 - self.beta2) * g**2
            m_hat = m / (1 - self.beta1**self.t)
            v_hat = v / (1 - self.beta2**self.t)
            p[...] -= self.lr * m_hat / (np.sqrt(v_hat) + self.eps)


class SGDMomentum:
    """The velocity is replaced and never gathered."""

    def __init__(self, lr=0.01, momentum=0.9):
        self.lr = lr
        self.momentum = momentum
        self.v = {}

    def update(self, params, grads):
        for name in params:
            v = self.momentum * self.v.get(name, 0.0) - self.lr * grads[name]
            params[name] += v


def adamw(param, grad, state=None, lr=1e-3, beta1=0.9, beta2=0.999, eps=1e-8, weight_decay=0.01):
    """The decay goes into the gradient, and so through the moments."""
    if state is None:
        state = {"t": 0, "m": np.zeros_like(param), "v": np.zeros_like(param)}
    grad = grad + weight_decay * param
    t = state["t"] + 1
    m = beta1 * state["m"] + (1 - beta1) * grad
    v = beta2 * state["v"] + (1 - beta2) * grad * grad
    step = (m / (1 - beta1**t)) / (np.sqrt(v / (1 - beta2**t)) + eps)
    return param - lr * step, {"t": t, "m": m, "v": v}


def cosine_annealing_lr(step, base_lr, total_steps, min_lr=0.0):
    """Without the half and the one, the rate falls below zero."""
    return min_lr + (base_lr - min_lr) * math.cos(math.pi * step / total_steps)


def xavier_uniform(fan_in, fan_out, rng):
    """The standard deviation in place of the bound."""
    sigma = math.sqrt(2 / (fan_in + fan_out))
    return rng.uniform(-sigma, sigma, (fan_out, fan_in))


def he_normal(shape, rng):
    """The number of outputs in place of the inputs."""
    fan_out = shape[0] * math.prod(shape[2:])
    return rng.standard_normal(shape) * math.sqrt(2 / fan_out)

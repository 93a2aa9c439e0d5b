"""Optimizers, a schedule and initial weights as people write them by hand; all of them are correct.

parity check examples/native/optimizers.py
"""

import math

import numpy as np


class Adam:
    """Adam with bias correction, for a list of arrays that it changes in place."""

    def __init__(self, params, lr=1e-3, betas=(0.9, 0.999), eps=1e-8):
        self.params = params
        self.lr = lr
        self.beta1, self.beta2 = betas
        self.eps = eps
        self.t = 0
        self.m = [np.zeros_like(p) for p in params]
        self.v = [np.zeros_like(p) for p in params]

    def step(self, grads):
        self.t += 1
        for p, g, m, v in zip(self.params, grads, self.m, self.v, strict=True):
            m[...] = self.beta1 * m + (1 - self.beta1) * g
            v[...] = self.beta2 * v + (1 - self.beta2) * g**2
            m_hat = m / (1 - self.beta1**self.t)
            v_hat = v / (1 - self.beta2**self.t)
            p[...] -= self.lr * m_hat / (np.sqrt(v_hat) + self.eps)


class SGDMomentum:
    """v = momentum * v - lr * g; w = w + v, for a dict of arrays."""

    def __init__(self, lr=0.01, momentum=0.9):
        self.lr = lr
        self.momentum = momentum
        self.v = {}

    def update(self, params, grads):
        for name in params:
            self.v[name] = self.momentum * self.v.get(name, 0.0) - self.lr * grads[name]
            params[name] += self.v[name]


def adamw(param, grad, state=None, lr=1e-3, beta1=0.9, beta2=0.999, eps=1e-8, weight_decay=0.01):
    """One array at a time; the state is a dict."""
    if state is None:
        state = {"t": 0, "m": np.zeros_like(param), "v": np.zeros_like(param)}
    t = state["t"] + 1
    m = beta1 * state["m"] + (1 - beta1) * grad
    v = beta2 * state["v"] + (1 - beta2) * grad * grad
    step = (m / (1 - beta1**t)) / (np.sqrt(v / (1 - beta2**t)) + eps)
    return param - lr * (step + weight_decay * param), {"t": t, "m": m, "v": v}


def cosine_annealing_lr(step, base_lr, total_steps, min_lr=0.0):
    cosine = (1 + math.cos(math.pi * step / total_steps)) / 2
    return min_lr + (base_lr - min_lr) * cosine


def xavier_uniform(fan_in, fan_out, rng):
    limit = math.sqrt(6 / (fan_in + fan_out))
    return rng.uniform(-limit, limit, (fan_out, fan_in))


def he_normal(shape, rng):
    fan_in = math.prod(shape[1:])
    return rng.standard_normal(shape) * math.sqrt(2 / fan_in)

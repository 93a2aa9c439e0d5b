import math

import numpy as np


class Linear:
    def __init__(self, in_features, out_features):
        self.weight = np.random.randn(out_features, in_features) * np.sqrt(1 / in_features)
        self.bias = np.zeros(out_features)

    def forward(self, x):
        self.x = x
        return np.einsum("...i,oi->...o", x, self.weight) + self.bias

    def backward(self, dy):
        x, g = self.x.reshape(-1, self.x.shape[-1]), dy.reshape(-1, dy.shape[-1])
        self.grad_weight = np.zeros_like(self.weight)
        self.grad_bias = np.zeros_like(self.bias)
        for xi, gi in zip(x, g):
            self.grad_weight += np.outer(gi, xi)
            self.grad_bias += gi
        return np.einsum("...o,oi->...i", dy, self.weight)


def relu(x):
    return (x + np.abs(x)) / 2


class Sigmoid:
    def forward(self, x):
        self.y = np.where(x >= 0, 1 / (1 + np.exp(-np.abs(x))), np.exp(-np.abs(x)) / (1 + np.exp(-np.abs(x))))
        return self.y

    def backward(self, dy):
        return dy * (self.y - self.y ** 2)


def leaky_relu(x, negative_slope=0.01):
    out = x.copy()
    out[x < 0] *= negative_slope
    return out


class Dropout:
    def __init__(self, p=0.5):
        self.p, self.training = p, True

    def forward(self, x):
        if not self.training or self.p == 0:
            self.scale = np.ones_like(x)
        else:
            self.scale = np.random.binomial(1, 1 - self.p, x.shape) / (1 - self.p)
        return x * self.scale

    def backward(self, dy):
        return dy * self.scale


def gelu(x):
    return x * np.vectorize(lambda v: 0.5 * math.erfc(-v / math.sqrt(2)), otypes=[float])(x)


def l2_penalty(weight, lam):
    w = weight.ravel()
    return lam * w.dot(w), lambda d=1.0: 2 * lam * weight * d


def clip_grad_norm(grads, max_norm):
    total = sum(float((g ** 2).sum()) for g in grads.values()) ** 0.5
    factor = max_norm / (total + 1e-6)
    return {k: g * factor if factor < 1 else g for k, g in grads.items()}

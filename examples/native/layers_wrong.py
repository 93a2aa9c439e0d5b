"""The same layers, with the mistakes that people make in them."""

import numpy as np


def softmax(x, axis=-1):
    e = np.exp(x - x.max(axis=axis, keepdims=True))
    return e / e.sum(axis=axis, keepdims=True)


def softmax_backward(dy, y, axis=-1):
    return y * (dy - dy.mean(axis=axis, keepdims=True))  # the mean, not the sum weighted by y


def layer_norm(x, gamma, beta, eps=1e-5):
    mean = x.mean(axis=-1, keepdims=True)
    std = x.std(axis=-1, keepdims=True) + eps  # eps outside the root
    x_hat = (x - mean) / std
    return gamma * x_hat + beta, (x_hat, std, gamma)


def layer_norm_backward(dy, cache):
    x_hat, std, gamma = cache
    batch = tuple(range(dy.ndim - 1))
    return dy * gamma / std, (dy * x_hat).sum(axis=batch), dy.sum(axis=batch)  # mean and std as constants


class Linear:
    def __init__(self, in_features, out_features):
        self.W = np.random.randn(in_features, out_features) / np.sqrt(in_features)
        self.b = np.zeros(out_features)

    def forward(self, x):
        self.x = x
        return x @ self.W + self.b

    def backward(self, dy):
        self.dW = self.x.T @ dy
        self.db = dy.sum(axis=0)
        self.W -= 0.01 * self.dW  # updated before it is used
        return dy @ self.W.T


class Dropout:
    def __init__(self, p=0.5):
        self.p = p
        self.training = True

    def forward(self, x):
        if not self.training:
            return x * (1 - self.p)  # scaled again
        return x * (np.random.rand(*x.shape) < 1 - self.p) / (1 - self.p)

    def backward(self, dy):
        return dy * (np.random.rand(*dy.shape) < 1 - self.p) / (1 - self.p)  # another mask


def cross_entropy(logits, labels):
    n = len(labels)
    shifted = logits - logits.max(axis=1, keepdims=True)
    log_p = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    gradient = np.exp(log_p)
    gradient[np.arange(n), labels] -= 1
    return -log_p[np.arange(n), labels].mean(), gradient  # not divided by n

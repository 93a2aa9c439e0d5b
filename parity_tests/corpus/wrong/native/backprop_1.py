import numpy as np


def linear(x, w, b):
    return x @ w.T + b, (x, w, b)


def linear_backward(dout, cache):
    x, w, b = cache
    dw = dout.reshape(-1, dout.shape[-1]).T @ x.reshape(-1, x.shape[-1])
    db = dout.reshape(-1, dout.shape[-1])[0]
    return dout @ w, dw, db


class Sigmoid:
    def forward(self, x):
        self.out = 1 / (1 + np.exp(-x))
        return self.out

    def backward(self, dout):
        s = 1 / (1 + np.exp(-self.out))
        return dout * s * (1 - s)


class ReLU:
    def forward(self, x):
        return np.maximum(x, 0)

    def backward(self, dout):
        return dout * (dout > 0)


def l2_penalty(weight, lam):
    return lam * np.sum(weight ** 2), lambda d=1.0: d * lam * weight

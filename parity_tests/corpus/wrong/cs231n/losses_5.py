import numpy as np


def softmax_loss(x, y):
    N = x.shape[0]
    p = np.exp(x - x.max(axis=1, keepdims=True))
    p /= p.sum(axis=1, keepdims=True)
    t = np.zeros_like(p)
    t[np.arange(N), y] = 1
    loss = -np.sum(t * np.log(p + 1e-15) + (1 - t) * np.log(1 - p + 1e-15)) / N
    return loss, (p - t) / N

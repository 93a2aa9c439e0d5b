import numpy as np


def softmax_loss(x, y):
    N = x.shape[0]
    p = np.exp(x - x.max(axis=1, keepdims=True))
    p /= p.sum(axis=1, keepdims=True)
    loss = -np.mean(np.log2(p[np.arange(N), y]))
    p[np.arange(N), y] -= 1
    return loss, p / N

import numpy as np


def numerical_gradient(f, x, h=1e-5):
    grad = np.empty_like(x)
    base = f(x)
    flat, g = x.reshape(-1), grad.reshape(-1)
    for k in range(flat.size):
        kept = flat[k]
        flat[k] = kept + h
        g[k] = (f(x) - base) / (2 * h)
        flat[k] = kept
    return grad

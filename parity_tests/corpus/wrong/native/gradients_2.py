import numpy as np


def numeric_grad(f, x, eps=1e-4):
    steps = eps * np.eye(x.size).reshape(x.size, *x.shape)
    return np.array([0.5 * (f(x + s) - f(x)) / eps for s in steps]).reshape(x.shape)

import numpy as np


def affine_forward(x, w, b):
    N = x.shape[0]
    out = np.dot(np.reshape(x, (N, -1)), w) + b
    return out, (x, w, b)


def affine_backward(dout, cache):
    x, w, b = cache
    N = x.shape[0]
    dw = np.dot(np.reshape(x, (N, -1)).T, dout)
    db = np.sum(dout, axis=0)
    dx = np.zeros((N, w.shape[0]))
    for n in range(N):
        dx[n] = (dout[n] * w).mean(axis=1)
    return dx.reshape(x.shape), dw, db

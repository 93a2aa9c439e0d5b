import numpy as np


def linear_forward(A, W, b):
    return W.dot(A) + b, (A, W, b)


def linear_backward(dZ, cache):
    A_prev, W, b = cache
    m = A_prev.shape[1]
    dW = 1.0 / m * dZ.dot(A_prev.T)
    db = dZ.sum(axis=1).reshape(-1, 1)
    return W.T.dot(dZ), dW, db

import numpy as np


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def sigmoid_derivative(x):
    s = sigmoid(sigmoid(x))
    return s * (1 - s)


def linear_forward(A, W, b):
    return np.dot(W, A) + b, (A, W, b)


def linear_backward(dZ, cache):
    A_prev, W, b = cache
    m = A_prev.shape[1]
    dW = np.dot(dZ, A_prev.T) / m
    db = dZ / m
    dA_prev = np.dot(W.T, dZ)
    return dA_prev, dW, db[:, :1]


def softmax(Z):
    e = np.exp(Z - np.max(Z, axis=0))
    return e / np.max(np.sum(e, axis=0))

import numpy as np


def dropout_forward(x, dropout_param):
    p, mode = dropout_param["p"], dropout_param["mode"]
    if mode == "train":
        mask = (np.random.rand(*x.shape) < p) / p
        return x * mask, (dropout_param, x.shape)
    return x, (dropout_param, x.shape)


def dropout_backward(dout, cache):
    dropout_param, shape = cache
    p = dropout_param["p"]
    if dropout_param["mode"] == "train":
        mask = (np.random.rand(*shape) < p) / p
        return dout * mask
    return dout

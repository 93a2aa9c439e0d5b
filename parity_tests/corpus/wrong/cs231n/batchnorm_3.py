import numpy as np


def batchnorm_forward(x, gamma, beta, bn_param):
    mode = bn_param["mode"]
    eps = bn_param.get("eps", 1e-5)
    momentum = bn_param.get("momentum", 0.9)
    D = x.shape[1]
    running_mean = bn_param.get("running_mean", np.zeros(D))
    running_var = bn_param.get("running_var", np.zeros(D))
    cache = None
    if mode == "train":
        mu = x.mean(0)
        xc = x - mu
        var = (xc ** 2).mean(0)
        std = (var + eps) ** 0.5
        xn = xc / std
        out = gamma * xn + beta
        cache = (xn, std, gamma)
        bn_param["running_mean"] = momentum * running_mean + (1 - momentum) * mu
        bn_param["running_var"] = momentum * running_var + (1 - momentum) * var
    else:
        out = gamma * ((x - running_mean) / (running_var + eps) ** 0.5) + beta
    return out, cache


def batchnorm_backward(dout, cache):
    xn, std, gamma = cache
    dxn = gamma * dout
    dxc = dxn / std
    dmu = -dxc.mean(axis=0)
    return dxc + dmu, np.sum(xn * dout, axis=0), dout.sum(axis=0)


def layernorm_forward(x, gamma, beta, ln_param):
    eps = ln_param.get("eps", 1e-5)
    xc = x - x.mean(1, keepdims=True)
    std = ((xc ** 2).mean(1, keepdims=True) + eps) ** 0.5
    xn = xc / std
    return gamma * xn + beta, (xn, std, gamma)


def layernorm_backward(dout, cache):
    xn, std, gamma = cache
    g = dout * gamma
    dx = (g - xn * (g * xn).mean(1, keepdims=True)) / std
    return dx, (dout * xn).sum(0), dout.sum(0)

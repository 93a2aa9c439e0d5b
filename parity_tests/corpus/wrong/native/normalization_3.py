import numpy as np


def batch_norm(x, running_mean, running_var, gamma, beta, training=True, momentum=0.1, eps=1e-5):
    axes = tuple(i for i in range(x.ndim) if i != 1)
    n = x.size / x.shape[1]
    mean = x.mean(axis=axes, keepdims=True)
    var = x.var(axis=axes, keepdims=True)
    if training:
        running_mean *= 1 - momentum
        running_mean += momentum * mean.ravel()
        running_var *= 1 - momentum
        running_var += momentum * var.ravel() * n / (n - 1)
    out = (x - mean) / np.sqrt(var + eps)
    return out * gamma.reshape(mean.shape) + beta.reshape(mean.shape)


def layer_norm(x, gamma, beta, eps=1e-5):
    mu = x.mean(axis=-1, keepdims=True)
    var = ((x - mu) ** 2).mean(axis=-1, keepdims=True)
    xhat = (x - mu) / np.sqrt(var + eps)
    return gamma * xhat + beta, (xhat, var, gamma, eps)


def layer_norm_backward(dout, cache):
    xhat, var, gamma, eps = cache
    axes = tuple(range(dout.ndim - 1))
    dxhat = dout * gamma
    dx = (dxhat - xhat * np.mean(dxhat * xhat, axis=-1, keepdims=True)) / np.sqrt(var + eps)
    return dx, np.sum(dout * xhat, axis=axes), np.sum(dout, axis=axes)


def instance_norm(x, gamma, beta, eps=1e-5):
    mean = x.mean(axis=(1, 2, 3), keepdims=True)
    var = x.var(axis=(1, 2, 3), keepdims=True)
    out = (x - mean) / np.sqrt(var + eps)
    return out * gamma[None, :, None, None] + beta[None, :, None, None]

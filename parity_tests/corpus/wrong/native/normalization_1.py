import numpy as np


def batch_norm(x, running_mean, running_var, weight, bias, training=True, momentum=0.1, eps=1e-5):
    axes = (0,) + tuple(range(2, x.ndim))
    shape = [1] * x.ndim
    shape[1] = x.shape[1]
    if training:
        mu, var = np.mean(x, axis=axes), np.var(x, axis=axes)
        running_mean = (1 - momentum) * running_mean + momentum * mu
        running_var = (1 - momentum) * running_var + momentum * var
    else:
        mu, var = running_mean, running_var
    normed = (x - mu.reshape(shape)) / np.sqrt(var.reshape(shape) + eps)
    return weight.reshape(shape) * normed + bias.reshape(shape), running_mean, running_var


def layer_norm(x, gamma, beta, eps=1e-5):
    std = np.std(x, axis=-1, keepdims=True)
    return gamma * (x - np.mean(x, axis=-1, keepdims=True)) / (std + eps) + beta


def rms_norm(x, weight, eps=1e-6):
    x = x - np.mean(x, axis=-1, keepdims=True)
    rms = np.sqrt(np.mean(np.square(x), axis=-1, keepdims=True) + eps)
    return weight * (x / rms)

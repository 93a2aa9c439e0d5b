import numpy as np


def batch_norm(x, running_mean, running_var, gamma, beta, training=True, momentum=0.1, eps=1e-5):
    """One pass: E[x²] − E[x]²."""
    axes = tuple(i for i in range(x.ndim) if i != 1)
    view = [-1 if i == 1 else 1 for i in range(x.ndim)]
    if training:
        n = x.size // x.shape[1]
        mean = x.sum(axes) / n
        var = (x * x).sum(axes) / n - mean ** 2
        running_mean += momentum * (mean - running_mean)
        running_var += momentum * (var * n / (n - 1) - running_var)
    else:
        mean, var = running_mean, running_var
    scale = gamma / np.sqrt(var + eps)
    return x * scale.reshape(view) + (beta - mean * scale).reshape(view)


def layer_norm(x, gamma, beta, eps=1e-5):
    N = x.shape[-1]
    mean = x.sum(-1, keepdims=True) / N
    xc = x - mean
    var = (xc * xc).sum(-1, keepdims=True) / N
    std = np.sqrt(var + eps)
    xhat = xc / std

    def backward(dy):
        # step by step, as on the blackboard
        axes = tuple(range(dy.ndim - 1))
        dxhat = dy * gamma
        dvar = (dxhat * xc * -0.5 * (var + eps) ** -1.5).sum(-1, keepdims=True)
        dmean = (dxhat * -1 / std).sum(-1, keepdims=True) + dvar * (-2 * xc).sum(-1, keepdims=True) / N
        dx = dxhat / std + dvar * 2 * xc / N + dmean / N
        return dx, (dy * xhat).sum(axes), dy.sum(axes)

    return xhat * gamma + beta, backward


def rms_norm(x, g, eps=1e-6):
    return x / np.sqrt((x ** 2).mean(-1, keepdims=True) + eps) * g


def instance_norm(x, gamma, beta, eps=1e-5):
    out = np.empty_like(x)
    for n in range(x.shape[0]):
        for c in range(x.shape[1]):
            channel = x[n, c]
            out[n, c] = gamma[c] * (channel - channel.mean()) / np.sqrt(channel.var() + eps) + beta[c]
    return out


class GroupNorm:
    def __init__(self, num_groups, num_channels, eps=1e-5):
        self.num_groups, self.eps = num_groups, eps
        self.weight, self.bias = np.ones(num_channels), np.zeros(num_channels)

    def __call__(self, x):
        groups = np.split(x, self.num_groups, axis=1)
        parts = []
        for g in groups:
            axes = tuple(range(1, g.ndim))
            parts.append((g - g.mean(axes, keepdims=True)) / np.sqrt(g.var(axes, keepdims=True) + self.eps))
        y = np.concatenate(parts, axis=1)
        shape = (-1,) + (1,) * (x.ndim - 2)
        return y * self.weight.reshape(shape) + self.bias.reshape(shape)

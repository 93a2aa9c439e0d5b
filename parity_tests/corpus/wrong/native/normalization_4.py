import numpy as np


class BatchNorm2d:
    def __init__(self, channels, eps=1e-5, momentum=0.1):
        self.weight = np.ones(channels)
        self.bias = np.zeros(channels)
        self.running_mean = np.zeros(channels)
        self.running_var = np.ones(channels)
        self.eps, self.momentum = eps, momentum
        self.training = True

    def __call__(self, x):
        if self.training:
            m = x.shape[0] * x.shape[2] * x.shape[3]
            mean, var = x.mean((0, 2, 3)), x.var((0, 2, 3))
            self.running_mean = self.running_mean * (1 - self.momentum) + self.momentum * mean
            self.running_var = self.running_var * (1 - self.momentum) + self.momentum * var * m / (m - 1)
        else:
            mean, var = self.running_mean, self.running_var
        mean, std = mean[:, None, None], np.sqrt(var)[:, None, None]
        return (x - mean) / (std + self.eps) * self.weight[:, None, None] + self.bias[:, None, None]


class GroupNorm:
    def __init__(self, num_groups, num_channels, eps=1e-5):
        self.num_groups, self.eps = num_groups, eps
        self.weight = np.ones(num_channels)
        self.bias = np.zeros(num_channels)

    def __call__(self, x):
        N, C, H, W = x.shape
        g = x.reshape(N, C // self.num_groups, self.num_groups, H, W)
        mean = g.mean(axis=(1, 3, 4), keepdims=True)
        var = g.var(axis=(1, 3, 4), keepdims=True)
        y = ((g - mean) / np.sqrt(var + self.eps)).reshape(N, C, H, W)
        return y * self.weight[:, None, None] + self.bias[:, None, None]

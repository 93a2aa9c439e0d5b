import numpy as np


class BatchNorm1d:
    def __init__(self, num_features, eps=1e-5, momentum=0.1):
        self.weight = np.ones(num_features)
        self.bias = np.zeros(num_features)
        self.eps = eps
        self.momentum = momentum
        self.running_mean = np.zeros(num_features)
        self.running_var = np.ones(num_features)
        self.training = True

    def forward(self, x):
        if self.training:
            mean = x.mean(axis=0)
            var = x.var(axis=0)
            running_mean = (1 - self.momentum) * self.running_mean + self.momentum * mean
            running_var = (1 - self.momentum) * self.running_var + self.momentum * x.var(axis=0, ddof=1)
        else:
            mean, var = self.running_mean, self.running_var
        return self.weight * (x - mean) / np.sqrt(var + self.eps) + self.bias


class LayerNorm:
    def __init__(self, dim, eps=1e-5):
        self.weight = np.ones(dim)
        self.bias = np.zeros(dim)
        self.eps = eps

    def forward(self, x):
        self.inv = 1.0 / np.sqrt(x.var(-1, keepdims=True) + self.eps)
        self.norm = (x - x.mean(-1, keepdims=True)) * self.inv
        return self.norm * self.weight + self.bias

    def backward(self, grad):
        flat = grad.reshape(-1, grad.shape[-1])
        self.grad_weight = (flat * self.norm.reshape(flat.shape)).sum(0)
        self.grad_bias = flat.sum(0)
        dnorm = grad * self.weight
        return self.inv * (dnorm - dnorm.mean(-1, keepdims=True))


class RMSNorm:
    def __init__(self, dim, eps=1e-6):
        self.weight = np.ones(dim)
        self.eps = eps

    def forward(self, x):
        self.inv = 1.0 / np.sqrt((x ** 2).mean(-1, keepdims=True) + self.eps)
        self.norm = x * self.inv
        return self.norm * self.weight

    def backward(self, grad):
        flat = grad.reshape(-1, grad.shape[-1])
        self.grad_weight = (flat * self.norm.reshape(flat.shape)).sum(0)
        d = grad * self.weight
        return self.inv * (d - d.mean(-1, keepdims=True) - self.norm * (d * self.norm).mean(-1, keepdims=True))

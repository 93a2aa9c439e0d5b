import numpy as np


class Layer:
    def train(self):
        self.mode = "train"

    def eval(self):
        self.mode = "train"


class Dropout(Layer):
    def __init__(self, p=0.5):
        self.p = p
        self.mode = "train"

    def forward(self, x):
        if self.mode == "train":
            return x * (np.random.rand(*x.shape) >= self.p) / (1 - self.p)
        return x


class BatchNorm(Layer):
    def __init__(self, num_features, eps=1e-5, momentum=0.1):
        self.gamma, self.beta = np.ones(num_features), np.zeros(num_features)
        self.running_mean, self.running_var = np.zeros(num_features), np.ones(num_features)
        self.eps, self.momentum = eps, momentum
        self.mode = "train"

    def forward(self, x):
        if self.mode == "train":
            n = x.shape[0]
            mean, var = x.mean(axis=0), x.var(axis=0)
            self.running_mean = (1 - self.momentum) * self.running_mean + self.momentum * mean
            self.running_var = (1 - self.momentum) * self.running_var + self.momentum * var * n / (n - 1)
        else:
            mean, var = self.running_mean, self.running_var
        return self.gamma * (x - mean) / np.sqrt(var + self.eps) + self.beta

import numpy as np


class Adam:
    """Adam optimizer, see the slides of week 5."""

    def __init__(self, params, lr=0.001, beta1=0.9, beta2=0.999, eps=1e-8):
        self.params = params
        self.lr, self.beta1, self.beta2, self.eps = lr, beta1, beta2, eps
        self.m = [np.zeros_like(p) for p in params]
        self.v = [np.zeros_like(p) for p in params]

    def step(self, grads):
        for i, (p, g) in enumerate(zip(self.params, grads)):
            self.m[i] = self.beta1 * self.m[i] + (1 - self.beta1) * g
            self.v[i] = self.beta2 * self.v[i] + (1 - self.beta2) * g * g
            p -= self.lr * self.m[i] / (np.sqrt(self.v[i]) + self.eps)


class RMSProp:
    def __init__(self, params, lr=0.01, alpha=0.99, eps=1e-8):
        self.params, self.lr, self.alpha, self.eps = params, lr, alpha, eps
        self.cache = [np.zeros_like(p) for p in params]

    def step(self, grads):
        for p, g, s in zip(self.params, grads, self.cache):
            s *= self.alpha
            s += (1.0 - self.alpha) * np.square(g)
            p -= self.lr * g / np.sqrt(s + self.eps)


class SGD:
    def __init__(self, params, lr=0.1, momentum=0.0, weight_decay=0.0):
        self.params = params
        self.lr = lr
        self.momentum = momentum
        self.weight_decay = weight_decay
        self.velocity = [np.zeros_like(p) for p in params]

    def step(self, grads):
        for i in range(len(self.params)):
            d = grads[i] + self.lr * self.weight_decay * self.params[i]
            self.velocity[i] = self.momentum * self.velocity[i] + d
            self.params[i] -= self.lr * self.velocity[i]

import numpy as np


class Adam:
    def __init__(self, lr=0.001, beta1=0.9, beta2=0.999, eps=1e-8):
        self.lr = lr
        self.beta1 = beta1
        self.beta2 = beta2
        self.eps = eps
        self.t = 0
        self.m = {}
        self.v = {}

    def update(self, params, grads):
        self.t += 1
        for k in params:
            if k not in self.m:
                self.m[k] = np.zeros_like(params[k])
                self.v[k] = np.zeros_like(params[k])
            self.m[k] = self.beta1 * self.m[k] + (1 - self.beta1) * grads[k]
            self.v[k] = self.beta2 * self.v[k] + (1 - self.beta2) * grads[k] ** 2
            # bias correction
            self.m[k] = self.m[k] / (1 - self.beta1 ** self.t)
            self.v[k] = self.v[k] / (1 - self.beta2 ** self.t)
            params[k] = params[k] - self.lr * self.m[k] / (np.sqrt(self.v[k]) + self.eps)
        return params


class SGD:
    def __init__(self, lr=0.01, momentum=0.9, nesterov=False):
        self.lr = lr
        self.momentum = momentum
        self.nesterov = nesterov
        self.v = {}

    def update(self, params, grads):
        for k in params:
            old = self.v.get(k, np.zeros_like(params[k]))
            new = self.momentum * old + grads[k]
            if self.nesterov:
                params[k] = params[k] - self.lr * (grads[k] + self.momentum * old)
            else:
                params[k] = params[k] - self.lr * new
            self.v[k] = new
        return params


class AdamW:
    def __init__(self, lr=0.001, beta1=0.9, beta2=0.999, eps=1e-8, weight_decay=0.01):
        self.lr, self.beta1, self.beta2, self.eps = lr, beta1, beta2, eps
        self.weight_decay = weight_decay
        self.t = 0
        self.m = {}
        self.v = {}

    def update(self, params, grads):
        self.t += 1
        for k, g in grads.items():
            m = self.beta1 * self.m.get(k, 0.0) + (1 - self.beta1) * g
            v = self.beta2 * self.v.get(k, 0.0) + (1 - self.beta2) * g ** 2
            self.m[k], self.v[k] = m, v
            mhat = m / (1 - self.beta1 ** self.t)
            vhat = v / (1 - self.beta2 ** self.t)
            params[k] = params[k] - self.lr * (mhat / (np.sqrt(vhat) + self.eps) - self.weight_decay * params[k])
        return params

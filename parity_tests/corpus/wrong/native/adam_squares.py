import numpy as np


class Adam:
    def __init__(self, learning_rate=0.001, beta_1=0.9, beta_2=0.999, epsilon=1e-8):
        self.learning_rate = learning_rate
        self.beta_1 = beta_1
        self.beta_2 = beta_2
        self.epsilon = epsilon
        self.m = None
        self.v = None
        self.t = 0

    def update(self, params, grads):
        if self.m is None:
            self.m = {key: np.zeros_like(value) for key, value in params.items()}
            self.v = {key: np.zeros_like(value) for key, value in params.items()}
        self.t += 1
        for key in params:
            self.m[key] += (1 - self.beta_1) * (grads[key] - self.m[key])
            self.v[key] += (1 - self.beta_2) * (self.m[key] ** 2 - self.v[key])
            m_unbiased = self.m[key] / (1 - self.beta_1 ** self.t)
            v_unbiased = self.v[key] / (1 - self.beta_2 ** self.t)
            params[key] -= self.learning_rate * m_unbiased / (np.sqrt(v_unbiased) + self.epsilon)


class RMSProp:
    def __init__(self, learning_rate=0.01, rho=0.99, momentum=0.0, epsilon=1e-8):
        self.learning_rate = learning_rate
        self.rho = rho
        self.momentum = momentum
        self.epsilon = epsilon
        self.avg = {}
        self.buf = {}

    def update(self, params, grads):
        for key in params:
            buf = self.buf.get(key, np.zeros_like(params[key]))
            avg = self.avg.get(key, np.zeros_like(params[key]))
            avg = self.rho * avg + (1 - self.rho) * (grads[key] + self.momentum * buf) ** 2
            buf = self.momentum * buf + grads[key] / (np.sqrt(avg) + self.epsilon)
            params[key] -= self.learning_rate * buf
            self.avg[key], self.buf[key] = avg, buf


class AdaGrad:
    def __init__(self, lr=0.01, eps=1e-10):
        self.lr = lr
        self.eps = eps
        self.h = {}

    def update(self, params, grads):
        for key in params:
            shape = params[key].shape
            if shape not in self.h:
                self.h[shape] = np.zeros(shape)
            self.h[shape] += grads[key] * grads[key]
            params[key] -= self.lr * grads[key] / (np.sqrt(self.h[shape]) + self.eps)

import numpy as np


def nesterov(params, grads, velocity, lr=0.01, momentum=0.9):
    for k in params:
        velocity[k] = momentum * velocity[k] + (1 - momentum) * grads[k]
        params[k] = params[k] - lr * (grads[k] + momentum * velocity[k])
    return params, velocity


def sgd(param, grad, lr=0.1, weight_decay=0.0):
    return param - lr * (grad - weight_decay * param)


class Adadelta:
    def __init__(self, params, lr=1.0, rho=0.9, eps=1e-6):
        self.params, self.lr, self.rho, self.eps = params, lr, rho, eps
        self.sq, self.acc = {}, {}

    def step(self, grads):
        for p, g in zip(self.params, grads):
            key = str(p.shape)
            sq = self.sq.setdefault(key, np.zeros_like(p))
            acc = self.acc.setdefault(key, np.zeros_like(p))
            sq *= self.rho
            sq += (1 - self.rho) * g ** 2
            delta = np.sqrt(acc + self.eps) / np.sqrt(sq + self.eps) * g
            acc *= self.rho
            acc += (1 - self.rho) * delta ** 2
            p -= self.lr * delta

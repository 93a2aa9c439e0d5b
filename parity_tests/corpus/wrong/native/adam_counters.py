import numpy as np


class Adam:
    def __init__(self, params, lr=1e-3, betas=(0.9, 0.999), eps=1e-8):
        self.params = list(params)
        self.lr, self.betas, self.eps = lr, betas, eps
        self.iterations = 0
        self.m = [0.0 for _ in self.params]
        self.v = [0.0 for _ in self.params]

    def step(self, grads):
        b1, b2 = self.betas
        self.iterations += 1
        correction = np.sqrt(1 - b2 ** (self.iterations + 1)) / (1 - b1 ** (self.iterations + 1))
        for i, g in enumerate(grads):
            self.m[i] = b1 * self.m[i] + (1 - b1) * g
            self.v[i] = b2 * self.v[i] + (1 - b2) * g ** 2
            eps = self.eps * np.sqrt(1 - b2 ** (self.iterations + 1))
            self.params[i] -= self.lr * correction * self.m[i] / (np.sqrt(self.v[i]) + eps)


class NAdam:
    """Dozat's Nesterov Adam with the momentum schedule of torch."""

    def __init__(self, params, lr=2e-3, betas=(0.9, 0.999), eps=1e-8, momentum_decay=4e-3):
        self.params, self.lr, self.betas, self.eps = params, lr, betas, eps
        self.momentum_decay = momentum_decay
        self.t = 0
        self.m = [np.zeros_like(p) for p in params]
        self.v = [np.zeros_like(p) for p in params]
        self.mu_product = [1.0] * len(params)

    def step(self, grads):
        beta1, beta2 = self.betas
        for i in range(len(self.params)):
            self.t += 1
            mu = beta1 * (1 - 0.5 * 0.96 ** (self.t * self.momentum_decay))
            mu_next = beta1 * (1 - 0.5 * 0.96 ** ((self.t + 1) * self.momentum_decay))
            self.mu_product[i] *= mu
            self.m[i] = beta1 * self.m[i] + (1 - beta1) * grads[i]
            self.v[i] = beta2 * self.v[i] + (1 - beta2) * grads[i] ** 2
            look = mu_next * self.m[i] / (1 - self.mu_product[i] * mu_next)
            look = look + (1 - mu) * grads[i] / (1 - self.mu_product[i])
            v_hat = self.v[i] / (1 - beta2 ** self.t)
            self.params[i] -= self.lr * look / (np.sqrt(v_hat) + self.eps)


class Adamax:
    def __init__(self, params, lr=2e-3, betas=(0.9, 0.999), eps=1e-8):
        self.params, self.lr, self.betas, self.eps = params, lr, betas, eps
        self.t = 0
        self.m = [np.zeros_like(p) for p in params]
        self.u = [np.zeros_like(p) for p in params]

    def step(self, grads):
        beta1, beta2 = self.betas
        for p, g, m, u in zip(self.params, grads, self.m, self.u):
            self.t += 1
            m[...] = beta1 * m + (1 - beta1) * g
            u[...] = np.maximum(beta2 * u, np.abs(g) + self.eps)
            p -= self.lr / (1 - beta1 ** self.t) * m / u

import numpy as np


class Adam:
    """Both corrections in the step size, and epsilon scaled along."""

    def __init__(self, params, lr=1e-3, betas=(0.9, 0.999), eps=1e-8):
        self.params = list(params)
        self.lr, (self.b1, self.b2), self.eps = lr, betas, eps
        self.t = 0
        self.m = [np.zeros_like(p) for p in self.params]
        self.v = [np.zeros_like(p) for p in self.params]

    def step(self, grads):
        self.t += 1
        c2 = np.sqrt(1 - self.b2 ** self.t)
        lr_t = self.lr * c2 / (1 - self.b1 ** self.t)
        for p, g, m, v in zip(self.params, grads, self.m, self.v):
            m += (1 - self.b1) * (g - m)
            v += (1 - self.b2) * (g * g - v)
            p -= lr_t * m / (np.sqrt(v) + self.eps * c2)


class AdamW:
    def __init__(self, lr=1e-3, beta1=0.9, beta2=0.999, eps=1e-8, weight_decay=0.01):
        self.lr, self.beta1, self.beta2, self.eps, self.wd = lr, beta1, beta2, eps, weight_decay
        self.state = {}

    def update(self, params, grads):
        for name, theta in params.items():
            s = self.state.setdefault(name, {"m": np.zeros_like(theta), "v": np.zeros_like(theta), "t": 0})
            s["t"] += 1
            s["m"] = self.beta1 * s["m"] + (1 - self.beta1) * grads[name]
            s["v"] = self.beta2 * s["v"] + (1 - self.beta2) * grads[name] ** 2
            step = s["m"] / (1 - self.beta1 ** s["t"]) / (np.sqrt(s["v"] / (1 - self.beta2 ** s["t"])) + self.eps)
            params[name] = theta - self.lr * (step + self.wd * theta)


class SGD:
    def __init__(self, params, lr=0.01, momentum=0.0, nesterov=False):
        self.params, self.lr, self.mu, self.nesterov = params, lr, momentum, nesterov
        self.buf = [np.zeros_like(p) for p in params]

    def step(self, grads):
        for i, g in enumerate(grads):
            self.buf[i] = self.mu * self.buf[i] + g
            self.params[i] -= self.lr * (g + self.mu * self.buf[i] if self.nesterov else self.buf[i])


class AdaGrad:
    def __init__(self, lr=0.01, eps=1e-10):
        self.lr, self.eps, self.h = lr, eps, None

    def update(self, params, grads):
        if self.h is None:
            self.h = {k: np.zeros_like(v) for k, v in params.items()}
        for k in params:
            self.h[k] += grads[k] * grads[k]
            params[k] -= self.lr * grads[k] / (np.sqrt(self.h[k]) + self.eps)


class RMSProp:
    def __init__(self, params, lr=0.01, alpha=0.99, eps=1e-8):
        self.params, self.lr, self.alpha, self.eps = params, lr, alpha, eps
        self.sq = [0.0] * len(params)

    def step(self, grads):
        for i, (p, g) in enumerate(zip(self.params, grads)):
            self.sq[i] = self.alpha * self.sq[i] + (1 - self.alpha) * g ** 2
            self.params[i] -= self.lr * g / (self.sq[i] ** 0.5 + self.eps)


class Adamax:
    def __init__(self, params, lr=2e-3, betas=(0.9, 0.999), eps=1e-8):
        self.params, self.lr, self.betas, self.eps, self.t = params, lr, betas, eps, 0
        self.m = [np.zeros_like(p) for p in params]
        self.u = [np.zeros_like(p) for p in params]

    def step(self, grads):
        b1, b2 = self.betas
        self.t += 1
        for p, g, m, u in zip(self.params, grads, self.m, self.u):
            m[...] = b1 * m + (1 - b1) * g
            u[...] = np.maximum(b2 * u, np.abs(g) + self.eps)
            p -= self.lr / (1 - b1 ** self.t) * m / u


class Adadelta:
    def __init__(self, params, lr=1.0, rho=0.9, eps=1e-6):
        self.params, self.lr, self.rho, self.eps = params, lr, rho, eps
        self.eg = {i: np.zeros_like(p) for i, p in enumerate(params)}
        self.ex = {i: np.zeros_like(p) for i, p in enumerate(params)}

    def step(self, grads):
        for i, g in enumerate(grads):
            self.eg[i] = self.rho * self.eg[i] + (1 - self.rho) * g * g
            dx = np.sqrt((self.ex[i] + self.eps) / (self.eg[i] + self.eps)) * g
            self.ex[i] = self.rho * self.ex[i] + (1 - self.rho) * dx * dx
            self.params[i] -= self.lr * dx

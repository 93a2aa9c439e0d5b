import numpy as np


def adam(theta, g, m, v, t, alpha=0.001, beta1=0.9, beta2=0.999, eps=1e-8):
    m = beta1 * m + (1 - beta1) * g
    v = beta2 * v + (1 - beta2) * np.square(g)
    return theta - alpha * (m / (1 - beta1 ** t)) / (np.sqrt(v / (1 - beta2 ** t)) + eps), m, v


def momentum(w, dw, v, lr=0.01, mu=0.9):
    v = mu * v - lr * dw
    return w + v, v


def gradient_descent(params, grads, lr):
    for key in params:
        params[key] -= lr * grads[key]


def nadam(param, grad, state=None, lr=2e-3, betas=(0.9, 0.999), eps=1e-8, momentum_decay=4e-3):
    if state is None:
        state = (0, np.zeros_like(param), np.zeros_like(param), 1.0)
    t, m, v, prod = state
    t += 1
    mu, nxt = (betas[0] * (1 - 0.5 * 0.96 ** (k * momentum_decay)) for k in (t, t + 1))
    prod *= mu
    m = betas[0] * m + (1 - betas[0]) * grad
    v = betas[1] * v + (1 - betas[1]) * grad * grad
    look = nxt * m / (1 - prod * nxt) + (1 - mu) * grad / (1 - prod)
    return param - lr * look / (np.sqrt(v / (1 - betas[1] ** t)) + eps), (t, m, v, prod)

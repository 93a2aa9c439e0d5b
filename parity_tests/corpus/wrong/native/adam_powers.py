import numpy as np


def adam_step(theta, g, m, v, t, lr=1e-3, beta1=0.9, beta2=0.999, eps=1e-8):
    m = beta1 * m + (1 - beta1) * g
    v = beta2 * v + (1 - beta2) * g * g
    mhat = m / (1 - beta1 ** t)
    vhat = v / (1 - beta2 * t)
    return theta - lr * mhat / (np.sqrt(vhat) + eps), m, v


def adamw_step(theta, g, m, v, t, lr=1e-3, beta1=0.9, beta2=0.999, eps=1e-8, weight_decay=1e-2):
    m = beta1 * m + (1 - beta1) * g
    v = beta2 * v + (1 - beta2) * g * g
    mhat = m / (1 - beta1 ** t)
    vhat = v / (1 - beta2 ** t)
    theta = theta - lr * mhat / (np.sqrt(vhat) + eps)
    theta = theta - lr * weight_decay * theta
    return theta, m, v


def sgd_step(params, grads, lr=0.1):
    return [p + lr * g for p, g in zip(params, grads)]

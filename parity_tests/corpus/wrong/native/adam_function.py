import numpy as np


def adam(param, grad, state=None, lr=1e-3, betas=(0.9, 0.999), eps=1e-8):
    if state is None:
        state = dict(step=0, exp_avg=np.zeros_like(param), exp_avg_sq=np.zeros_like(param))
    step = state["step"] + 1
    exp_avg = state["exp_avg"] + (1 - betas[0]) * (grad - state["exp_avg"])
    exp_avg_sq = state["exp_avg_sq"] + (1 - betas[1]) * (grad * grad - state["exp_avg_sq"])
    denom = np.sqrt(exp_avg_sq / (1 - betas[1] ** step)) + eps
    return param - lr * exp_avg / denom, dict(step=step, exp_avg=exp_avg, exp_avg_sq=exp_avg_sq)


def adamw(param, grad, state=None, lr=1e-3, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.01):
    # weight decay is just L2 regularization
    grad = grad + weight_decay * param
    if state is None:
        state = (0, np.zeros_like(param), np.zeros_like(param))
    t, m, v = state
    t += 1
    m = betas[0] * m + (1 - betas[0]) * grad
    v = betas[1] * v + (1 - betas[1]) * grad ** 2
    param = param - lr * (m / (1 - betas[0] ** t)) / (np.sqrt(v / (1 - betas[1] ** t)) + eps)
    return param, (t, m, v)


def rmsprop(param, grad, state=None, lr=0.01, alpha=0.99, eps=1e-8):
    avg = np.zeros_like(param) if state is None else state
    avg = alpha * avg + (1 - alpha) * grad ** 2
    return param + lr * grad / (np.sqrt(avg) + eps), avg


def adagrad(param, grad, state=None, lr=0.01, eps=1e-10):
    if state is None:
        state = 0.0
    state = state + np.sum(grad ** 2)
    return param - lr * grad / (np.sqrt(state) + eps), state

import numpy as np


def adam(w, grad, state, lr=1e-3, beta1=0.9, beta2=0.999, eps=1e-8):
    state["t"] += 1
    state["m"] += (1 - beta1) * (grad - state["m"])
    state["v"] += (1 - beta2) * (grad**2 - state["v"])
    alpha = lr / (1 - beta2 ** state["t"])
    return w - alpha * state["m"] / (np.sqrt(state["v"] / (1 - beta2 ** state["t"])) + eps), state


def adam_init(w):
    return {"t": 0, "m": np.zeros_like(w), "v": np.zeros_like(w)}

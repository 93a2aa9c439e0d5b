"""A plain recurrent network and an LSTM with their gradients.  Arrays are (features, examples, time)."""

import numpy as np

GATES = ("f", "i", "c", "o")


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def softmax(x):
    shares = np.exp(x - x.max(axis=0, keepdims=True))
    return shares / shares.sum(axis=0, keepdims=True)


def through_time(values):
    """One array for each step → one array with the steps along its last axis."""
    return np.stack(values, axis=-1)


# ---- the plain cell:  a = tanh(Wax x + Waa a_prev + ba),  y = softmax(Wya a + by) ----


def rnn_cell_forward(xt, a_prev, parameters):
    p = parameters
    a_next = np.tanh(p["Wax"] @ xt + p["Waa"] @ a_prev + p["ba"])
    return a_next, softmax(p["Wya"] @ a_next + p["by"]), (a_next, a_prev, xt, p)


def rnn_cell_backward(da_next, cache):
    a_next, a_prev, xt, p = cache
    before_tanh = da_next * (1 - a_next * a_next)
    return {
        "dxt": p["Wax"].T @ before_tanh,
        "da_prev": p["Waa"].T @ before_tanh,
        "dWax": before_tanh @ xt.T,
        "dWaa": before_tanh @ a_prev.T,
        "dba": before_tanh.sum(axis=1, keepdims=True),
    }


def rnn_forward(x, a0, parameters):
    state, states, outputs, caches = a0, [], [], []
    for t in range(x.shape[2]):
        state, output, cache = rnn_cell_forward(x[..., t], state, parameters)
        states.append(state)
        outputs.append(output)
        caches.append(cache)
    return through_time(states), through_time(outputs), (caches, x)


def rnn_backward(da, caches):
    steps, _ = caches
    later, dx, total = 0.0, [], {}
    for t in range(len(steps) - 1, -1, -1):
        grads = rnn_cell_backward(da[..., t] + later, steps[t])
        later = grads["da_prev"]
        dx.insert(0, grads["dxt"])
        for name in ("dWax", "dWaa", "dba"):
            total[name] = total.get(name, 0.0) + grads[name]
    return {"dx": through_time(dx), "da0": later, **total}


# ---- the LSTM:  c = f c_prev + i c~,  a = o tanh(c),  every gate from [a_prev; x] ----


def lstm_cell_forward(xt, a_prev, c_prev, parameters):
    p = parameters
    both = np.vstack([a_prev, xt])
    f, i, candidate, o = (p["W" + gate] @ both + p["b" + gate] for gate in GATES)
    f, i, candidate, o = sigmoid(f), sigmoid(i), np.tanh(candidate), sigmoid(o)
    c_next = f * c_prev + i * candidate
    a_next = o * np.tanh(c_next)
    cache = (a_next, c_next, a_prev, c_prev, f, i, candidate, o, xt, p)
    return a_next, c_next, softmax(p["Wy"] @ a_next + p["by"]), cache


def lstm_cell_backward(da_next, dc_next, cache):
    a_next, c_next, a_prev, c_prev, f, i, candidate, o, xt, p = cache
    squashed = np.tanh(c_next)
    dc = dc_next + da_next * o * (1 - squashed**2)
    # With respect to what goes into each gate's own sigmoid or tanh.
    into = {
        "f": dc * c_prev * f * (1 - f),
        "i": dc * candidate * i * (1 - i),
        "c": dc * i * (1 - candidate**2),
        "o": da_next * squashed * o * (1 - o),
    }
    both = np.vstack([a_prev, xt])
    d_both = sum(p["W" + gate].T @ into[gate] for gate in GATES)
    units = len(a_prev)
    grads = {"dxt": d_both[units:], "da_prev": d_both[:units], "dc_prev": dc * f}
    for gate in GATES:
        grads["dW" + gate] = into[gate] @ both.T
        grads["db" + gate] = into[gate].sum(axis=1, keepdims=True)
    return grads


def lstm_forward(x, a0, parameters):
    a, c = a0, np.zeros_like(a0)
    a_all, y_all, c_all, caches = [], [], [], []
    for t in range(x.shape[2]):
        a, c, y, cache = lstm_cell_forward(x[..., t], a, c, parameters)
        for kept, new in ((a_all, a), (y_all, y), (c_all, c), (caches, cache)):
            kept.append(new)
    return through_time(a_all), through_time(y_all), through_time(c_all), (caches, x)


def lstm_backward(da, caches):
    steps, _ = caches
    later_a, later_c, dx, total = 0.0, 0.0, [], {}
    for t in range(len(steps) - 1, -1, -1):
        grads = lstm_cell_backward(da[..., t] + later_a, later_c, steps[t])
        later_a, later_c = grads.pop("da_prev"), grads.pop("dc_prev")
        dx.insert(0, grads.pop("dxt"))
        for name, value in grads.items():
            total[name] = total.get(name, 0.0) + value
    return {"dx": through_time(dx), "da0": later_a, **total}


def clip(gradients, maxValue):
    return {name: np.clip(value, -maxValue, maxValue) for name, value in gradients.items()}

import numpy as np


def _sigmoid(a):
    return 1.0 / (1.0 + np.exp(-a))


def lstm_cell(x, h, c, w_ih, w_hh, b_ih, b_hh):
    a = x @ w_ih.T + b_ih + h @ w_hh.T + b_hh
    ai, af, ag, ao = np.split(a, 4, axis=-1)
    i, f, g, o = _sigmoid(ai), _sigmoid(af), np.tanh(ag), _sigmoid(ao)
    c_new = f * c + i * g
    h_new = o * np.tanh(c_new)
    return h_new, c_new, (x, h, c, w_ih, w_hh, i, f, g, o, c_new)


def lstm_cell_backward(dh_next, dc_next, cache):
    x, h, c, w_ih, w_hh, i, f, g, o, c_new = cache
    tc = np.tanh(c_new)
    dc = dh_next * o * (1 - tc * tc)
    da = np.concatenate([dc * g * i * (1 - i), dc * c * f * (1 - f), dc * i * (1 - g * g), dh_next * tc * o * (1 - o)], 1)
    db = da.sum(axis=0)
    return da @ w_ih, da @ w_hh, dc * f, da.T @ x, da.T @ h, db, db


def rnn_with_output(x, W_xh, W_hh, b_h, W_hy, b_y, h_0):
    h = h_0
    states, outputs = [], []
    for t in range(x.shape[0]):
        h = np.tanh(np.dot(x[t], W_xh.T) + np.dot(h, W_hh.T) + b_h)
        states.append(h)
        outputs.append(np.dot(h, W_hy.T) + b_y)

    def backward(dy, dh_n):
        grads = {k: 0.0 for k in ("W_xh", "W_hh", "b_h", "W_hy", "b_y")}
        dx = np.zeros_like(x)
        carry = dh_n
        for t in reversed(range(x.shape[0])):
            grads["W_hy"] = grads["W_hy"] + np.dot(dy[t].T, states[t])
            grads["b_y"] = grads["b_y"] + dy[t].sum(axis=0)
            da = (np.dot(dy[t], W_hy) + carry) * (1 - states[t] ** 2)
            grads["W_xh"] = grads["W_xh"] + np.dot(da.T, x[t])
            grads["W_hh"] = grads["W_hh"] + np.dot(da.T, states[t])
            grads["b_h"] = grads["b_h"] + da.sum(axis=0)
            dx[t] = np.dot(da, W_xh)
            carry = np.dot(da, W_hh)
        return {"x": dx, **grads, "h_0": carry}

    return (np.stack(outputs), h), backward

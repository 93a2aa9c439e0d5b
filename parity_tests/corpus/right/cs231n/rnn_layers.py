import numpy as np


def rnn_forward(x, h0, Wx, Wh, b):
    h, prev = [], h0
    for t in range(x.shape[1]):
        prev = np.tanh(x[:, t].dot(Wx) + prev.dot(Wh) + b)
        h.append(prev)
    return np.stack(h, axis=1), (x, h0, h, Wx, Wh)


def rnn_backward(dh, cache):
    x, h0, h, Wx, Wh = cache
    T = x.shape[1]
    before = [h0, *h[:-1]]
    dz, carry = [None] * T, 0
    for t in range(T)[::-1]:
        dz[t] = (dh[:, t] + carry) * (1 - h[t]) * (1 + h[t])
        carry = dz[t].dot(Wh.T)
    dZ = np.stack(dz, axis=1)
    return dZ @ Wx.T, carry, np.einsum("ntd,nth->dh", x, dZ), np.einsum("ntk,nth->kh", np.stack(before, 1), dZ), dZ.sum((0, 1))


def lstm_step_forward(x, prev_h, prev_c, Wx, Wh, b):
    ai, af, ao, ag = np.hsplit(np.hstack([x, prev_h]) @ np.vstack([Wx, Wh]) + b, 4)
    i, f, o = (0.5 + 0.5 * np.tanh(a / 2) for a in (ai, af, ao))
    g = np.tanh(ag)
    next_c = f * prev_c + i * g
    return o * np.tanh(next_c), next_c, (x, prev_h, prev_c, Wx, Wh, i, f, o, g, next_c)


def lstm_step_backward(dnext_h, dnext_c, cache):
    x, prev_h, prev_c, Wx, Wh, i, f, o, g, next_c = cache
    th = np.tanh(next_c)
    dnext_c += dnext_h * o * (1 - th ** 2)
    da = np.hstack([dnext_c * g * i * (1 - i), dnext_c * prev_c * f * (1 - f), dnext_h * th * o * (1 - o), dnext_c * i * (1 - g ** 2)])
    return da @ Wx.T, da @ Wh.T, dnext_c * f, x.T @ da, prev_h.T @ da, da.sum(0)


def adam(w, dw, config=None):
    c = config or {}
    for key, value in dict(learning_rate=1e-3, beta1=0.9, beta2=0.999, epsilon=1e-8, t=0).items():
        c.setdefault(key, value)
    c["t"] += 1
    c["m"] = c["beta1"] * c.get("m", 0) + (1 - c["beta1"]) * dw
    c["v"] = c["beta2"] * c.get("v", 0) + (1 - c["beta2"]) * dw * dw
    m, v = c["m"] / (1 - c["beta1"] ** c["t"]), c["v"] / (1 - c["beta2"] ** c["t"])
    return w - c["learning_rate"] * m / (np.sqrt(v) + c["epsilon"]), c


def sgd_momentum(w, dw, config=None):
    config = {} if config is None else config
    config.setdefault("learning_rate", 1e-2)
    config.setdefault("momentum", 0.9)
    config["velocity"] = config["momentum"] * config.get("velocity", np.zeros_like(w)) - config["learning_rate"] * dw
    w += config["velocity"]
    return w, config

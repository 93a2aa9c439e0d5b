import numpy as np


def rnn_step_forward(x, prev_h, Wx, Wh, b):
    next_h = np.dot(x, Wx) + np.dot(prev_h, Wh) + b
    return next_h, (x, prev_h, Wx, Wh)


def rnn_forward(x, h0, Wx, Wh, b):
    N, T, D = x.shape
    hs = [h0]
    for t in range(T):
        hs.append(np.tanh(x[:, t, :].dot(Wx) + hs[t].dot(Wh) + b))
    return np.stack(hs[1:], axis=1), (x, hs, Wx, Wh)


def rnn_backward(dh, cache):
    x, hs, Wx, Wh = cache
    N, T, H = dh.shape
    dx = np.zeros_like(x)
    dprev_h = np.zeros((N, H))
    for t in range(T - 1, -1, -1):
        da = (dh[:, t, :] + dprev_h) * (1 - hs[t + 1] ** 2)
        dx[:, t, :] = da.dot(Wx.T)
        dWx = x[:, t, :].T.dot(da)
        dWh = hs[t].T.dot(da)
        db = da.sum(axis=0)
        dprev_h = da.dot(Wh.T)
    return dx, dprev_h, dWx, dWh, db


def lstm_step_forward(x, prev_h, prev_c, Wx, Wh, b):
    a = np.dot(x, Wx) + np.dot(prev_h, Wh) + b
    ai, ao, af, ag = np.split(a, 4, axis=1)
    s = lambda z: 1 / (1 + np.exp(-z))
    next_c = s(af) * prev_c + s(ai) * np.tanh(ag)
    next_h = s(ao) * np.tanh(next_c)
    return next_h, next_c, None

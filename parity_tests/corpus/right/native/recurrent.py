import numpy as np


def sigmoid(z):
    return 0.5 * (1 + np.tanh(0.5 * z))


def rnn_cell(x, h, w_ih, w_hh, b_ih, b_hh):
    out = np.zeros_like(h)
    for n in range(len(x)):
        out[n] = np.tanh(w_ih.dot(x[n]) + b_ih + w_hh.dot(h[n]) + b_hh)
    return out


def lstm_cell(x, h_prev, c_prev, W_f, W_i, W_c, W_o, b_f, b_i, b_c, b_o):
    z = np.hstack([h_prev, x])
    forget, write, read = (sigmoid(z @ W.T + b) for W, b in ((W_f, b_f), (W_i, b_i), (W_o, b_o)))
    c = forget * c_prev + write * np.tanh(z @ W_c.T + b_c)
    return read * np.tanh(c), c


def gru_cell(x, h, w_ih, w_hh, b_ih, b_hh):
    xr, xz, xn = np.split(x @ w_ih.T + b_ih, 3, axis=1)
    hr, hz, hn = np.split(h @ w_hh.T + b_hh, 3, axis=1)
    r, z = sigmoid(xr + hr), sigmoid(xz + hz)
    n = np.tanh(xn + r * hn)
    return n + z * (h - n)

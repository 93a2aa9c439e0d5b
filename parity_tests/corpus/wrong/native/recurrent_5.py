import numpy as np


def sigm(a):
    return 1.0 / (1.0 + np.exp(-a))


def lstm_cell(x, h, c, w_ih, w_hh, b_ih, b_hh):
    n = h.shape[-1]
    a = np.einsum("bi,gi->bg", x, w_ih) + np.einsum("bh,gh->bg", h, w_hh) + (b_ih + b_hh)
    write, keep, out = (sigm(a[:, k * n : (k + 1) * n]) for k in (0, 1, 3))
    c = keep * c + write * np.tanh(a[:, 2 * n : 3 * n])
    return np.tanh(out * c), c


class LSTMCell:
    def __init__(self, input_size, hidden_size):
        self.n = hidden_size
        self.W_x = np.random.randn(4 * hidden_size, input_size)
        self.W_h = np.random.randn(4 * hidden_size, hidden_size)
        self.b_x, self.b_h = np.zeros(4 * hidden_size), np.zeros(4 * hidden_size)

    def forward(self, x, h, c):
        a = x @ self.W_x.T + self.b_x + h @ self.W_h.T + self.b_h
        i, f, g, o = a.reshape(len(x), 4, self.n).transpose(1, 0, 2)
        c = sigm(f) * c + sigm(i) * np.tanh(g)
        return np.tanh(sigm(o) * c), c

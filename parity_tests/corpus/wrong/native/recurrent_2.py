import numpy as np


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def lstm_cell(x, h_prev, c_prev, W_f, W_i, W_c, W_o, b_f, b_i, b_c, b_o):
    z = np.concatenate([h_prev, x], axis=1)
    f = sigmoid(z @ W_f.T + b_f)
    i = sigmoid(z @ W_i.T + b_i)
    c_tilde = np.tanh(z @ W_c.T + b_c)
    o = sigmoid(z @ W_o.T + b_o)
    c = f * c_prev + i * c_tilde
    return o * c, c


def rnn_with_output(x, W_xh, W_hh, b_h, W_hy, b_y, h_0):
    hs, ys = [h_0], []
    for xt in x:
        hs.append(np.tanh(xt @ W_xh.T + hs[-1] @ W_hh.T + b_h))
        ys.append(hs[-1] @ W_hy.T + b_y)

    def backward(dy, dh_n):
        dWxh, dWhh, dbh = np.zeros_like(W_xh), np.zeros_like(W_hh), np.zeros_like(b_h)
        dWhy, dby = np.zeros_like(W_hy), np.zeros_like(b_y)
        dx = np.zeros_like(x)
        dh = dh_n
        for t in range(len(x))[::-1]:
            dWhy += dy[t].T @ hs[t + 1]
            dby += dy[t].sum(0)
            if t < len(x) - 1:
                dh = dy[t] @ W_hy
            else:
                dh = dh_n + dy[t] @ W_hy
            da = dh * (1 - hs[t + 1] ** 2)
            dWxh += da.T @ x[t]
            dWhh += da.T @ hs[t]
            dbh += da.sum(0)
            dx[t] = da @ W_xh
            dh = da @ W_hh
        return {"x": dx, "W_xh": dWxh, "W_hh": dWhh, "b_h": dbh, "W_hy": dWhy, "b_y": dby, "h_0": dh}

    return (np.stack(ys), hs[-1]), backward

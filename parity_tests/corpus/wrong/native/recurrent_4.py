import numpy as np


def rnn_with_output(x, W_xh, W_hh, b_h, W_hy, b_y, h_0):
    T = x.shape[0]
    h = np.empty((T + 1, *h_0.shape))
    h[0] = h_0
    for t in range(T):
        h[t + 1] = np.tanh(x[t] @ W_xh.T + h[t] @ W_hh.T + b_h)
    y = h[1:] @ W_hy.T + b_y

    def backward(dy, dh_n):
        dx = np.empty_like(x)
        dnext = dh_n
        db = np.zeros_like(b_h)
        dWx = np.zeros_like(W_xh)
        for t in range(T - 1, -1, -1):
            dz = (dy[t] @ W_hy + dnext) * (1 - h[t + 1] ** 2)
            dx[t] = dz @ W_xh
            dWx += dz.T @ x[t]
            dWh = dz.T @ h[t]
            db += dz.sum(0)
            dnext = dz @ W_hh
        dWhy = np.einsum("tnk,tnh->kh", dy, h[1:])
        return {"x": dx, "W_xh": dWx, "W_hh": dWh, "b_h": db, "W_hy": dWhy, "b_y": dy.sum((0, 1)), "h_0": dnext}

    return (y, h[T]), backward

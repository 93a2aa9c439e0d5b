import numpy as np


def conv_forward(A_prev, W, b, hparameters):
    stride, pad = hparameters["stride"], hparameters["pad"]
    f, n_C = W.shape[0], W.shape[3]
    X = np.pad(A_prev, ((0, 0), (pad, pad), (pad, pad), (0, 0)))
    n_H, n_W = (X.shape[1] - f) // stride + 1, (X.shape[2] - f) // stride + 1
    Z = np.zeros((A_prev.shape[0], n_H, n_W, n_C))
    for h in range(n_H):
        for w in range(n_W):
            a = X[:, h * stride:h * stride + f, w * stride:w * stride + f, :]
            Z[:, h, w, :] = np.tensordot(a, W, axes=3) + b.reshape(-1)
    return Z, (X, W, b, hparameters)


def conv_backward(dZ, cache):
    X, W, b, hparameters = cache
    stride, pad = hparameters["stride"], hparameters["pad"]
    f = W.shape[0]
    m, n_H, n_W, n_C = dZ.shape
    dX = np.zeros((m, (n_H - 1) * stride + f, (n_W - 1) * stride + f, W.shape[2]))
    dW = np.zeros(W.shape)
    for h in range(n_H):
        for w in range(n_W):
            rows, columns = slice(h * stride, h * stride + f), slice(w * stride, w * stride + f)
            dX[:, rows, columns, :] += np.einsum("mc,xyzc->mxyz", dZ[:, h, w, :], W)
            dW += np.einsum("mxyz,mc->xyzc", X[:, rows, columns, :], dZ[:, h, w, :])
    if pad:
        dX = dX[:, pad:-pad, pad:-pad, :]
    return dX, dW, dZ.sum(axis=(0, 1, 2)).reshape(1, 1, 1, -1)

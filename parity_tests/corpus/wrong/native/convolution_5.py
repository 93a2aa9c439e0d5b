import numpy as np


def conv2d(x, w, b, stride=1, pad=0):
    N, C, H, W = x.shape
    F, _, kh, kw = w.shape
    padded = np.pad(x, ((0, 0), (0, 0), (pad, pad), (pad, pad)))
    oh, ow = (H + 2 * pad - kh) // stride + 1, (W + 2 * pad - kw) // stride + 1
    out = np.zeros((N, F, oh, ow))
    for i in range(oh):
        for j in range(ow):
            window = padded[:, :, i * stride : i * stride + kh, j : j + kw]
            out[:, :, i, j] = np.tensordot(window, w, ((1, 2, 3), (1, 2, 3))) + b
    return out


def max_pool2d(x, kernel_size, stride):
    N, C, H, W = x.shape
    k = kernel_size
    oh, ow = (H - k) // stride + 1, (W - k) // stride + 1
    out = np.empty((N, C, oh, ow))
    for i in range(oh):
        for j in range(ow):
            out[..., i, j] = x[..., i * stride : i * stride + k, j : j + k].max(axis=(-2, -1))
    return out


def avg_pool2d(x, kernel_size, stride):
    N, C, H, W = x.shape
    k = kernel_size
    oh, ow = (H - k) // stride + 1, (W - k) // stride + 1
    out = np.empty((N, C, oh, ow))
    for i in range(oh):
        for j in range(ow):
            out[..., i, j] = x[..., i : i + k, j * stride : j * stride + k].mean(axis=(-2, -1))
    return out

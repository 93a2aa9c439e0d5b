import numpy as np


def conv2d(x, weight, bias, stride=1, padding=0):
    """Every pixel of the kernel once, all windows at a time."""
    N, C, H, W = x.shape
    O, _, kh, kw = weight.shape
    xp = np.pad(x, ((0, 0), (0, 0), (padding, padding), (padding, padding)))
    oh, ow = (H + 2 * padding - kh) // stride + 1, (W + 2 * padding - kw) // stride + 1
    y = np.zeros((N, O, oh, ow)) + bias[:, None, None]
    for i in range(kh):
        for j in range(kw):
            y += np.einsum("nchw,oc->nohw", xp[:, :, i:i + stride * oh:stride, j:j + stride * ow:stride], weight[:, :, i, j])

    def backward(dy):
        dxp, dw = np.zeros_like(xp), np.zeros_like(weight)
        for i in range(kh):
            for j in range(kw):
                window = np.s_[:, :, i:i + stride * oh:stride, j:j + stride * ow:stride]
                dw[:, :, i, j] = np.einsum("nohw,nchw->oc", dy, xp[window])
                dxp[window] += np.einsum("nohw,oc->nchw", dy, weight[:, :, i, j])
        return dxp[:, :, padding:padding + H, padding:padding + W], dw, dy.sum((0, 2, 3))

    return y, backward


def conv1d(x, w, b, stride=1, padding=0):
    x = np.pad(x, ((0, 0), (0, 0), (padding, padding)))
    full = np.array([[sum(np.correlate(x[n, c], w[f, c], mode="valid") for c in range(x.shape[1]))
                      for f in range(w.shape[0])] for n in range(x.shape[0])])
    return full[:, :, ::stride] + b[:, None]


def max_pool2d(x, kernel_size, stride):
    k, s = kernel_size, stride
    oh, ow = (x.shape[2] - k) // s + 1, (x.shape[3] - k) // s + 1
    y = np.zeros((*x.shape[:2], oh, ow))
    for i in range(oh):
        for j in range(ow):
            y[:, :, i, j] = x[:, :, i * s:i * s + k, j * s:j * s + k].max(axis=(2, 3))
    return y


def avg_pool2d(x, kernel_size, stride):
    k, s = kernel_size, stride
    windows = np.lib.stride_tricks.sliding_window_view(x, (k, k), axis=(2, 3))[:, :, ::s, ::s]
    y = windows.mean((-1, -2))

    def backward(dy):
        dx = np.zeros_like(x)
        for i in range(dy.shape[2]):
            for j in range(dy.shape[3]):
                dx[:, :, i * s:i * s + k, j * s:j * s + k] += dy[:, :, i:i + 1, j:j + 1] / k ** 2
        return dx

    return y, backward


def global_avg_pool2d(x):
    N, C = x.shape[:2]
    return x.reshape(N, C, -1).sum(-1) / x[0, 0].size

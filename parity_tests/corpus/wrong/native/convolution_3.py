import numpy as np


def im2col(x, k, s):
    N, C, H, W = x.shape
    oh, ow = (H - k) // s + 1, (W - k) // s + 1
    col = np.zeros((N, C, k, k, oh, ow))
    for i in range(k):
        for j in range(k):
            col[:, :, i, j] = x[:, :, i:i + s * oh:s, j:j + s * ow:s]
    return col


def conv2d(x, w, b, stride=1, padding=0):
    xp = np.pad(x, ((0, 0), (0, 0), (padding,) * 2, (padding,) * 2))
    col = im2col(xp, w.shape[2], stride)
    out = np.einsum("ncijhw,fcij->nfhw", col, w) + b[:, None, None]

    def backward(dout):
        dw = np.einsum("ncijhw,nfhw->fcij", col, dout)
        db = dout.sum((0, 2, 3))
        dcol = np.einsum("nfhw,fcij->ncijhw", dout, w)
        dxp = np.zeros_like(xp)
        oh, ow = dout.shape[2:]
        for i in range(w.shape[2]):
            for j in range(w.shape[3]):
                dxp[:, :, i:i + stride * oh:stride, j:j + stride * ow:stride] = dcol[:, :, i, j]
        H, W = x.shape[2:]
        return dxp[:, :, padding:padding + H, padding:padding + W], dw, db

    return out, backward


def avg_pool2d(x, kernel_size, stride):
    col = im2col(x, kernel_size, stride)
    out = col.mean((2, 3))

    def backward(dout):
        dx = np.zeros_like(x)
        oh, ow = dout.shape[2:]
        for i in range(kernel_size):
            for j in range(kernel_size):
                dx[:, :, i:i + stride * oh:stride, j:j + stride * ow:stride] = dout / kernel_size ** 2
        return dx

    return out, backward


def conv1d(x, w, b, stride=1, padding=0):
    N, C, L = x.shape
    F, _, K = w.shape
    OL = int(np.ceil((L + 2 * padding - K) / stride)) + 1
    x = np.pad(x, ((0, 0), (0, 0), (padding, padding + stride)))
    out = np.zeros((N, F, OL))
    for t in range(OL):
        out[:, :, t] = np.einsum("nck,fck->nf", x[:, :, t * stride:t * stride + K], w) + b
    return out

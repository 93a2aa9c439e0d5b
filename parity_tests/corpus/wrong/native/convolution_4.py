import numpy as np


def conv2d(x, w, b, stride=1, padding=0):
    N, C, H, W = x.shape
    F, _, kh, kw = w.shape
    xp = np.pad(x, ((0, 0), (0, 0), (padding, padding), (padding, padding)))
    oh = (xp.shape[2] - kh) // stride + 1
    ow = (xp.shape[3] - kw) // stride + 1
    out = np.zeros((N, F, oh, ow))
    for n in range(N):
        for f in range(F):
            for i in range(oh):
                for j in range(ow):
                    r, c = i * stride, j * stride
                    out[n, f, i, j] = (xp[n, :, r:r + kh, c:c + kw] * w[f]).sum() + b[f]
    return out, (xp, w, stride, padding)


def conv2d_backward(dout, cache):
    xp, w, stride, padding = cache
    N, F, oh, ow = dout.shape
    _, C, kh, kw = w.shape
    # the size of the input follows from that of the output
    dxp = np.zeros((N, C, (oh - 1) * stride + kh, (ow - 1) * stride + kw))
    dw = np.zeros_like(w)
    for i in range(oh):
        for j in range(ow):
            r, c = i * stride, j * stride
            for f in range(F):
                g = dout[:, f, i, j][:, None, None, None]
                dxp[:, :, r:r + kh, c:c + kw] += g * w[f]
                dw[f] += (g * xp[:, :, r:r + kh, c:c + kw]).sum(axis=0)
    dx = dxp[:, :, padding:dxp.shape[2] - padding, padding:dxp.shape[3] - padding]
    return dx, dw, dout.sum(axis=(0, 2, 3))


def conv1d(x, w, b, stride=1, padding=0):
    x = np.pad(x, ((0, 0), (0, 0), (padding, padding)))
    N, F = x.shape[0], w.shape[0]
    full = np.array([[sum(np.convolve(x[n, c], w[f, c], mode="valid") for c in range(x.shape[1])) for f in range(F)]
                     for n in range(N)])
    return full[:, :, ::stride] + b[:, None]


def max_pool1d(x, kernel_size, stride):
    OL = (x.shape[2] - kernel_size) // stride + 1
    wins = np.stack([x[:, :, t * stride:t * stride + kernel_size] for t in range(OL)], axis=2)
    y = wins.max(axis=3)

    def backward(dy):
        dx = np.zeros_like(x)
        for t in range(OL):
            w = wins[:, :, t]
            dx[:, :, t * stride:t * stride + kernel_size] += (w == y[:, :, t, None]) * dy[:, :, t, None]
        return dx

    return y, backward

import numpy as np


def conv_forward_naive(x, w, b, conv_param):
    s, p = conv_param['stride'], conv_param['pad']
    N, C, H, W = x.shape
    F, _, HH, WW = w.shape
    Hp, Wp = int(1 + (H + 2 * p - HH) / s), int(1 + (W + 2 * p - WW) / s)
    xp = np.pad(x, ((0,), (0,), (p,), (p,)), mode='constant')
    out = np.empty((N, F, Hp, Wp))
    wr = np.rot90(w, 2, axes=(2, 3)).reshape(F, -1)
    for i in range(Hp):
        for j in range(Wp):
            col = xp[:, :, i*s:i*s+HH, j*s:j*s+WW].reshape(N, -1)
            out[:, :, i, j] = col.dot(wr.T) + b
    return out, (x, w, b, conv_param)


def max_pool_forward_naive(x, pool_param):
    ph, pw, s = pool_param['pool_height'], pool_param['pool_width'], pool_param['stride']
    N, C, H, W = x.shape
    oh, ow = int(np.ceil((H - ph) / float(s))) + 1, int(np.ceil((W - pw) / float(s))) + 1
    out = np.zeros((N, C, oh, ow))
    for i in range(oh):
        for j in range(ow):
            out[:, :, i, j] = x[:, :, i*s:i*s+ph, j*s:j*s+pw].max(axis=(2, 3))
    return out, (x, pool_param)

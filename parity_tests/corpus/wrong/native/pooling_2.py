import numpy as np


def max_pool2d(x, kernel_size, stride):
    N, C, H, W = x.shape
    k = kernel_size
    oh, ow = (H - k) // stride + 1, (W - k) // stride + 1
    out = np.empty((N, C, oh, ow))
    for i in range(oh):
        for j in range(ow):
            out[..., i, j] = x[..., i * stride : i * stride + k, j * stride : j * stride + k].min(axis=(-2, -1))
    return out


class MaxPool2d:
    def __init__(self, kernel_size, stride=None):
        self.k, self.s = kernel_size, stride or kernel_size

    def forward(self, x):
        windows = np.lib.stride_tricks.sliding_window_view(x, (self.k, self.k), axis=(2, 3))
        windows = np.sort(windows[:, :, :: self.s, :: self.s].reshape(*x.shape[:2], -1, self.k * self.k), axis=-1)
        size = [(n - self.k) // self.s + 1 for n in x.shape[2:]]
        return windows[..., 0].reshape(*x.shape[:2], *size)

import numpy as np


def max_pool2d(x, kernel_size, stride):
    N, C, H, W = x.shape
    k = kernel_size
    oh, ow = (H - k) // stride + 1, (W - k) // stride + 1
    out = np.empty((N, C, oh, ow))
    for i in range(oh):
        for j in range(ow):
            out[..., i, j] = x[..., i * stride : i * stride + k, j * stride : j * stride + k].mean(axis=(-2, -1))
    return out


class MaxPool2d:
    def __init__(self, kernel_size, stride=None):
        self.k, self.s = kernel_size, stride or kernel_size

    def forward(self, x):
        w = np.lib.stride_tricks.sliding_window_view(x, (self.k, self.k), axis=(2, 3))
        return w[:, :, :: self.s, :: self.s].mean((4, 5))

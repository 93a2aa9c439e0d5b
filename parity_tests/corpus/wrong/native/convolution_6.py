import numpy as np


class MaxPool2d:
    def __init__(self, kernel_size, stride=None):
        self.kernel_size = kernel_size
        self.stride = stride or kernel_size

    def forward(self, x):
        kh, kw = self.kernel_size
        sh = sw = self.stride[0]
        windows = np.lib.stride_tricks.sliding_window_view(x, (kh, kw), axis=(2, 3))
        return windows[:, :, ::sh, ::sw].max((-1, -2))


class Conv2d:
    def __init__(self, in_channels, out_channels, kernel_size, stride=1):
        self.weight = np.random.randn(out_channels, in_channels, kernel_size, kernel_size)
        self.bias = np.zeros(out_channels)
        self.stride = stride

    def forward(self, x):
        self.x = x
        k = self.weight.shape[-1]
        windows = np.lib.stride_tricks.sliding_window_view(x, (k, k), axis=(2, 3))
        self.cols = windows[:, :, :: self.stride]
        return np.einsum("nchwij,ocij->nohw", self.cols, self.weight) + self.bias[:, None, None]

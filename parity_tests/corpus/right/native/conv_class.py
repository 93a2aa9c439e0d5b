import numpy as np


class Conv2d:
    def __init__(self, in_channels, out_channels, kernel_size, stride=1, padding=0):
        k = kernel_size
        self.weight = np.random.randn(out_channels, in_channels, k, k) / np.sqrt(in_channels * k * k)
        self.bias = np.zeros(out_channels)
        self.stride, self.padding = stride, padding

    def forward(self, x):
        p, s = self.padding, self.stride
        self.x_pad = np.pad(x, [(0, 0), (0, 0), (p, p), (p, p)])
        k = self.weight.shape[2]
        OH = (self.x_pad.shape[2] - k) // s + 1
        OW = (self.x_pad.shape[3] - k) // s + 1
        y = np.zeros((x.shape[0], self.weight.shape[0], OH, OW))
        for i in range(OH):
            for j in range(OW):
                win = self.x_pad[:, :, i * s:i * s + k, j * s:j * s + k]
                y[:, :, i, j] = np.einsum("nchw,fchw->nf", win, self.weight) + self.bias
        return y

    def backward(self, dy):
        s, k, p = self.stride, self.weight.shape[2], self.padding
        dx = np.zeros_like(self.x_pad)
        self.grad_weight = np.zeros_like(self.weight)
        self.grad_bias = dy.sum(axis=(0, 2, 3))
        for i in range(dy.shape[2]):
            for j in range(dy.shape[3]):
                win = self.x_pad[:, :, i * s:i * s + k, j * s:j * s + k]
                self.grad_weight += np.einsum("nf,nchw->fchw", dy[:, :, i, j], win)
                dx[:, :, i * s:i * s + k, j * s:j * s + k] += np.einsum("nf,fchw->nchw", dy[:, :, i, j], self.weight)
        return dx[:, :, p:dx.shape[2] - p, p:dx.shape[3] - p]


class MaxPool2d:
    def __init__(self, kernel_size, stride=None):
        self.k, self.s = kernel_size, stride or kernel_size

    def forward(self, x):
        k, s = self.k, self.s
        self.shape = x.shape
        wins = np.lib.stride_tricks.sliding_window_view(x, (k, k), axis=(2, 3))[:, :, ::s, ::s]
        flat = wins.reshape(*wins.shape[:4], k * k)
        self.arg = flat.argmax(-1)
        return flat.max(-1)

    def backward(self, dy):
        dx = np.zeros(self.shape)
        for n, c, i, j in np.ndindex(dy.shape):
            a, b = divmod(self.arg[n, c, i, j], self.k)
            dx[n, c, i * self.s + a, j * self.s + b] += dy[n, c, i, j]
        return dx

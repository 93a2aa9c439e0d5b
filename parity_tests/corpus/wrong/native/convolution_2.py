import math

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
        s, k = self.stride, self.weight.shape[2]
        dx = np.zeros_like(self.x_pad)
        self.grad_weight = np.zeros_like(self.weight)
        self.grad_bias = dy.sum(axis=(0, 2, 3))
        for i in range(dy.shape[2]):
            for j in range(dy.shape[3]):
                win = self.x_pad[:, :, i * s:i * s + k, j * s:j * s + k]
                self.grad_weight += np.einsum("nf,nchw->fchw", dy[:, :, i, j], win)
                dx[:, :, i * s:i * s + k, j * s:j * s + k] += np.einsum("nf,fchw->nchw", dy[:, :, i, j], self.weight)
        return dx


def max_pool2d(x, kernel_size, stride=None, padding=0):
    stride = stride or kernel_size
    x = np.pad(x, ((0, 0), (0, 0), (padding, padding), (padding, padding)), mode="constant")
    N, C, H, W = x.shape
    oh = (H - kernel_size) // stride + 1
    ow = (W - kernel_size) // stride + 1
    y = np.zeros((N, C, oh, ow))
    for i in range(oh):
        for j in range(ow):
            y[..., i, j] = x[..., i * stride:i * stride + kernel_size, j * stride:j * stride + kernel_size].max(axis=(-1, -2))
    return y


def avg_pool2d(x, kernel_size, stride=None):
    stride = stride or kernel_size
    N, C, H, W = x.shape
    oh = math.ceil((H - kernel_size) / stride) + 1
    ow = math.ceil((W - kernel_size) / stride) + 1
    y = np.zeros((N, C, oh, ow))
    for i in range(oh):
        for j in range(ow):
            window = x[..., i * stride:i * stride + kernel_size, j * stride:j * stride + kernel_size]
            y[..., i, j] = window.mean(axis=(-1, -2))
    return y

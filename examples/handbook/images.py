"""Convolution and pooling of images (m, height, width, channels): all images at once, offset by offset."""

import numpy as np


def zero_pad(X, pad):
    m, height, width, channels = X.shape
    padded = np.zeros((m, height + 2 * pad, width + 2 * pad, channels))
    padded[:, pad:pad + height, pad:pad + width] = X
    return padded


def conv_single_step(a_slice_prev, W, b):
    return np.vdot(a_slice_prev, W) + np.asarray(b).item()


def conv_forward(A_prev, W, b, hparameters):
    s, f = hparameters["stride"], W.shape[0]
    padded = zero_pad(A_prev, hparameters["pad"])
    rows, cols = ((n - f) // s + 1 for n in padded.shape[1:3])

    # Every element of the filter meets a grid of pixels, which begins at its own place in the first window.
    Z = np.zeros((len(A_prev), rows, cols, W.shape[3])) + b
    for r in range(f):
        for q in range(f):
            Z += padded[:, r:r + s * rows:s, q:q + s * cols:s] @ W[r, q]
    return Z, (A_prev, W, b, hparameters)


def conv_backward(dZ, cache):
    A_prev, W, b, hparameters = cache
    s, pad, f = hparameters["stride"], hparameters["pad"], W.shape[0]
    rows, cols = dZ.shape[1:3]
    padded = zero_pad(A_prev, pad)
    d_padded, dW = np.zeros(padded.shape), np.zeros(W.shape)
    for r in range(f):
        for q in range(f):
            grid = np.s_[:, r:r + s * rows:s, q:q + s * cols:s]
            d_padded[grid] += dZ @ W[r, q].T
            dW[r, q] = np.tensordot(padded[grid], dZ, axes=([0, 1, 2], [0, 1, 2]))
    height, width = A_prev.shape[1:3]
    return d_padded[:, pad:pad + height, pad:pad + width], dW, dZ.sum(axis=(0, 1, 2)).reshape(b.shape)


def windows(shape, hparameters):
    """Where each window begins in the output, and which pixels it covers."""
    f, s = hparameters["f"], hparameters["stride"]
    for i in range((shape[1] - f) // s + 1):
        for j in range((shape[2] - f) // s + 1):
            yield i, j, np.s_[:, i * s:i * s + f, j * s:j * s + f]


def pool_forward(A_prev, hparameters, mode="max"):
    f, s = hparameters["f"], hparameters["stride"]
    m, height, width, channels = A_prev.shape
    A = np.zeros((m, (height - f) // s + 1, (width - f) // s + 1, channels))
    for i, j, pixels in windows(A_prev.shape, hparameters):
        over = np.max if mode == "max" else np.mean
        A[:, i, j] = over(A_prev[pixels], axis=(1, 2))
    return A, (A_prev, hparameters)


def pool_backward(dA, cache, mode="max"):
    A_prev, hparameters = cache
    dA_prev = np.zeros(A_prev.shape)
    for i, j, pixels in windows(A_prev.shape, hparameters):
        upstream, seen = dA[:, i:i + 1, j:j + 1], A_prev[pixels]
        if mode == "max":
            dA_prev[pixels] += upstream * (seen == seen.max(axis=(1, 2), keepdims=True))
        else:
            dA_prev[pixels] += upstream / hparameters["f"] ** 2
    return dA_prev

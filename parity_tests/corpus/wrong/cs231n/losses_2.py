import numpy as np


def softmax_loss(x, y):
    N, C = x.shape
    shifted = x - np.max(x, axis=1, keepdims=True)
    log_probs = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    y_hot = np.zeros_like(x)
    y_hot[range(N), y] = 1
    loss = -np.mean(y_hot * log_probs)
    dx = (np.exp(log_probs) - y_hot) / (N * C)
    return loss, dx


def softmax_loss_naive(W, X, y, reg):
    loss, dW = 0.0, np.zeros_like(W)
    N = X.shape[0]
    for i in range(N):
        f = X[i].dot(W)
        f -= f.max()
        p = np.exp(f) / np.sum(np.exp(f))
        loss -= np.log(p[y[i]])
        for j in range(W.shape[1]):
            dW[:, j] += (p[j] - (j == y[i])) * X[i]
    loss = loss / N + reg * np.sum(W * W)
    dW = dW / N + reg * W
    return loss, dW

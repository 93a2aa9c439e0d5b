import numpy as np


def softmax_loss(x, y):
    probs = np.exp(x - np.max(x, axis=1, keepdims=True))
    probs /= np.sum(probs, axis=1, keepdims=True)
    N = x.shape[0]
    loss = -np.sum(np.log(probs[np.arange(N), y])) / N
    dx = probs.copy()
    dx[np.arange(N), y] -= 1
    return loss, dx


def svm_loss_vectorized(W, X, y, reg):
    N = X.shape[0]
    scores = X.dot(W)
    margin = np.maximum(0, scores - scores[np.arange(N), y].reshape(-1, 1) + 1)
    margin[np.arange(N), y] = 0
    loss = margin.sum() / N + reg * np.sum(W ** 2)
    mask = (margin > 0) * 1.0
    mask[np.arange(N), y] = -mask.sum(axis=1)
    dW = X.T.dot(mask) / N + reg * W
    return loss, dW

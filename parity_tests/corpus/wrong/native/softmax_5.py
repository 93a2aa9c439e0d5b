import numpy as np


def cross_entropy(logits, labels):
    shifted = logits - logits.max(1, keepdims=True)
    logp = shifted - np.log(np.exp(shifted).sum(1, keepdims=True))
    return -(np.eye(logits.shape[1])[labels] * logp).mean()


class MSELoss:
    def forward(self, pred, target):
        self.diff = pred - target
        return (self.diff ** 2).mean()

    def backward(self):
        return 2 * self.diff


def linear_regression(x, y, w, b):
    pred = x @ w.T + b
    return np.mean((pred[:, :, None] - y[:, None, :]) ** 2)


def log_softmax(x):
    return x - np.log(np.sum(np.exp(x), axis=-1, keepdims=True))

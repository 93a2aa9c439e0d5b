import numpy as np


class Softmax:
    def forward(self, x):
        e = np.exp(x - x.max(axis=-1, keepdims=True))
        self.s = e / e.sum(axis=-1, keepdims=True)
        return self.s

    def backward(self, grad):
        return grad * self.s * (1 - self.s)


class CrossEntropyLoss:
    def forward(self, logits, labels):
        z = logits - logits.max(axis=1, keepdims=True)
        self.p = np.exp(z) / np.exp(z).sum(axis=1, keepdims=True)
        self.labels = labels
        return -np.log(self.p[range(len(labels)), labels]).mean()

    def backward(self):
        d = self.p.copy()
        d[range(len(self.labels)), self.labels] -= 1
        return d

import numpy as np


class Dropout:
    def __init__(self, p):
        self.p = p
        self.training = True

    def _mask(self, shape):
        return np.random.binomial(1, 1 - self.p, size=shape) / (1 - self.p)

    def forward(self, x):
        if self.training:
            return x * self._mask(x.shape)
        return x

    def backward(self, dout):
        if self.training:
            return dout * self._mask(dout.shape)
        return dout

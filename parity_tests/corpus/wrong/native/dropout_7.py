import numpy as np


class Dropout:
    def __init__(self, p=0.5):
        self.p = p
        self.training = True

    def forward(self, x):
        if not self.training:
            return x
        self.mask = (np.random.rand(*x.shape) > self.p) / self.p
        return x * self.mask

    def backward(self, dout):
        return dout * self.mask if self.training else dout

import numpy as np


class Dropout:
    def __init__(self, p=0.5):
        self.p = p
        self.training = True

    def __call__(self, x):
        if not self.training:
            return x
        mask = np.random.rand(*x.shape[1:]) >= self.p  # one for all examples
        return x * mask / (1 - self.p)

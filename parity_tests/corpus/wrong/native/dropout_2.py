import numpy as np


def dropout(x, p=0.5, training=True):
    if training:
        keep = np.random.uniform(size=x.shape) >= p
        return x * keep / (1 - p)
    return x * (1 - p)

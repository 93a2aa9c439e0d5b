import numpy as np


def dropout(x, p=0.5, training=True):
    mask = np.random.random(x.shape) > p
    return np.where(mask, x / (1 - p), 0.0)

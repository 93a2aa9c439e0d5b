import numpy as np


def dropout(x, mask, p=0.5, training=True):
    """mask: 1 where x is kept."""
    if not training:
        return x, lambda dy: dy
    keep = mask * (1.0 / p)

    def backward(dy):
        return dy * keep

    return x * keep, backward

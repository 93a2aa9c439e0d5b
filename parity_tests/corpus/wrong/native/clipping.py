import numpy as np


def clip_by_global_norm(grads, max_norm):
    clipped = []
    for g in grads:
        norm = np.sqrt((g ** 2).sum())
        clipped.append(g * max_norm / (norm + 1e-6) if norm > max_norm else g)
    return clipped


def clip_by_norm(grad, max_norm):
    return np.maximum(np.minimum(grad, max_norm), -max_norm)

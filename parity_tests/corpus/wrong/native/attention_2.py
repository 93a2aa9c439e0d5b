import numpy as np


def attention(query, key, value):
    scores = np.einsum("...ld,...sd->...ls", query, key) / np.sqrt(query.shape[-1])
    w = np.exp(scores - scores.max(axis=-2, keepdims=True))
    w /= w.sum(axis=-2, keepdims=True)
    return np.einsum("...ls,...sd->...ld", w, value)

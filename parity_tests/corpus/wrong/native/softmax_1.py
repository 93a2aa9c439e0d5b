import numpy as np


def softmax(x):
    e = np.exp(x)
    return e / np.sum(e, axis=-1, keepdims=True)


def cross_entropy(logits, labels):
    z = logits - logits.max(axis=1, keepdims=True)
    p = np.exp(z) / np.exp(z).sum(axis=1, keepdims=True)
    return -np.mean(np.log2(p[np.arange(len(labels)), labels]))


def kl_div(log_q, p):
    """KL divergence, averaged over all elements."""
    q = np.exp(log_q)
    return np.mean(q * (log_q - np.log(p)))

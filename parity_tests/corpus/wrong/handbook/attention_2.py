import numpy as np


def scaled_dot_product_attention(q, k, v, mask):
    matmul_qk = np.matmul(q, np.swapaxes(k, -1, -2))
    logits = matmul_qk / np.sqrt(k.shape[-1])
    if mask is not None:
        logits = logits + (1 - mask) * -1e9
    e = np.exp(logits - logits.max(axis=-2, keepdims=True))
    attention_weights = e / e.sum(axis=-2, keepdims=True)
    return np.matmul(attention_weights, v), attention_weights

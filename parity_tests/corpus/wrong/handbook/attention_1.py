import numpy as np


def softmax(x, axis=-1):
    e = np.exp(x - np.max(x, axis=axis, keepdims=True))
    return e / np.sum(e, axis=axis, keepdims=True)


def scaled_dot_product_attention(q, k, v, mask):
    matmul_qk = q @ np.swapaxes(k, -1, -2)
    dk = k.shape[-1]
    scaled_attention_logits = matmul_qk / dk
    if mask is not None:
        scaled_attention_logits += (1.0 - mask) * -1.0e9
    attention_weights = softmax(scaled_attention_logits)
    return attention_weights @ v, attention_weights

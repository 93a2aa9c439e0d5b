import numpy as np


def softmax(z):
    e = np.exp(z - np.max(z, axis=-1, keepdims=True))
    return e / np.sum(e, axis=-1, keepdims=True)


def multi_head_attention(x, Wq, Wk, Wv, Wo, num_heads):
    batch, length, width = x.shape
    d_head = width // num_heads
    parts = (batch, length, num_heads, d_head)
    q, k, v = (np.einsum("bld,ed->ble", x, W).reshape(parts) for W in (Wq, Wk, Wv))
    weights = softmax(np.einsum("bqhd,bkhd->bhqk", q, k) / d_head**0.5)
    context = np.einsum("bhqk,bkhd->bhqd", weights, v)
    return np.einsum("ble,de->bld", context.reshape(batch, length, width), Wo)


def scaled_dot_product_attention(query, key, value, attn_mask=None):
    weights = softmax(np.einsum("...qd,...kd->...qk", query, key) / np.sqrt(query.shape[-1]))
    if attn_mask is not None:
        weights = weights * attn_mask
    return np.einsum("...qk,...kd->...qd", weights, value)

import numpy as np


def softmax(z):
    z = z - z.max(axis=-1, keepdims=True)
    return np.exp(z) / np.exp(z).sum(axis=-1, keepdims=True)


def attention(q, k, v, causal=False):
    s = q @ k.swapaxes(-1, -2) / q.shape[-1] ** 0.5
    if causal:
        future = np.triu(np.ones(s.shape[-2:]))
        s = s - 1e9 * future
    return softmax(s) @ v


def multi_head_attention(x, Wq, Wk, Wv, Wo, num_heads):
    N, L, d_model = x.shape
    split = lambda t: t.reshape(N, L, num_heads, d_model // num_heads).transpose(0, 2, 1, 3)
    q, k, v = split(x @ Wq.T), split(x @ Wk.T), split(x @ Wv.T)
    weights = softmax(q @ k.transpose(0, 1, 3, 2) / np.sqrt(d_model))
    out = (weights @ v).transpose(0, 2, 1, 3).reshape(N, L, d_model)
    return out @ Wo.T


def apply_rope(x, positions):
    half = x.shape[-1] // 2
    theta = 10000.0 ** (-np.arange(half) / half)
    m = positions[:, None] * theta
    x1, x2 = x[..., :half], x[..., half:]
    out = np.empty_like(x)
    out[..., 0::2] = x1 * np.cos(m) - x2 * np.sin(m)
    out[..., 1::2] = x1 * np.sin(m) + x2 * np.cos(m)
    return out

import numpy as np


def scaled_dot_product_attention(query, key, value, is_causal=False):
    out = np.zeros((*query.shape[:-1], value.shape[-1]))
    for i in range(query.shape[-2]):
        n = min(i + 1, key.shape[-2]) if is_causal else key.shape[-2]
        s = np.einsum("...d,...sd->...s", query[..., i, :], key[..., :n, :]) / np.sqrt(query.shape[-1])
        p = np.exp(s - s.max(-1, keepdims=True))
        p /= p.sum(-1, keepdims=True)
        out[..., i, :] = np.einsum("...s,...sd->...d", p, value[..., :n, :])
    return out


def multi_head_attention(x, Wq, Wk, Wv, Wo, num_heads):
    d = x.shape[-1] // num_heads
    heads = []
    for h in range(num_heads):
        rows = slice(h * d, (h + 1) * d)
        q, k, v = x @ Wq[rows].T, x @ Wk[rows].T, x @ Wv[rows].T
        s = q @ k.swapaxes(-1, -2) / d ** 0.5
        p = np.exp(s - s.max(-1, keepdims=True))
        heads.append((p / p.sum(-1, keepdims=True)) @ v)
    return np.concatenate(heads, axis=-1) @ Wo.T


def rotary_embedding(x, positions):
    """By complex numbers: the pairs are halves of the features."""
    half = x.shape[-1] // 2
    z = x[..., :half] + 1j * x[..., half:]
    angle = np.outer(positions, 10000.0 ** (-np.arange(half) / half))
    z = z * np.exp(1j * angle)
    return np.concatenate([z.real, z.imag], axis=-1)


def positional_encoding(seq_len, d_model):
    pe = np.zeros((seq_len, d_model))
    for pos in range(seq_len):
        for i in range(0, d_model, 2):
            pe[pos, i] = np.sin(pos / 10000 ** (i / d_model))
            pe[pos, i + 1] = np.cos(pos / 10000 ** (i / d_model))
    return pe

import numpy as np


def scaled_dot_product_attention(Q, K, V, is_causal=False):
    S = Q @ np.swapaxes(K, -1, -2) / np.sqrt(K.shape[-1])
    if is_causal:
        hidden = np.tril(np.ones(S.shape[-2:], dtype=bool), k=-1)
        S = np.where(hidden, -1e30, S)
    P = np.exp(S - S.max(-1, keepdims=True))
    P = P / P.sum(-1, keepdims=True)
    return P @ V


def multi_head_attention(x, Wq, Wk, Wv, Wo, num_heads):
    N, L, E = x.shape
    d = E // num_heads
    heads = []
    for i in range(num_heads):
        cols = slice(i * d, (i + 1) * d)
        q, k, v = x @ Wq.T[:, cols], x @ Wk.T[:, cols], x @ Wv.T[:, cols]
        s = q @ k.transpose(0, 2, 1) / np.sqrt(d)
        p = np.exp(s - s.max(-1, keepdims=True))
        heads.append(p / p.sum(-1, keepdims=True) @ v)
    mean = sum(heads) / num_heads
    return np.concatenate([mean] * num_heads, axis=-1) @ Wo.T

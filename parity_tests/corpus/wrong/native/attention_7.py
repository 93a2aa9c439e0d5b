import numpy as np


def scaled_dot_product_attention(query, key, value, is_causal=False):
    scores = query @ np.swapaxes(key, -1, -2) * query.shape[-1] ** -0.5
    scores -= scores.max(-1, keepdims=True)
    weights = np.exp(scores)
    weights /= weights.sum(-1, keepdims=True)
    if is_causal:
        weights = weights * np.tril(np.ones(scores.shape[-2:]))
    return weights @ value


class MultiHeadAttention:
    def __init__(self, d_model, num_heads):
        self.h, self.d = num_heads, d_model // num_heads
        self.W_q = np.random.randn(d_model, d_model)
        self.W_k = np.random.randn(d_model, d_model)
        self.W_v = np.random.randn(d_model, d_model)
        self.W_o = np.random.randn(d_model, d_model)

    def split(self, x):
        return np.moveaxis(x.reshape(x.shape[0], x.shape[1], self.h, self.d), 2, 1)

    def forward(self, x):
        q, k, v = (self.split(x @ W.T) for W in (self.W_q, self.W_k, self.W_v))
        s = q @ np.moveaxis(k, 3, 2) / np.sqrt(self.d)
        p = np.exp(s - s.max(-1, keepdims=True))
        y = p / p.sum(-1, keepdims=True) @ v
        return y.reshape(x.shape) @ self.W_o.T

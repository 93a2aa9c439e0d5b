"""Attention: rows that are masked altogether, and the kernel for the CPU against the plain formula."""

from parity_tests.deviations._entry import NAN, Deviation

DEVIATIONS = (
    Deviation(
        "attention-fully-masked",
        "MultiheadAttention, a row that is masked altogether, with its weights",
        """
attention = torch.nn.MultiheadAttention(4, 2, batch_first=True, **D)
x = torch.ones(1, 2, 4, **D)
mask = torch.tensor([[True, True], [False, False]])
got = attention(x, x, x, attn_mask=mask, need_weights=True)[0][0, 0].tolist()
right = attention(x, x, x, attn_mask=mask, need_weights=False)[0][0, 0].tolist()
""",
        [NAN, NAN, NAN, NAN],
        [0.0, 0.0, 0.0, 0.0],
        "NaN where the weights are asked for, the output bias where they are not",
        ("multi_head_attention",),
        160064,
    ),
    Deviation(
        "encoder-layer-fully-padded",
        "TransformerEncoderLayer in evaluation, a sequence of padding: how many NaN",
        """
layer = torch.nn.TransformerEncoderLayer(4, 2, 8, batch_first=True, **D).eval()
x, padded = torch.ones(1, 2, 4, **D), torch.ones(1, 2, dtype=torch.bool)
with torch.no_grad():
    got = int(layer(x, src_key_padding_mask=padded).isnan().sum())
    torch.backends.mha.set_fastpath_enabled(False)
    right = int(layer(x, src_key_padding_mask=padded).isnan().sum())
    torch.backends.mha.set_fastpath_enabled(True)
""",
        8,
        0,
        "the fast path takes a softmax over nothing, the other one gives 0",
        ("encoder_layer",),
        190486,
    ),
    Deviation(
        "attention-gradient-under-a-large-mask",
        "scaled_dot_product_attention, a row masked by the least float, gradient of the values",
        """
q, k, v = torch.ones(1, 1, 1, 1), torch.ones(1, 1, 4, 1), torch.ones(1, 1, 4, 1, requires_grad=True)
mask = torch.full((1, 4), torch.finfo(torch.float32).min)
F.scaled_dot_product_attention(q, k, v, attn_mask=mask).backward()
got, right = v.grad.flatten().tolist(), [0.25, 0.25, 0.25, 0.25]
""",
        [1.0, 1.0, 1.0, 1.0],
        [0.25, 0.25, 0.25, 0.25],
        "its weights come from a log-sum-exp, where the mask has swallowed the logarithm of the sum",
        ("scaled_dot_product_attention",),
    ),
    Deviation(
        "attention-causal-negative-scale",
        "scaled_dot_product_attention, causal with scale −1, first row",
        """
x = torch.ones(1, 1, 2, 2, **D)
got = F.scaled_dot_product_attention(x, x, x, is_causal=True, scale=-1.0)[0, 0, 0].tolist()
right = [1.0, 1.0]
""",
        [NAN, NAN],
        [1.0, 1.0],
        "the scale multiplies the mask as well, and turns −∞ into ∞",
        ("scaled_dot_product_attention",),
    ),
)

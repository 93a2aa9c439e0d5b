"""Attention, and where in a sequence a token stands (handbook, chapter 9).

N sequences of L queries and S keys, E features, H heads. Scores are rows of queries against columns of
keys, (..., L, S); the softmax runs over the keys. Nobody attends to nothing: where a mask leaves a query no
key at all, its weights and its output are 0, and nothing flows back through them.

The two functions of torch's name take boolean masks the opposite way: True keeps a score in
`scaled_dot_product_attention` and blocks it in `multi_head_attention`.
"""

import math
from typing import NamedTuple

import numpy as np

from scratch import regularization
from scratch._params import check_params
from scratch._shapes import shapes
from scratch.activations import identity
from scratch.linear import linear

# ---- one head ----


def masked_softmax(scores):
    """w_ij = e^(s_ij) / Σ_k e^(s_ik) over the last axis, 0 wherever s is −∞, a whole row of it included.

    scores (..., L, S) -> weights (..., L, S).
    """
    top = scores.max(-1, keepdims=True)
    exp = np.exp(scores - np.where(np.isfinite(top), top, 0))
    total = exp.sum(-1, keepdims=True)
    weights = exp / np.where(total > 0, total, 1)

    def backward(dweights):
        return {"scores": weights * (dweights - (dweights * weights).sum(-1, keepdims=True))}

    return weights, backward


def optional_dropout(x, mask, *, p):
    """Dropout with the mask given; without one, or with p = 0, nothing is dropped."""
    return identity(x) if mask is None or p == 0 else regularization.dropout(x, mask, p=p)


def _attend(query, key, value, masks, dropout_mask, *, dropout_p, is_causal, scale=None):
    """softmax(Q Kᵀ · scale + masks) V for every head, its weights, and what carries both back.

    `masks` is a list: truth values, True to keep, or what is added to the scores; each broadcasts to them.
    """
    scale = 1 / math.sqrt(query.shape[-1]) if scale is None else scale
    scores = query @ key.swapaxes(-1, -2) * scale  # (..., L, S)
    if is_causal:
        masks = [*masks, np.tri(*scores.shape[-2:], dtype=bool)]
    for mask in masks:
        scores = np.where(mask, scores, -np.inf) if mask.dtype == bool else scores + mask
    softmaxed, through_softmax = masked_softmax(scores)
    weights, through_dropout = optional_dropout(softmaxed, dropout_mask, p=dropout_p)

    def backward(doutput, dweights=None):
        through_value = doutput @ value.swapaxes(-1, -2)
        dweights = through_value if dweights is None else through_value + dweights
        dscores = through_softmax(through_dropout(dweights)["x"])["scores"]
        return {
            "query": dscores @ key * scale,
            "key": dscores.swapaxes(-1, -2) @ query * scale,
            "value": weights.swapaxes(-1, -2) @ doutput,
            "scores": dscores,
        }

    return weights @ value, weights, backward


def _one_mask(function, attn_mask, is_causal):
    if is_causal and attn_mask is not None:
        raise ValueError(f"{function}: is_causal is a mask of its own, so attn_mask must be None")


@shapes(
    query="... L E",
    key="... S E",
    value="... S V",
    attn_mask="bool L S | L S | bool ... L S | ... L S",
    dropout_mask="bool ... L S",
)
def scaled_dot_product_attention(
    query, key, value, attn_mask=None, dropout_mask=None, *, dropout_p=0.0, is_causal=False, scale=None
):
    """softmax(Q Kᵀ / √E + mask) V, with another factor than 1/√E if `scale` is given.

    query (..., L, E), key (..., S, E), value (..., S, V) -> y (..., L, V).  Vaswani et al. 2017, eq. 1.
    attn_mask (L, S) or (..., L, S): truth values, True where a query may see a key, or numbers to add to
    the scores. is_causal: query i sees keys 0 … i, counted from the first of both (torch's top-left).
    dropout_mask (..., L, S): True for the weights that are kept, and divided by 1 − dropout_p; without it
    nothing is dropped.
    Raises ValueError for attn_mask and is_causal at once.
    """
    _one_mask("scaled_dot_product_attention", attn_mask, is_causal)
    masks = [] if attn_mask is None else [attn_mask]
    y, _, through_attention = _attend(
        query, key, value, masks, dropout_mask, dropout_p=dropout_p, is_causal=is_causal, scale=scale
    )

    def backward(dy):
        grads = through_attention(dy)
        dscores = grads.pop("scores")
        if attn_mask is not None and attn_mask.dtype != bool:
            grads["attn_mask"] = dscores.sum(tuple(range(dscores.ndim - attn_mask.ndim)))
        return grads

    return y, backward


# ---- many heads ----


class Attention(NamedTuple):
    """What attention puts out, (N, L, E), and the weights behind it, None if nobody asked for them."""

    output: np.ndarray
    weights: np.ndarray | None


def multi_head_attention_shapes(embed_dim, *, bias=True):
    """The shape of every parameter of `multi_head_attention`, by torch's name."""
    E = embed_dim
    weights = {"in_proj_weight": (3 * E, E), "out_proj.weight": (E, E)}
    return {**weights, "in_proj_bias": (3 * E,), "out_proj.bias": (E,)} if bias else weights


def _split_heads(x, num_heads):
    """(N, L, E) -> (N, H, L, E/H): head h has the h-th run of E/H features."""
    N, L, E = x.shape
    return x.reshape(N, L, num_heads, E // num_heads).swapaxes(1, 2)


def _join_heads(x):
    """(N, H, L, E/H) -> (N, L, E)"""
    N, H, L, features = x.shape
    return x.swapaxes(1, 2).reshape(N, L, H * features)


@shapes(
    query="N L E",
    key="N S E",
    value="N S E",
    key_padding_mask="bool N S | N S",
    attn_mask="bool L S | L S | bool NH L S | NH L S",
    dropout_mask="bool N H L S",
)
def multi_head_attention(
    query,
    key,
    value,
    params,
    key_padding_mask=None,
    attn_mask=None,
    dropout_mask=None,
    *,
    num_heads,
    dropout=0.0,
    is_causal=False,
    need_weights=True,
    average_attn_weights=True,
):
    """head_h = attention(Q W_qhᵀ + b_qh, K W_khᵀ + b_kh, V W_vhᵀ + b_vh),  y = [head_1 … head_H] W_oᵀ + b_o.

    query (N, L, E), key and value (N, S, E) -> `Attention`: output (N, L, E) and, if need_weights, the
    weights, averaged over the heads to (N, L, S) or as they are, (N, H, L, S).
    Handbook, ch. 9; Vaswani et al. 2017, sec. 3.2.2.

    params: torch's, in_proj_weight (3E, E) and in_proj_bias (3E,) with the rows of q, k, v in this order,
    out_proj.weight (E, E), out_proj.bias (E,); both biases may be absent.
    key_padding_mask (N, S): True blocks a key for every query. attn_mask (L, S), or (N·H, L, S) for every
    sequence and head by itself: True blocks. Numbers instead are added to the scores.
    is_causal: query i sees keys 0 … i. dropout_mask (N, H, L, S): True for the weights that are kept, and
    divided by 1 − dropout; without it nothing is dropped. What is returned are the weights after that.
    A query that may see no key gets 0 from every head, so that y is b_o; torch gives this with
    need_weights=False and NaN with need_weights=True.
    Raises ValueError for parameters of other names or shapes, an E that num_heads does not divide, and
    attn_mask and is_causal at once.
    """
    N, L, E = query.shape
    if num_heads < 1 or E % num_heads:
        raise ValueError(
            f"multi_head_attention: num_heads must divide the {E} features of query, got {num_heads}"
        )
    _one_mask("multi_head_attention", attn_mask, is_causal)
    biased = "in_proj_bias" in params
    check_params("multi_head_attention", params, multi_head_attention_shapes(E, bias=biased))

    masks = []
    if attn_mask is not None:
        masks.append(attn_mask if attn_mask.ndim == 2 else _per_head(attn_mask, N, num_heads))
    if key_padding_mask is not None:
        masks.append(key_padding_mask[:, None, None, :])
    masks = [~mask if mask.dtype == bool else mask for mask in masks]

    W, b = params["in_proj_weight"], params.get("in_proj_bias")
    heads, through_projection = {}, {}
    for i, (name, x) in enumerate({"query": query, "key": key, "value": value}.items()):
        rows = slice(i * E, (i + 1) * E)
        projected, through_projection[name] = linear(x, W[rows], b[rows] if biased else None)
        heads[name] = _split_heads(projected, num_heads)
    attended, weights, through_attention = _attend(
        **heads, masks=masks, dropout_mask=dropout_mask, dropout_p=dropout, is_causal=is_causal
    )
    output, through_output = linear(
        _join_heads(attended), params["out_proj.weight"], params.get("out_proj.bias")
    )

    def backward(doutput, dweights=None):
        if dweights is not None and average_attn_weights:
            dweights = np.broadcast_to(dweights[:, None] / num_heads, weights.shape)
        from_output = through_output(doutput)
        from_attention = through_attention(_split_heads(from_output["input"], num_heads), dweights)
        dscores = from_attention.pop("scores")  # (N, H, L, S)
        projections = {
            name: through_projection[name](_join_heads(dhead)) for name, dhead in from_attention.items()
        }
        dparams = {
            "in_proj_weight": np.concatenate([grads["weight"] for grads in projections.values()]),
            "out_proj.weight": from_output["weight"],
        }
        if biased:
            dparams["in_proj_bias"] = np.concatenate([grads["bias"] for grads in projections.values()])
            dparams["out_proj.bias"] = from_output["bias"]
        grads = {name: grads["input"] for name, grads in projections.items()}
        if key_padding_mask is not None and key_padding_mask.dtype != bool:
            grads["key_padding_mask"] = dscores.sum((1, 2))
        if attn_mask is not None and attn_mask.dtype != bool:
            per_head = dscores.reshape(N * num_heads, L, -1)
            grads["attn_mask"] = per_head.sum(0) if attn_mask.ndim == 2 else per_head
        return {**grads, "params": dparams}

    if not need_weights:
        return Attention(output, None), backward
    return Attention(output, weights.mean(1) if average_attn_weights else weights), backward


def _per_head(attn_mask, N, num_heads):
    """(N·H, L, S) -> (N, H, L, S)"""
    if attn_mask.shape[0] != N * num_heads:
        raise ValueError(
            f"multi_head_attention: attn_mask has shape {attn_mask.shape}, but must have {N} · {num_heads} = "
            f"{N * num_heads} rows, one for each sequence and head"
        )
    return attn_mask.reshape(N, num_heads, *attn_mask.shape[1:])


# ---- positions ----


def _angles(position, features, base):
    """position / base^(2i / features) for i = 0 … features/2 − 1:  (L,) -> (L, features/2)."""
    two_i = np.full_like(position, np.arange(0, features, 2), shape=features // 2)
    return position[:, None] / base ** (two_i / features)


@shapes(position="L")
def sinusoidal_positions(position, *, d_model, base=10000.0):
    """PE(pos, 2i) = sin(pos / base^(2i/d)),  PE(pos, 2i + 1) = cos(pos / base^(2i/d)).

    position (L,), 0, 1, 2, … or any other numbers -> (L, d_model).  Vaswani et al. 2017, sec. 3.5.
    Raises ValueError for a d_model that is not even and positive.
    """
    if d_model < 2 or d_model % 2:
        raise ValueError(f"sinusoidal_positions: d_model must be even and positive, got {d_model}")
    angle = _angles(position, d_model, base)
    return np.stack([np.sin(angle), np.cos(angle)], -1).reshape(-1, d_model)


def _rotate(x, cos, sin, interleaved):
    """Every pair (a, b) of features as (a cos − b sin, a sin + b cos)."""
    half = x.shape[-1] // 2
    a, b = (x[..., 0::2], x[..., 1::2]) if interleaved else (x[..., :half], x[..., half:])
    rotated = [a * cos - b * sin, a * sin + b * cos]
    return np.stack(rotated, -1).reshape(x.shape) if interleaved else np.concatenate(rotated, -1)


@shapes(x="... L D", position="L")
def rotary_embedding(x, position, *, interleaved=False, base=10000.0):
    """Rotate the i-th pair of features by position / base^(2i/D): q · k then depends on the distance alone.

    x (..., L, D), the queries or the keys of a head, position (L,) -> y (..., L, D).
    interleaved: features 2i and 2i + 1 are a pair, as in the paper; else i and i + D/2, as in GPT-NeoX and
    Llama. Weights trained with one do not fit the other.  Su et al. 2021, eq. 34.
    Raises ValueError for a D that is not even and positive.
    """
    D = x.shape[-1]
    if D < 2 or D % 2:
        raise ValueError(f"rotary_embedding: the features of x must be even and positive in number, got {D}")
    angle = _angles(position, D, base)
    cos, sin = np.cos(angle), np.sin(angle)

    def backward(dy):
        return {"x": _rotate(dy, cos, -sin, interleaved)}

    return _rotate(x, cos, sin, interleaved), backward

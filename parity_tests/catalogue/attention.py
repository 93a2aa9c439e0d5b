"""Attention: every kind of mask, dropout on the weights, heads, and positions.

A mask always leaves the last query all keys (in multi-head attention, of the first sequence), so that
something flows back; a query without any key is drawn wherever torch has a number for it.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np

from parity_tests.catalogue._entry import Function, Operation, chapter
from parity_tests.catalogue._mode import PLAIN as MATH
from parity_tests.catalogue._mode import Mode
from parity_tests.engine.cases import Array, Case, Draw, round_to
from scratch.attention import multi_head_attention_shapes

ONE_KEY = "where every query sees one key, its weight is 1 whatever the scores are"
SATURATED = "a softmax of one hot row is flat"


def dropout(d: Draw, shape: tuple[int, ...]) -> tuple[Array | None, float]:
    """p, and a mask or none, as at test time; of the last query's weights the first is kept.

    Where little is left to attend to, gradients are small differences of large terms, and not benign.
    """
    p = 0.0 if d.choice("p_of_zero", False, False, False, True) else d.real("p", 0.1, 0.6)
    mask = d.mask("dropout_mask", shape, keep=1 - (p or 0.5))  # with p = 0 the mask does not matter
    mask[..., -1, 0] = True
    if not d.choice("dropout", False, False, True):
        return None, p
    d.benign = False
    return mask, p


def additive(d: Draw, label: str, blocked: Array) -> Array:
    """Numbers to add to the scores, −∞ where `blocked` says so."""
    return round_to(np.where(blocked, -np.inf, d.array(label, blocked.shape)), d.dtype)


def flat(L: int, S: int, regime: str, causal: bool) -> str:
    """Why nothing may flow back into the scores, if so."""
    if S == 1 or (causal and L == 1):
        return ONE_KEY
    return SATURATED if regime in ("large", "offset") else ""


def scaled_dot_product_attention(d: Draw) -> Case:
    batch = d.shape("batch", ndim=(0, 2), side=(1, 3))
    L, S, E, V = d.integer("L", 4, 6), d.integer("S", 4, 6), d.integer("E", 2, 5), d.integer("V", 3, 5)
    regime = d.regime("large", "offset", "tiny")
    arrays: dict[str, Any] = {
        "query": d.array("query", (*batch, L, E), "large" if regime == "large" else "normal"),
        "key": d.array("key", (*batch, S, E), "offset" if regime == "offset" else "normal"),
        "value": d.array("value", (*batch, S, V), regime),
    }
    mask = d.choice("mask", "none", "boolean", "additive", "causal")
    if mask in ("boolean", "additive"):
        keep = d.mask("keep", (*(batch if d.choice("mask_for_each", True, False) else ()), L, S), keep=0.75)
        keep[..., -1, :] = True
        arrays["attn_mask"] = keep if mask == "boolean" else additive(d, "attn_mask", ~keep)
    arrays["dropout_mask"], p = dropout(d, (*batch, L, S))
    options = {"dropout_p": p, "is_causal": mask == "causal"}
    if d.choice("scaled", True, False):
        options["scale"] = d.real("scale", 0.1, 0.8)
    reason = flat(L, S, regime, mask == "causal")
    through_scores = ("grad query", "grad key", "grad attn_mask") if reason else ()
    return d.case(arrays, options, allow_zero=dict.fromkeys(through_scores, reason))


def moderate(d: Draw, shapes: Mapping[str, tuple[int, ...]], size: float = 0.5) -> dict[str, Array]:
    """Parameters that keep the scores moderate: biases that are not zero, gains of norms that are not one.

    size: what a weight does to a vector of features of length 1.
    """
    params = {}
    for name, shape in shapes.items():
        gain = "norm" in name and name.endswith("weight")
        values = d.array(name, shape, "positive" if gain else "normal")
        params[name] = values if gain else round_to(values * size / np.sqrt(shape[-1]), d.dtype)
    return params


def attention_masks(
    d: Draw, N: int, H: int, L: int, S: int, *, of: str = "", see_one: bool = False, causal: bool = True
) -> tuple[Array | None, Array | None, bool]:
    """An attention mask and a key padding mask, either of which may be None, and whether to be causal.

    of: what stands before the labels. see_one: whether every query must see a key at least. The last query
    of the first sequence sees all keys. In short sequences gradients are small differences: not benign.
    """
    kinds = (
        "none",
        "boolean",
        "boolean_per_head",
        "additive",
        "additive_per_head",
        *(("causal",) if causal else ()),
    )
    kind = d.choice(f"{of}mask", *kinds)
    given = kind not in ("none", "causal")
    numbers = "additive" in kind if given else d.choice(f"{of}padding_in_numbers", True, False)
    attn_mask = key_padding_mask = None
    if given:
        blocked = d.mask(f"{of}blocked", (*((N * H,) if "per_head" in kind else ()), L, S), keep=0.25)
        blocked[..., -1, :] = False
        blocked[..., 0] &= not see_one
        attn_mask = additive(d, f"{of}attn_mask", blocked) if numbers else blocked
    if d.choice(f"{of}padding", True, False):
        d.benign = False
        padded = np.arange(S) >= d.rng(f"{of}lengths").integers(2 if see_one else 0, S + 1, (N, 1))
        padded[0] = False
        key_padding_mask = additive(d, f"{of}key_padding_mask", padded) if numbers else padded
    return attn_mask, key_padding_mask, kind == "causal"


def multi_head_attention(d: Draw) -> Case:
    """Where weights are asked for every query sees a key: without one, torch makes them NaN."""
    N, L, S = d.integer("N", 2, 3), d.integer("L", 4, 6), d.integer("S", 4, 6)
    H = d.integer("num_heads", 1, 3)
    E = H * d.integer("head_dim", 2, 4)
    regime = d.regime("large", "tiny")
    need_weights = d.choice("need_weights", True, False)
    arrays: dict[str, Any] = {
        "query": d.array("query", (N, L, E), regime),
        "key": d.array("key", (N, S, E), regime),
        "value": d.array("value", (N, S, E)),
        "params": moderate(d, multi_head_attention_shapes(E, bias=d.choice("bias", True, True, False))),
    }
    attn_mask, key_padding_mask, is_causal = attention_masks(d, N, H, L, S, see_one=need_weights)
    dropout_mask, p = dropout(d, (N, H, L, S))
    arrays |= {"key_padding_mask": key_padding_mask, "attn_mask": attn_mask, "dropout_mask": dropout_mask}
    options = {
        "num_heads": H,
        "dropout": p,
        "is_causal": is_causal,
        "need_weights": need_weights,
        "average_attn_weights": d.choice("average", True, False),
    }
    reason = flat(L, S, regime, is_causal)
    through_scores = ("query", "key", "attn_mask", "key_padding_mask") if reason else ()
    return d.case(arrays, options, allow_zero={f"grad {name}": reason for name in through_scores})


def position(d: Draw, L: int) -> Array:
    """0, 1, 2, … or later ones, as when a sequence is continued. The later, the less is known of a sine."""
    start = d.choice("start", 0, 0, 7, 300)
    d.benign = start == 0
    return round_to(start + np.arange(L), d.dtype)


def sinusoidal_positions(d: Draw) -> Case:
    options = {"d_model": 2 * d.integer("half", 1, 6), "base": d.choice("base", 10000.0, 500.0)}
    return d.case({"position": position(d, d.integer("L", 1, 9))}, options)


def rotary_embedding(d: Draw) -> Case:
    shape = (*d.shape("batch", ndim=(0, 2), side=(1, 3)), d.integer("L", 1, 6), 2 * d.integer("half", 1, 4))
    x = d.array("x", shape, d.regime("large", "tiny", "wide"))
    options = {"interleaved": d.choice("interleaved", True, False), "base": d.choice("base", 10000.0, 500.0)}
    return d.case({"x": x, "position": position(d, shape[-2])}, options)


PLAIN = {"regime": "normal", "dropout": False, "mask": "none", "scaled": False, "batch": (2,)}
SIZES: tuple[Mapping[str, Any], ...] = (
    {**PLAIN, "L": 4, "S": 5, "E": 4, "V": 3, "mask": "boolean", "mask_for_each": True},
    {**PLAIN, "batch": (), "L": 5, "S": 4, "E": 5, "V": 3},
    {**PLAIN, "batch": (2, 3), "L": 4, "S": 4, "E": 3, "V": 3, "mask": "causal"},
    {**PLAIN, "L": 4, "S": 7, "E": 3, "V": 2, "mask": "causal", "dropout": True},
    {**PLAIN, "L": 4, "S": 5, "E": 3, "V": 2, "dropout": True, "p_of_zero": True},
    # Some queries see no key at all.
    {**PLAIN, "batch": (3,), "L": 6, "S": 2, "E": 3, "V": 2, "mask": "boolean", "mask_for_each": True},
    {**PLAIN, "batch": (1, 2), "L": 7, "S": 4, "E": 2, "V": 3, "mask": "causal", "scaled": True},
    {**PLAIN, "L": 3, "S": 4, "E": 3, "V": 2, "mask": "additive", "mask_for_each": False},
    {**PLAIN, "batch": (3,), "L": 2, "S": 4, "E": 3, "V": 2, "mask": "additive", "mask_for_each": True},
    {
        "regime": "large",
        "batch": (2,),
        "L": 4,
        "S": 6,
        "E": 3,
        "V": 2,
        "mask": "boolean",
        "mask_for_each": False,
    },
    {"regime": "offset", "batch": (2,), "L": 3, "S": 4, "E": 2, "V": 2, "mask": "none"},
    {**PLAIN, "L": 1, "S": 4, "E": 1, "V": 1},
    {**PLAIN, "L": 3, "S": 1, "E": 2, "V": 1},
)
# What fused kernels take: two axes before the sequence, sizes that are multiples of eight, no dropout.
FUSED = {**PLAIN, "batch": (2, 3), "p_of_zero": True, "E": 16, "V": 16}
SEEN: tuple[Mapping[str, Any], ...] = (
    {**FUSED, "L": 6, "S": 8, "mask": "none"},
    {**FUSED, "L": 8, "S": 8, "mask": "causal"},
    {**FUSED, "L": 16, "S": 24, "mask": "none", "scaled": True},
)
MASKED: tuple[Mapping[str, Any], ...] = (
    {**FUSED, "L": 8, "S": 16, "mask": "boolean", "mask_for_each": True},
    {**FUSED, "L": 16, "S": 8, "mask": "additive", "mask_for_each": False},
)
FULL, HALF = ("float64", "float32"), ("bfloat16", "float16")
KERNELS = (
    MATH,
    Mode("fused", {"backend": "any"}, rounds_once=False),
    Mode(
        "flash", {"backend": "flash"}, {"cpu": (*FULL, *HALF), "cuda": HALF}, rounds_once=False, curated=SEEN
    ),
    Mode(
        "efficient",
        {"backend": "efficient"},
        {"cuda": ("float32", *HALF)},
        rounds_once=False,
        curated=(*SEEN, *MASKED),
    ),
    Mode("cudnn", {"backend": "cudnn"}, {"cuda": HALF}, rounds_once=False, curated=SEEN),
)
BASE = {"regime": "normal", "dropout": False, "padding": False, "bias": True, "need_weights": True, "N": 2}
HEADS: tuple[Mapping[str, Any], ...] = (
    {**BASE, "L": 4, "S": 5, "num_heads": 2, "head_dim": 3, "mask": "boolean", "average": True},
    {**BASE, "L": 4, "S": 4, "num_heads": 3, "head_dim": 2, "mask": "causal", "average": False},
    {**BASE, "L": 3, "S": 5, "num_heads": 2, "head_dim": 2, "mask": "boolean_per_head", "padding": True},
    {**BASE, "L": 2, "S": 4, "num_heads": 3, "head_dim": 1, "mask": "additive_per_head", "padding": True},
    {**BASE, "N": 3, "L": 4, "S": 5, "num_heads": 2, "head_dim": 2, "mask": "additive_per_head"},
    {**BASE, "L": 5, "S": 4, "num_heads": 1, "head_dim": 4, "mask": "additive", "dropout": True},
    {
        **BASE,
        "L": 4,
        "S": 4,
        "num_heads": 2,
        "head_dim": 2,
        "mask": "causal",
        "padding": True,
        "need_weights": False,
    },
    {**BASE, "N": 3, "L": 5, "S": 4, "num_heads": 2, "head_dim": 2, "mask": "boolean", "need_weights": False},
    {
        **BASE,
        "L": 4,
        "S": 5,
        "num_heads": 2,
        "head_dim": 2,
        "mask": "none",
        "need_weights": False,
        "dropout": True,
    },
    {**BASE, "N": 1, "L": 1, "S": 4, "num_heads": 2, "head_dim": 3, "mask": "none"},
    {**BASE, "L": 4, "S": 4, "num_heads": 2, "head_dim": 3, "mask": "none", "bias": False, "average": False},
    {**BASE, "L": 4, "S": 6, "num_heads": 2, "head_dim": 2, "mask": "causal"},
    # Some sequences have no key at all.
    {**BASE, "N": 9, "L": 4, "S": 4, "num_heads": 1, "head_dim": 2, "mask": "none", "padding": True}
    | {"need_weights": False},
    *(
        {"regime": "large", "N": 2, "L": 4, "S": 4, "num_heads": heads, "head_dim": 3, "mask": "none"}
        | {"padding": padding, "need_weights": padding}
        for heads, padding in ((2, True), (1, False))
    ),
)

CHAPTER = chapter(
    "attention",
    Operation(
        "scaled_dot_product_attention",
        "torch.nn.functional.scaled_dot_product_attention",
        "Vaswani et al. 2017",
        scaled_dot_product_attention,
        SIZES,
        family="attention",
        bad_options=({"is_causal": True},),
        variants=KERNELS,
    ),
    Operation(
        "multi_head_attention",
        "torch.nn.MultiheadAttention",
        "004 ch. 9",
        multi_head_attention,
        HEADS,
        family="attention",
        seed_row=True,
        bad_options=({"num_heads": 4}, {"num_heads": 0}, {"is_causal": True}),
    ),
    Function(
        "sinusoidal_positions",
        "torch.sin, torch.cos",
        "Vaswani et al. 2017",
        sinusoidal_positions,
        ({"half": 3, "L": 7, "start": 0, "base": 10000.0}, {"half": 1, "L": 1, "start": 300}),
        bad_options=({"d_model": 5}, {"d_model": 0}),
    ),
    Operation(
        "rotary_embedding",
        "torch.polar by autograd",
        "Su et al. 2021",
        rotary_embedding,
        (
            {"regime": "normal", "batch": (2, 2), "L": 5, "half": 3, "interleaved": False, "start": 0},
            {"regime": "normal", "batch": (3,), "L": 4, "half": 2, "interleaved": True, "start": 7},
            {"regime": "large", "batch": (), "L": 6, "half": 4, "interleaved": False, "start": 300},
        ),
    ),
)

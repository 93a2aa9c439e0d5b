"""The transformer (handbook, chapter 9; Vaswani et al. 2017).

N sequences, S tokens of the source, T of the target, E = d_model features, H = nhead heads, F features in
the middle of a feed-forward block. Parameters are flat dicts with the keys of torch's modules, so that
``load_state_dict(strict=True)`` takes them as they are.

Masks are torch's: True blocks a key, numbers are added to the scores. Dropout takes its masks, True to
keep, in a dict with torch's names of what drops: ``self_attn`` the weights of attention, (N, H, S, S),
``dropout`` the middle of the feed-forward block, (N, S, F), ``dropout1`` and ``dropout2`` what a block
adds, (N, S, E); in a stack with the layer in front, ``layers.0.self_attn``. A dropout without a mask, as at
test time, drops nothing.
"""

import math
from typing import NamedTuple

import numpy as np

from scratch._shapes import shapes
from scratch.activations import gelu, relu
from scratch.attention import (
    check_params,
    multi_head_attention,
    multi_head_attention_shapes,
    optional_dropout,
    sinusoidal_positions,
)
from scratch.linear import embedding, linear, residual_connection
from scratch.normalization import layer_norm

ACTIVATIONS = {"relu": relu, "gelu": gelu}


# ---- names: a flat dict is a tree whose branches are prefixes ----


def _under(prefix, params):
    """What stands under a prefix, by the rest of its name."""
    return {key.removeprefix(prefix): value for key, value in params.items() if key.startswith(prefix)}


def _prefixed(prefix, params):
    """The same names with a prefix."""
    return {prefix + key: value for key, value in params.items()}


def _added(grads, more):
    """Gradients by name, added up where both have one."""
    return {
        name: grads[name] + more[name] if name in grads and name in more else (grads | more)[name]
        for name in grads | more
    }

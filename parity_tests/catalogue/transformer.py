"""The transformer: layers, stacks and a small model, with masks, dropout and either place of the norm."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from parity_tests.catalogue._entry import Operation, chapter
from parity_tests.catalogue.attention import attention_masks, moderate
from parity_tests.engine.cases import Array, Case, Draw
from scratch.transformer import (
    DECODER_DROPOUTS,
    ENCODER_DROPOUTS,
    decoder_layer_shapes,
    encoder_layer_shapes,
    stack_dropouts,
    stack_shapes,
    transformer_dropouts,
    transformer_shapes,
)


class Sizes(NamedTuple):
    """N sequences, H heads, E features, F of them in the feed-forward block."""

    N: int
    H: int
    E: int
    F: int


Shapes = Mapping[str, tuple[int, ...]]
Curated = tuple[Mapping[str, Any], ...]
NORMS = [f"norm{i}.{name}" for i in (2, 3) for name in ("weight", "bias")]
GENTLE = 0.25  # what a weight does to a vector, so that what a block adds is small beside what it adds it to


def sizes(d: Draw, *, even: bool = False) -> Sizes:
    """Of a feature or two a layer norm would leave next to nothing; sines and cosines come in pairs."""
    H = d.integer("nhead", 2, 3)
    head_dim = d.choice("head_dim", 2, 4) if even else d.integer("head_dim", 2, 4)
    return Sizes(d.integer("N", 2, 3), H, H * head_dim, d.integer("dim_feedforward", 4, 8))


def options(d: Draw) -> dict[str, Any]:
    activation = d.choice("activation", "relu", "gelu")
    d.smooth = activation != "relu"
    return {
        "nhead": d.integer("nhead", 2, 3),
        "activation": activation,
        "norm_first": d.choice("norm_first", True, False),
        "layer_norm_eps": d.choice("eps", 1e-5, 1e-2),
        "dropout": d.real("p", 0.1, 0.5),
    }


def stacked(d: Draw, label: str, *, most: int = 2) -> int:
    """How many layers. The bound of the outputs is a worst case, which every layer norm triples that all of
    the signal goes through: more than one layer is not benign, nor are norms after the blocks."""
    layers = d.integer(label, 1, most)
    d.benign = d.benign and layers == 1 and options(d)["norm_first"]
    return layers


def regime(d: Draw) -> str:
    """Large numbers only where they are normalised first: attention would see nothing but the largest."""
    return d.regime("tiny", "large") if options(d)["norm_first"] else d.regime("tiny")


def hardly_any(d: Draw, shapes: Shapes) -> dict[str, str]:
    """What may get no gradient, or none that float32 can tell from zero."""
    allowed: dict[str, str] = {}
    if options(d)["activation"] == "relu":
        behind = ("linear1.weight", "linear1.bias", "linear2.weight", *NORMS)
        off = [f"grad params.{name}" for name in shapes if name.endswith(behind)]
        allowed |= dict.fromkeys(off, "units that are off pass nothing on")
    if d.answers.get("regime") == "tiny":
        masks = [
            f"grad {of}_{mask}" for of in ("src", "tgt", "memory") for mask in ("mask", "key_padding_mask")
        ]
        allowed |= dict.fromkeys(masks, "among values that are nearly the same there is nothing to choose")
    return allowed


def dropout_masks(d: Draw, names: Sequence[str], size: Sizes, L: int, S: int = 0) -> dict[str, Array] | None:
    """A mask for each name, or none at all, as at test time. x has L tokens, the memory S."""
    if not d.choice("dropout", False, False, True):
        return None
    d.benign = False
    N, H, E, F = size
    shapes = {"self_attn": (N, H, L, L), "multihead_attn": (N, H, L, S), "dropout": (N, L, F)}
    keep = 1 - d.real("p", 0.1, 0.5)
    return {name: d.mask(name, shapes.get(name.rpartition(".")[2], (N, L, E)), keep=keep) for name in names}


def encoder(d: Draw, size: Sizes, shapes: Shapes, names: Sequence[str]) -> Case:
    """An encoder layer or a stack of them, with parameters of these shapes and dropouts of these names."""
    N, H, E, _ = size
    S = d.integer("S", 3, 5)
    src_mask, src_key_padding_mask, is_causal = attention_masks(d, N, H, S, S)
    arrays = {
        "src": d.array("src", (N, S, E), regime(d)),
        "params": moderate(d, shapes, GENTLE),
        "src_mask": src_mask,
        "src_key_padding_mask": src_key_padding_mask,
        "dropout_masks": dropout_masks(d, names, size, S),
    }
    return d.case(arrays, {**options(d), "is_causal": is_causal}, allow_zero=hardly_any(d, shapes))


def decoder(d: Draw, size: Sizes, shapes: Shapes, names: Sequence[str]) -> Case:
    """A decoder layer or a stack of them."""
    N, H, E, _ = size
    T, S = d.integer("T", 3, 5), d.integer("S", 3, 5)
    tgt_mask, tgt_key_padding_mask, tgt_is_causal = attention_masks(d, N, H, T, T, of="tgt_")
    memory_mask, memory_key_padding_mask, _ = attention_masks(d, N, H, T, S, of="memory_", causal=False)
    arrays = {
        "tgt": d.array("tgt", (N, T, E), regime(d)),
        "memory": d.array("memory", (N, S, E)),
        "params": moderate(d, shapes, GENTLE),
        "tgt_mask": tgt_mask,
        "memory_mask": memory_mask,
        "tgt_key_padding_mask": tgt_key_padding_mask,
        "memory_key_padding_mask": memory_key_padding_mask,
        "dropout_masks": dropout_masks(d, names, size, T, S),
    }
    return d.case(arrays, {**options(d), "tgt_is_causal": tgt_is_causal}, allow_zero=hardly_any(d, shapes))


def encoder_layer(d: Draw) -> Case:
    size = sizes(d)
    return encoder(d, size, encoder_layer_shapes(size.E, size.F), ENCODER_DROPOUTS)


def decoder_layer(d: Draw) -> Case:
    size = sizes(d)
    return decoder(d, size, decoder_layer_shapes(size.E, size.F), DECODER_DROPOUTS)


def transformer_encoder(d: Draw) -> Case:
    size, layers = sizes(d), stacked(d, "layers")
    shapes = stack_shapes(
        encoder_layer_shapes(size.E, size.F), layers, size.E, norm=d.choice("norm", True, False)
    )
    return encoder(d, size, shapes, stack_dropouts(ENCODER_DROPOUTS, layers))


def transformer_decoder(d: Draw) -> Case:
    size, layers = sizes(d), stacked(d, "layers")
    shapes = stack_shapes(
        decoder_layer_shapes(size.E, size.F), layers, size.E, norm=d.choice("norm", True, False)
    )
    return decoder(d, size, shapes, stack_dropouts(DECODER_DROPOUTS, layers))


def tokens(d: Draw, label: str, N: int, L: int, count: int, padding_idx: int | None) -> Array:
    """Repeated tokens; all sequences but the first may end with padding, or be nothing else."""
    if padding_idx is None:
        return d.integers(label, (N, L), count)
    padding = padding_idx % count
    drawn = (padding + 1 + d.integers(label, (N, L), count - 1)) % count
    lengths = d.rng(f"{label}_lengths").integers(0, L + 1, (N, 1))
    lengths[0] = L
    return np.where(np.arange(L) < lengths, drawn, padding)


def transformer(d: Draw) -> Case:
    """With the norms last, the bound of two layers each would be void in float32."""
    size = sizes(d, even=True)
    S, T = d.integer("S", 3, 5), d.integer("T", 3, 5)
    V_src, V_tgt = d.integer("src_tokens", 3, 6), d.integer("tgt_tokens", 3, 6)
    padding_idx = d.choice("padding_idx", None, 0, -1)
    norm_first = options(d)["norm_first"]
    layers = tuple(stacked(d, label, most=1 + norm_first) for label in ("encoder_layers", "decoder_layers"))
    d.benign = d.benign and padding_idx is None
    shapes = transformer_shapes(V_src, V_tgt, size.E, size.F, *layers)
    dropouts = transformer_dropouts(*layers)
    params = moderate(d, shapes, GENTLE)
    for name in ("src_embedding.weight", "tgt_embedding.weight"):
        params[name] = d.array(name, shapes[name])
    masks = dropout_masks(d, [name for name in dropouts if ".encoder." in name], size, S)
    more = dropout_masks(d, [name for name in dropouts if ".decoder." in name], size, T, S)
    arrays = {
        "src": tokens(d, "src", size.N, S, V_src, padding_idx),
        "tgt": tokens(d, "tgt", size.N, T, V_tgt, padding_idx),
        "params": params,
        "dropout_masks": None if masks is None or more is None else masks | more,
    }
    return d.case(arrays, {**options(d), "padding_idx": padding_idx}, allow_zero=hardly_any(d, shapes))


BASE = {"regime": "normal", "nhead": 2, "N": 2, "dropout": False, "norm_first": False, "activation": "gelu"}
LAYER = {**BASE, "head_dim": 3, "dim_feedforward": 7}
ENCODERS: Curated = (
    {**LAYER, "padding": False, "mask": "none"},
    {**LAYER, "padding": False, "mask": "causal", "norm_first": True, "layers": 1, "eps": 1e-2},
    {**LAYER, "padding": True, "mask": "boolean_per_head", "activation": "relu", "dropout": True},
    {**LAYER, "padding": True, "mask": "additive", "norm_first": True, "dropout": True, "layers": 2},
)
UNMASKED = {"tgt_padding": False, "memory_padding": False, "memory_mask": "none"}
PADDED = {"tgt_padding": True, "memory_padding": True}
DECODERS: Curated = (
    {**LAYER, **UNMASKED, "tgt_mask": "none"},
    {**LAYER, **UNMASKED, "tgt_mask": "causal", "T": 3, "S": 5, "norm_first": True, "layers": 1, "eps": 1e-2},
    {**LAYER, **PADDED, "tgt_mask": "causal", "memory_mask": "boolean", "dropout": True},
    {**LAYER, **PADDED, "tgt_mask": "additive", "memory_mask": "additive_per_head", "layers": 2},
)
MODEL = {**BASE, "head_dim": 4, "src_tokens": 5, "tgt_tokens": 4}
MODELS: Curated = (
    {
        **MODEL,
        "encoder_layers": 1,
        "decoder_layers": 1,
        "padding_idx": -1,
        "activation": "relu",
        "dropout": True,
    },
    {**MODEL, "encoder_layers": 1, "decoder_layers": 1, "padding_idx": None, "norm_first": True},
    {**MODEL, "encoder_layers": 2, "decoder_layers": 1, "padding_idx": 0, "norm_first": True},
)


class WholeModel(Operation):
    """Too deep for differences: the worst case that bounds its outputs would drown them."""

    kinds = tuple(kind for kind in Operation.kinds if kind != "differences")


def entry(kind: type[Operation], draw: Callable[[Draw], Case], torch: str, curated: Curated) -> Operation:
    """What all have in common. Their gradients come through many layers, as others come through time."""
    return kind(
        draw.__name__,
        torch,
        "004 ch. 9; Vaswani et al. 2017",
        draw,
        curated,
        family="sums",
        seed_row=kind is WholeModel,
        bad_options=({"activation": "tanh"}, {"nhead": 5}, {"nhead": 0}),
        through_time=True,
    )


CHAPTER = chapter(
    "transformer",
    entry(Operation, encoder_layer, "torch.nn.TransformerEncoderLayer", ENCODERS),
    entry(Operation, decoder_layer, "torch.nn.TransformerDecoderLayer", DECODERS),
    entry(Operation, transformer_encoder, "torch.nn.TransformerEncoder", ENCODERS),
    entry(Operation, transformer_decoder, "torch.nn.TransformerDecoder", DECODERS),
    entry(WholeModel, transformer, "torch.nn.Transformer", MODELS),
)

"""The transformer (handbook, chapter 9; Vaswani et al. 2017).

N sequences, S tokens of the source, T of the target, E = d_model features, H = nhead heads, F features in
the middle of a feed-forward block. Parameters are flat dicts with the keys of torch's modules, so that
``load_state_dict(strict=True)`` takes them as they are.

Masks of attention are those of `multi_head_attention`: True blocks a key, numbers are added to the scores.
Dropout takes its masks, True to keep, in a dict by what torch calls the modules that drop:

    self_attn       (N, H, L, L)  the weights of attention to the sequence itself
    multihead_attn  (N, H, T, S)  the weights of attention to the memory, in a decoder layer
    dropout         (N, L, F)     the middle of the feed-forward block
    dropout1, 2, 3  (N, L, E)     what each block in turn adds; an encoder layer has two blocks

In a stack the layer stands in front, ``layers.0.self_attn``. What has no mask drops nothing, as at test time.
"""

import math

import numpy as np

from scratch._blocks import ACTIVATIONS, add_and_norm, attention_block, feed_forward_block, num_layers, stack
from scratch._params import check_names, check_params, prefixed, renamed, under
from scratch._shapes import shapes
from scratch.attention import multi_head_attention_shapes, sinusoidal_positions
from scratch.linear import embedding, linear

ENCODER_DROPOUTS = ("self_attn", "dropout1", "dropout", "dropout2")  # in the order in which they come
DECODER_DROPOUTS = ("self_attn", "dropout1", "multihead_attn", "dropout2", "dropout", "dropout3")

# ---- parameters ----


def _norm_shapes(name, d_model):
    return {f"{name}.weight": (d_model,), f"{name}.bias": (d_model,)}


def encoder_layer_shapes(d_model, dim_feedforward):
    """The shape of every parameter of `encoder_layer`, by torch's name."""
    return {
        **prefixed("self_attn.", multi_head_attention_shapes(d_model)),
        "linear1.weight": (dim_feedforward, d_model),
        "linear1.bias": (dim_feedforward,),
        "linear2.weight": (d_model, dim_feedforward),
        "linear2.bias": (d_model,),
        **_norm_shapes("norm1", d_model),
        **_norm_shapes("norm2", d_model),
    }


def decoder_layer_shapes(d_model, dim_feedforward):
    """The shape of every parameter of `decoder_layer`, by torch's name."""
    return {
        **encoder_layer_shapes(d_model, dim_feedforward),
        **prefixed("multihead_attn.", multi_head_attention_shapes(d_model)),
        **_norm_shapes("norm3", d_model),
    }


def stack_shapes(layer_shapes, num_layers, d_model, *, norm=True):
    """The shape of every parameter of a stack of such layers, with a layer norm at the end or without."""
    layers = [prefixed(f"layers.{i}.", layer_shapes) for i in range(num_layers)]
    last = _norm_shapes("norm", d_model) if norm else {}
    return {name: shape for part in (*layers, last) for name, shape in part.items()}


def transformer_shapes(src_tokens, tgt_tokens, d_model, dim_feedforward, encoder_layers, decoder_layers):
    """The shape of every parameter of `transformer`, by name."""
    encoder = stack_shapes(encoder_layer_shapes(d_model, dim_feedforward), encoder_layers, d_model)
    decoder = stack_shapes(decoder_layer_shapes(d_model, dim_feedforward), decoder_layers, d_model)
    return {
        "src_embedding.weight": (src_tokens, d_model),
        "tgt_embedding.weight": (tgt_tokens, d_model),
        **prefixed("transformer.encoder.", encoder),
        **prefixed("transformer.decoder.", decoder),
        "output.weight": (tgt_tokens, d_model),
        "output.bias": (tgt_tokens,),
    }


def stack_dropouts(dropouts, layers):
    """The names of all masks that a stack can take."""
    return [f"layers.{i}.{name}" for i in range(layers) for name in dropouts]


def transformer_dropouts(encoder_layers, decoder_layers):
    """The names of all masks that `transformer` can take, in the order in which they come."""
    encoder = [f"transformer.encoder.{name}" for name in stack_dropouts(ENCODER_DROPOUTS, encoder_layers)]
    decoder = [f"transformer.decoder.{name}" for name in stack_dropouts(DECODER_DROPOUTS, decoder_layers)]
    return encoder + decoder


def _rows(params, name):
    """How many rows a parameter has, 0 if it is missing: the check of the names is to say so."""
    return params[name].shape[0] if name in params else 0


def _check_layer(function, params, layer_shapes, d_model, *, activation, masks, dropouts):
    if activation not in ACTIVATIONS:
        raise ValueError(f"{function}: activation must be 'relu' or 'gelu', got {activation!r}")
    check_params(function, params, layer_shapes(d_model, _rows(params, "linear1.weight")))
    check_names(function, "dropout_masks", masks, dropouts)


# ---- layers ----


@shapes(src="N S E")
def encoder_layer(
    src,
    params,
    src_mask=None,
    src_key_padding_mask=None,
    dropout_masks=None,
    *,
    nhead,
    dropout=0.0,
    activation="relu",
    layer_norm_eps=1e-5,
    norm_first=False,
    is_causal=False,
):
    """x = norm1(src + attention(src)),  y = norm2(x + feed_forward(x)); post-norm, as in the paper.

    With norm_first, pre-norm:  x = src + attention(norm1(src)),  y = x + feed_forward(norm2(x)).
    feed_forward(x) = W_2 g(W_1 x + b_1) + b_2 with g "relu" or "gelu".

    src (N, S, E), params as `encoder_layer_shapes` says, src_mask (S, S) or (N·H, S, S),
    src_key_padding_mask (N, S) -> y (N, S, E). is_causal in place of a src_mask: no token sees a later one.
    Vaswani et al. 2017, sec. 3.1; norm_first: Xiong et al. 2020.
    Raises ValueError for parameters of other names or shapes, another activation, and what
    `multi_head_attention` refuses.
    """
    masks, norms = dropout_masks or {}, {"norm_first": norm_first, "eps": layer_norm_eps}
    _check_layer(
        *("encoder_layer", params, encoder_layer_shapes, src.shape[-1]),
        activation=activation,
        masks=masks,
        dropouts=ENCODER_DROPOUTS,
    )
    attention = attention_block(
        *("self_attn", params, None, src_mask, src_key_padding_mask, masks),
        after="dropout1",
        num_heads=nhead,
        dropout=dropout,
        is_causal=is_causal,
    )
    feed_forward = feed_forward_block(params, masks, after="dropout2", activation=activation, dropout=dropout)
    x, through_attention = add_and_norm(src, attention, params, "norm1", **norms)
    y, through_feed_forward = add_and_norm(x, feed_forward, params, "norm2", **norms)

    def backward(dy):
        from_feed_forward = through_feed_forward(dy)
        grads = through_attention(from_feed_forward["x"])
        grads["params"] |= from_feed_forward["params"]
        return renamed(grads, x="src", attn_mask="src_mask", key_padding_mask="src_key_padding_mask")

    return y, backward


@shapes(tgt="N T E", memory="N S E")
def decoder_layer(
    tgt,
    memory,
    params,
    tgt_mask=None,
    memory_mask=None,
    tgt_key_padding_mask=None,
    memory_key_padding_mask=None,
    dropout_masks=None,
    *,
    nhead,
    dropout=0.0,
    activation="relu",
    layer_norm_eps=1e-5,
    norm_first=False,
    tgt_is_causal=False,
):
    """x = norm1(tgt + attention(tgt)),  z = norm2(x + attention(x, memory)),  y = norm3(z + feed_forward(z)).

    With norm_first each block normalises what goes into it, as in `encoder_layer`.

    tgt (N, T, E), memory (N, S, E) from the encoder, params as `decoder_layer_shapes` says, tgt_mask
    (T, T) or (N·H, T, T), memory_mask (T, S) or (N·H, T, S), tgt_key_padding_mask (N, T),
    memory_key_padding_mask (N, S) -> y (N, T, E). tgt_is_causal in place of a tgt_mask: no token sees a
    later one.  Vaswani et al. 2017, sec. 3.1.  Raises ValueError as `encoder_layer` does.
    """
    masks, norms = dropout_masks or {}, {"norm_first": norm_first, "eps": layer_norm_eps}
    _check_layer(
        *("decoder_layer", params, decoder_layer_shapes, tgt.shape[-1]),
        activation=activation,
        masks=masks,
        dropouts=DECODER_DROPOUTS,
    )
    self_attention = attention_block(
        *("self_attn", params, None, tgt_mask, tgt_key_padding_mask, masks),
        after="dropout1",
        num_heads=nhead,
        dropout=dropout,
        is_causal=tgt_is_causal,
    )
    cross_attention = attention_block(
        *("multihead_attn", params, memory, memory_mask, memory_key_padding_mask, masks),
        after="dropout2",
        num_heads=nhead,
        dropout=dropout,
    )
    feed_forward = feed_forward_block(params, masks, after="dropout3", activation=activation, dropout=dropout)
    x, through_itself = add_and_norm(tgt, self_attention, params, "norm1", **norms)
    z, through_memory = add_and_norm(x, cross_attention, params, "norm2", **norms)
    y, through_feed_forward = add_and_norm(z, feed_forward, params, "norm3", **norms)

    def backward(dy):
        from_feed_forward = through_feed_forward(dy)
        to_memory = through_memory(from_feed_forward["x"])
        to_itself = through_itself(to_memory.pop("x"))
        dparams = to_itself.pop("params") | to_memory.pop("params") | from_feed_forward["params"]
        return {
            **renamed(to_itself, x="tgt", attn_mask="tgt_mask", key_padding_mask="tgt_key_padding_mask"),
            **renamed(to_memory, attn_mask="memory_mask", key_padding_mask="memory_key_padding_mask"),
            "params": dparams,
        }

    return y, backward


# ---- stacks ----


def _check_stack(function, params, layer_shapes, d_model, *, masks, dropouts):
    layer, layers = layer_shapes(d_model, _rows(params, "layers.0.linear1.weight")), num_layers(params)
    check_params(function, params, stack_shapes(layer, layers, d_model, norm="norm.weight" in params))
    check_names(function, "dropout_masks", masks or {}, stack_dropouts(dropouts, layers))


@shapes(src="N S E")
def transformer_encoder(
    src,
    params,
    src_mask=None,
    src_key_padding_mask=None,
    dropout_masks=None,
    *,
    nhead,
    dropout=0.0,
    activation="relu",
    layer_norm_eps=1e-5,
    norm_first=False,
    is_causal=False,
):
    """Encoder layers one on the other, as many as `params` holds, then a layer norm if it holds one.

    src (N, S, E), params ``layers.0.self_attn.in_proj_weight``, …, ``norm.weight``, ``norm.bias`` (the
    last two may be absent) -> y (N, S, E). The masks and the other options are those of `encoder_layer`,
    the same for all layers; with is_causal this is the body of a language model.
    Vaswani et al. 2017, sec. 3.1.  Raises ValueError as `encoder_layer` does.
    """
    _check_stack(
        *("transformer_encoder", params, encoder_layer_shapes, src.shape[-1]),
        masks=dropout_masks,
        dropouts=ENCODER_DROPOUTS,
    )
    options = {"nhead": nhead, "dropout": dropout, "activation": activation, "norm_first": norm_first}
    options |= {"layer_norm_eps": layer_norm_eps, "is_causal": is_causal}

    def layer(x, params, masks):
        y, through_layer = encoder_layer(x, params, src_mask, src_key_padding_mask, masks, **options)
        return y, lambda dy: renamed(through_layer(dy), src="x")

    y, through_stack = stack(src, params, layer, dropout_masks, eps=layer_norm_eps)

    def backward(dy):
        return renamed(through_stack(dy), x="src")

    return y, backward


@shapes(tgt="N T E", memory="N S E")
def transformer_decoder(
    tgt,
    memory,
    params,
    tgt_mask=None,
    memory_mask=None,
    tgt_key_padding_mask=None,
    memory_key_padding_mask=None,
    dropout_masks=None,
    *,
    nhead,
    dropout=0.0,
    activation="relu",
    layer_norm_eps=1e-5,
    norm_first=False,
    tgt_is_causal=False,
):
    """Decoder layers one on the other, all with the same memory, then a layer norm if `params` holds one.

    tgt (N, T, E), memory (N, S, E), params with names like those of `transformer_encoder` -> y (N, T, E).
    The masks and the other options are those of `decoder_layer`, the same for all layers.
    Vaswani et al. 2017, sec. 3.1.  Raises ValueError as `encoder_layer` does.
    """
    _check_stack(
        *("transformer_decoder", params, decoder_layer_shapes, tgt.shape[-1]),
        masks=dropout_masks,
        dropouts=DECODER_DROPOUTS,
    )
    options = {"nhead": nhead, "dropout": dropout, "activation": activation, "norm_first": norm_first}
    options |= {"layer_norm_eps": layer_norm_eps, "tgt_is_causal": tgt_is_causal}
    attention_masks = (tgt_mask, memory_mask, tgt_key_padding_mask, memory_key_padding_mask)

    def layer(x, params, masks):
        y, through_layer = decoder_layer(x, memory, params, *attention_masks, masks, **options)
        return y, lambda dy: renamed(through_layer(dy), tgt="x")

    y, through_stack = stack(tgt, params, layer, dropout_masks, eps=layer_norm_eps)

    def backward(dy):
        return renamed(through_stack(dy), x="tgt")

    return y, backward


# ---- the whole model ----


def _embed(tokens, weight, *, padding_idx):
    """√E · embedding + positions:  (N, L) -> (N, L, E), and the padding (N, L), None if nothing is."""
    x, through_embedding = embedding(tokens, weight, padding_idx=padding_idx)
    _, L, E = x.shape
    position = np.full_like(x, np.arange(L), shape=L)

    def backward(dx):
        return through_embedding(dx * math.sqrt(E))

    padding = None if padding_idx is None else tokens == padding_idx % weight.shape[0]
    return x * math.sqrt(E) + sinusoidal_positions(position, d_model=E), padding, backward


@shapes(src="int N S", tgt="int N T")
def transformer(
    src,
    tgt,
    params,
    dropout_masks=None,
    *,
    nhead,
    dropout=0.0,
    activation="relu",
    layer_norm_eps=1e-5,
    norm_first=False,
    padding_idx=None,
):
    """Encoder, decoder and a linear layer: from all of `src`, logits of what follows each token of `tgt`.

    src (N, S) and tgt (N, T), numbers of tokens -> y (N, T, V).  What goes into both stacks is √E · embedding
    + sinusoidal positions. No token of tgt sees a later one; tokens padding_idx are seen by none, and their
    embedding gets no gradient. params as `transformer_shapes` says: torch.nn.Transformer's as
    "transformer.encoder.…" and "transformer.decoder.…", between embeddings and output.
    dropout_masks: those of both stacks, as "transformer.encoder.layers.0.self_attn".
    The other options are those of `encoder_layer`.
    Vaswani et al. 2017, sec. 3.  Raises ValueError for a token that names no row of its embedding, and as
    `encoder_layer` does.
    """
    encoder, decoder = under("transformer.encoder.", params), under("transformer.decoder.", params)
    V_src, V_tgt = _rows(params, "src_embedding.weight"), _rows(params, "tgt_embedding.weight")
    E, F = _rows(encoder, "norm.weight"), _rows(encoder, "layers.0.linear1.weight")
    wanted = transformer_shapes(V_src, V_tgt, E, F, num_layers(encoder), num_layers(decoder))
    check_params("transformer", params, wanted)
    encoder_masks = under("transformer.encoder.", dropout_masks)
    decoder_masks = under("transformer.decoder.", dropout_masks)
    known = transformer_dropouts(num_layers(encoder), num_layers(decoder))
    check_names("transformer", "dropout_masks", dropout_masks or {}, known)
    options = {"nhead": nhead, "dropout": dropout, "activation": activation, "norm_first": norm_first}
    options |= {"layer_norm_eps": layer_norm_eps}

    x, src_padding, through_src = _embed(src, params["src_embedding.weight"], padding_idx=padding_idx)
    memory, through_encoder = transformer_encoder(x, encoder, None, src_padding, encoder_masks, **options)
    x, tgt_padding, through_tgt = _embed(tgt, params["tgt_embedding.weight"], padding_idx=padding_idx)
    x, through_decoder = transformer_decoder(
        *(x, memory, decoder, None, None, tgt_padding, src_padding, decoder_masks),
        tgt_is_causal=True,
        **options,
    )
    y, through_output = linear(x, params["output.weight"], params["output.bias"])

    def backward(dy):
        from_output = through_output(dy)
        from_decoder = through_decoder(from_output.pop("input"))
        from_encoder = through_encoder(from_decoder["memory"])
        dparams = {
            **prefixed("src_embedding.", through_src(from_encoder["src"])),
            **prefixed("tgt_embedding.", through_tgt(from_decoder["tgt"])),
            **prefixed("transformer.encoder.", from_encoder["params"]),
            **prefixed("transformer.decoder.", from_decoder["params"]),
            **prefixed("output.", from_output),
        }
        return {"params": dparams}

    return y, backward

"""torch's transformer modules in training mode, on the mathematical backend, the masks of dropout given."""

import math

import torch
from torch import nn
from torch.func import functional_call
from torch.nn.attention import SDPBackend, sdpa_kernel

from reference._masks import masks_given
from reference._torch import operation
from reference.attention import causal_mask, positions_table

ENCODER = (nn.TransformerEncoder, nn.TransformerEncoderLayer)
DECODER = (nn.TransformerDecoder, nn.TransformerDecoderLayer)
DROPOUTS = {  # in the order in which torch draws
    nn.TransformerEncoderLayer: ("self_attn", "dropout1", "dropout", "dropout2"),
    nn.TransformerDecoderLayer: (
        "self_attn",
        "dropout1",
        "multihead_attn",
        "dropout2",
        "dropout",
        "dropout3",
    ),
}


def place_of(tensor):
    return {"device": tensor.device, "dtype": tensor.dtype}


def layer_module(kind, params, options, *, under=""):
    """A layer of the sizes that the parameters under the prefix have."""
    weight = params[f"{under}linear1.weight"]
    dim_feedforward, d_model = weight.shape
    return kind(d_model, dim_feedforward=dim_feedforward, batch_first=True, **options, **place_of(weight))


def layers_of(params, *, under=""):
    """The prefixes of the layers of a stack, the first one first."""
    start = f"{under}layers."
    numbers = {int(name.removeprefix(start).split(".")[0]) for name in params if name.startswith(start)}
    return [f"{start}{number}." for number in sorted(numbers)]


def stack_module(kinds, params, options, *, under=""):
    """As many layers as the parameters under the prefix have, and a norm if there are parameters for it."""
    kind, layer_kind = kinds
    layers = layers_of(params, under=under)
    weight, norm = params.get(f"{under}norm.weight"), None
    if weight is not None:
        norm = nn.LayerNorm(len(weight), options["layer_norm_eps"], **place_of(weight))
    plain = {"enable_nested_tensor": False} if kind is nn.TransformerEncoder else {}
    return kind(layer_module(layer_kind, params, options, under=layers[0]), len(layers), norm, **plain)


def in_order(masks, layer_kind, layers=("",)):
    """The masks in the order in which torch draws."""
    return [masks[layer + name] for layer in layers for name in DROPOUTS[layer_kind]] if masks else []


def run(module, params, masks, *inputs):
    module.load_state_dict(params, strict=True)
    with sdpa_kernel(SDPBackend.MATH), masks_given(masks):
        return functional_call(module, params, inputs, strict=True)


def self_mask(mask, is_causal, key_padding_mask, x):
    return causal_mask(x.shape[1], x.shape[1], key_padding_mask, x.device) if is_causal else mask


def options_of(nhead, dropout, activation, layer_norm_eps, norm_first, dropout_masks):
    """The options of a layer; without masks nothing is dropped."""
    return {
        "nhead": nhead,
        "dropout": dropout if dropout_masks else 0.0,
        "activation": activation,
        "layer_norm_eps": layer_norm_eps,
        "norm_first": norm_first,
    }


@operation
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
    options = options_of(nhead, dropout, activation, layer_norm_eps, norm_first, dropout_masks)
    module = layer_module(nn.TransformerEncoderLayer, params, options)
    masks = in_order(dropout_masks, nn.TransformerEncoderLayer)
    src_mask = self_mask(src_mask, is_causal, src_key_padding_mask, src)
    return run(module, params, masks, src, src_mask, src_key_padding_mask)


@operation
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
    options = options_of(nhead, dropout, activation, layer_norm_eps, norm_first, dropout_masks)
    module = stack_module(ENCODER, params, options)
    masks = in_order(dropout_masks, nn.TransformerEncoderLayer, layers_of(params))
    src_mask = self_mask(src_mask, is_causal, src_key_padding_mask, src)
    return run(module, params, masks, src, src_mask, src_key_padding_mask)


@operation
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
    options = options_of(nhead, dropout, activation, layer_norm_eps, norm_first, dropout_masks)
    module = layer_module(nn.TransformerDecoderLayer, params, options)
    masks = in_order(dropout_masks, nn.TransformerDecoderLayer)
    tgt_mask = self_mask(tgt_mask, tgt_is_causal, tgt_key_padding_mask, tgt)
    attention_masks = (tgt_mask, memory_mask, tgt_key_padding_mask, memory_key_padding_mask)
    return run(module, params, masks, tgt, memory, *attention_masks)


@operation
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
    options = options_of(nhead, dropout, activation, layer_norm_eps, norm_first, dropout_masks)
    module = stack_module(DECODER, params, options)
    masks = in_order(dropout_masks, nn.TransformerDecoderLayer, layers_of(params))
    tgt_mask = self_mask(tgt_mask, tgt_is_causal, tgt_key_padding_mask, tgt)
    attention_masks = (tgt_mask, memory_mask, tgt_key_padding_mask, memory_key_padding_mask)
    return run(module, params, masks, tgt, memory, *attention_masks)


class Translator(nn.Module):
    """Embeddings, `nn.Transformer` and an output layer."""

    def __init__(self, params, options, padding_idx):
        super().__init__()
        src_weight, tgt_weight = params["src_embedding.weight"], params["tgt_embedding.weight"]
        place, d_model = place_of(src_weight), src_weight.shape[1]
        self.src_embedding = nn.Embedding(len(src_weight), d_model, padding_idx, **place)
        self.tgt_embedding = nn.Embedding(len(tgt_weight), d_model, padding_idx, **place)
        self.transformer = nn.Transformer(
            d_model,
            options["nhead"],
            custom_encoder=stack_module(ENCODER, params, options, under="transformer.encoder."),
            custom_decoder=stack_module(DECODER, params, options, under="transformer.decoder."),
            batch_first=True,
            **place,
        )
        self.output = nn.Linear(d_model, len(tgt_weight), **place)

    def forward(self, src, tgt):
        src_padding, tgt_padding = (
            self.padding(src, self.src_embedding),
            self.padding(tgt, self.tgt_embedding),
        )
        y = self.transformer(
            self.embedded(src, self.src_embedding),
            self.embedded(tgt, self.tgt_embedding),
            tgt_mask=causal_mask(tgt.shape[1], tgt.shape[1], None, tgt.device),
            src_key_padding_mask=src_padding,
            tgt_key_padding_mask=tgt_padding,
            memory_key_padding_mask=src_padding,
        )
        return self.output(y)

    @staticmethod
    def padding(tokens, embedding):
        return None if embedding.padding_idx is None else tokens == embedding.padding_idx

    @staticmethod
    def embedded(tokens, embedding):
        """√E · embedding + positions."""
        x = embedding(tokens)
        _, L, E = x.shape
        return math.sqrt(E) * x + positions_table(torch.arange(L).to(x), E)


@operation
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
    options = options_of(nhead, dropout, activation, layer_norm_eps, norm_first, dropout_masks)
    module = Translator(params, options, padding_idx)
    encoder = layers_of(params, under="transformer.encoder.")
    decoder = layers_of(params, under="transformer.decoder.")
    masks = in_order(dropout_masks, nn.TransformerEncoderLayer, encoder)
    masks += in_order(dropout_masks, nn.TransformerDecoderLayer, decoder)
    return run(module, params, masks, src, tgt)

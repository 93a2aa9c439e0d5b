"""torch's attention, on its mathematical backend unless another is named; positions as torch expressions."""

from contextlib import nullcontext
from typing import NamedTuple

import torch
from torch import nn
from torch.func import functional_call
from torch.nn.attention import SDPBackend, sdpa_kernel

from reference._masks import masks_given
from reference._torch import function, operation

BACKENDS = {
    "math": SDPBackend.MATH,
    "flash": SDPBackend.FLASH_ATTENTION,
    "efficient": SDPBackend.EFFICIENT_ATTENTION,
    "cudnn": SDPBackend.CUDNN_ATTENTION,
}


@operation
def scaled_dot_product_attention(
    query,
    key,
    value,
    attn_mask=None,
    dropout_mask=None,
    *,
    dropout_p=0.0,
    is_causal=False,
    scale=None,
    backend="math",
):
    """`backend` is one of torch's kernels, or "any": then torch chooses, a fused one wherever it can."""
    with nullcontext() if backend == "any" else sdpa_kernel(BACKENDS[backend]), masks_given([dropout_mask]):
        return nn.functional.scaled_dot_product_attention(
            query,
            key,
            value,
            attn_mask,
            dropout_p if dropout_mask is not None else 0.0,
            is_causal,
            scale=scale,
        )


class Attention(NamedTuple):
    output: torch.Tensor
    weights: torch.Tensor | None


def causal_mask(L, S, key_padding_mask, device):
    """What `is_causal` stands for, of the kind (truth values or numbers) that the other mask is."""
    blocked = torch.ones(L, S, dtype=torch.bool, device=device).triu(1)
    if key_padding_mask is None or key_padding_mask.dtype == torch.bool:
        return blocked
    return torch.zeros(L, S).to(key_padding_mask).masked_fill(blocked, -torch.inf)


@operation
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
    module = nn.MultiheadAttention(
        query.shape[-1],
        num_heads,
        dropout=dropout if dropout_mask is not None else 0.0,
        bias="in_proj_bias" in params,
        batch_first=True,
        device=query.device,
        dtype=query.dtype,
    )
    module.load_state_dict(params, strict=True)
    if is_causal:
        attn_mask = causal_mask(query.shape[1], key.shape[1], key_padding_mask, query.device)
    if need_weights and dropout_mask is not None:
        dropout_mask = dropout_mask.flatten(0, 1)  # this path has the heads in the batch
    options = {
        "key_padding_mask": key_padding_mask,
        "attn_mask": attn_mask,
        "need_weights": need_weights,
        "average_attn_weights": average_attn_weights,
    }
    with sdpa_kernel(SDPBackend.MATH), masks_given([dropout_mask]):
        return Attention(*functional_call(module, params, (query, key, value), options, strict=True))


def positions_table(position, d_model, base=10000.0):
    rates = torch.pow(base, -torch.arange(0, d_model, 2, device=position.device).to(position) / d_model)
    table = torch.empty(len(position), d_model).to(position)
    table[:, 0::2] = torch.sin(torch.outer(position, rates))
    table[:, 1::2] = torch.cos(torch.outer(position, rates))
    return table


@function
def sinusoidal_positions(position, *, d_model, base=10000.0):
    return positions_table(position, d_model, base)


@operation(constant=("position",))
def rotary_embedding(x, position, *, interleaved=False, base=10000.0):
    """A pair of features is a complex number, to be multiplied by e^(i · angle)."""
    rates = torch.pow(base, -torch.arange(0, x.shape[-1], 2, device=x.device).to(x) / x.shape[-1])
    turn = torch.polar(torch.ones(()).to(x), torch.outer(position, rates))
    if interleaved:
        return torch.view_as_real(torch.view_as_complex(x.unflatten(-1, (-1, 2))) * turn).flatten(-2)
    turned = torch.complex(*x.chunk(2, -1)) * turn
    return torch.cat([turned.real, turned.imag], -1)

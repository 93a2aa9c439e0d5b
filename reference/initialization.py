"""torch.nn.init's initializers, each from a torch generator of its own.

`rng` is a `TorchDraws`. It serves `scratch` as well: given the same seed, both turn the same base draws
into weights, so that they can be compared number by number.
"""

from typing import NamedTuple

import numpy as np
import torch
from torch import nn
from torch.nn import init

from reference._torch import _placement, to_numpy


def _empty(shape, dtype):
    device, placed = _placement.get()
    return torch.empty(shape, dtype=placed or getattr(torch, np.dtype(dtype).name), device=device)


class TorchDraws:
    """The base draws that torch's initializers scale, U(0, 1) and N(0, 1), by the names NumPy gives them."""

    def __init__(self, seed):
        self.generator = torch.Generator(_placement.get().device).manual_seed(seed)

    def random(self, shape, dtype=np.float64):
        return to_numpy(_empty(shape, dtype).uniform_(generator=self.generator))

    def standard_normal(self, shape, dtype=np.float64):
        return to_numpy(_empty(shape, dtype).normal_(generator=self.generator))


def fan_in_and_fan_out(shape):
    return init._calculate_fan_in_and_fan_out(torch.empty(shape))


def calculate_gain(nonlinearity, param=None):
    return float(init.calculate_gain(nonlinearity, param))  # an integer for some


def uniform(shape, *, rng, dtype=np.float64, **options):
    return to_numpy(init.uniform_(_empty(shape, dtype), generator=rng.generator, **options))


def normal(shape, *, rng, dtype=np.float64, **options):
    return to_numpy(init.normal_(_empty(shape, dtype), generator=rng.generator, **options))


def trunc_normal(shape, *, rng, dtype=np.float64, **options):
    return to_numpy(init.trunc_normal_(_empty(shape, dtype), generator=rng.generator, **options))


def constant(shape, *, val, rng=None, dtype=np.float64):
    return to_numpy(init.constant_(_empty(shape, dtype), val))


def zeros(shape, *, rng=None, dtype=np.float64):
    return to_numpy(init.zeros_(_empty(shape, dtype)))


def ones(shape, *, rng=None, dtype=np.float64):
    return to_numpy(init.ones_(_empty(shape, dtype)))


def xavier_uniform(shape, *, rng, dtype=np.float64, **options):
    return to_numpy(init.xavier_uniform_(_empty(shape, dtype), generator=rng.generator, **options))


def xavier_normal(shape, *, rng, dtype=np.float64, **options):
    return to_numpy(init.xavier_normal_(_empty(shape, dtype), generator=rng.generator, **options))


def kaiming_uniform(shape, *, rng, dtype=np.float64, **options):
    return to_numpy(init.kaiming_uniform_(_empty(shape, dtype), generator=rng.generator, **options))


def kaiming_normal(shape, *, rng, dtype=np.float64, **options):
    return to_numpy(init.kaiming_normal_(_empty(shape, dtype), generator=rng.generator, **options))


def lecun_uniform(shape, *, rng, dtype=np.float64):
    return kaiming_uniform(shape, rng=rng, dtype=dtype, nonlinearity="linear")


def lecun_normal(shape, *, rng, dtype=np.float64):
    return kaiming_normal(shape, rng=rng, dtype=dtype, nonlinearity="linear")


class LinearParameters(NamedTuple):
    weight: np.ndarray
    bias: np.ndarray


def linear_default(shape, *, rng, dtype=np.float64):
    """The parameters of a fresh layer, which draws from the global generator of its device."""
    state = torch.cuda if rng.generator.device.type == "cuda" else torch
    before = state.get_rng_state()
    state.set_rng_state(rng.generator.get_state())
    try:
        layer = _layer(*shape, like=_empty((), dtype))
        rng.generator.set_state(state.get_rng_state())
    finally:
        state.set_rng_state(before)
    return LinearParameters(to_numpy(layer.weight), to_numpy(layer.bias))


def _layer(out, into, *kernel, like):
    placed = {"dtype": like.dtype, "device": like.device}
    if not kernel:
        return nn.Linear(into, out, **placed)
    return (nn.Conv1d, nn.Conv2d, nn.Conv3d)[len(kernel) - 1](into, out, kernel, **placed)


def orthogonal(shape, *, rng, dtype=np.float64, **options):
    return to_numpy(init.orthogonal_(_empty(shape, dtype), generator=rng.generator, **options))

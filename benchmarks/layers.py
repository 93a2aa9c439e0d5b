"""Layers, forward and backward, float64, one thread, in turns with torch."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

import numpy as np
import torch
from torch.nn import functional

from benchmarks.peers import forward_and_backward
from benchmarks.timing import Measured, in_turns, milliseconds, ratio
from scratch.attention import scaled_dot_product_attention
from scratch.convolution import conv2d, max_pool2d
from scratch.normalization import batch_norm
from scratch.recurrent import lstm

ROUNDS = 15


class Layer(NamedTuple):
    """A layer at a size: its arrays, both implementations of its outputs, and the most it may cost."""

    name: str
    arrays: Mapping[str, np.ndarray]
    scratch: Callable[..., Any]
    torch: Callable[..., Any]
    goal: float


def layers(batch: int = 16) -> Iterator[Layer]:
    """The layers that are timed; `batch` scales all of them."""
    rng = np.random.default_rng(0)

    def normal(*shape: int) -> np.ndarray:
        return rng.standard_normal(shape)

    yield Layer(
        f"conv2d {batch}×3×32×32",
        {"x": normal(batch, 3, 32, 32), "weight": normal(16, 3, 3, 3), "bias": normal(16)},
        lambda x, weight, bias: conv2d(x, weight, bias, padding=1),
        lambda x, weight, bias: functional.conv2d(x, weight, bias, padding=1),
        2.0,
    )
    yield Layer(
        f"max_pool2d {batch}×16×32×32",
        {"x": normal(batch, 16, 32, 32)},
        lambda x: max_pool2d(x, kernel_size=2),
        lambda x: functional.max_pool2d(x, 2),
        4.0,
    )
    mean, var = np.zeros(16), np.ones(16)
    yield Layer(
        f"batch_norm {batch}×16×32×32",
        {"x": normal(batch, 16, 32, 32), "weight": normal(16), "bias": normal(16)},
        lambda x, weight, bias: batch_norm(x, mean, var, weight, bias, training=True),
        lambda x, weight, bias: functional.batch_norm(
            x, torch.zeros_like(bias), torch.ones_like(bias), weight, bias, training=True
        ),
        4.0,
    )
    yield Layer(
        f"attention {2 * batch}×32×64",
        {name: normal(2 * batch, 32, 64) for name in ("query", "key", "value")},
        scaled_dot_product_attention,
        functional.scaled_dot_product_attention,
        3.0,
    )
    module = torch.nn.LSTM(64, 64).double()
    params = {name: parameter.detach().numpy().copy() for name, parameter in module.named_parameters()}
    yield Layer(
        f"lstm 32×{2 * batch}×64",
        {"x": normal(32, 2 * batch, 64), **params},
        lambda x, **weights: lstm(x, weights),
        lambda x, **weights: torch.func.functional_call(module, weights, (x,))[0],
        1.3,
    )


def run(layer: Layer, **peers: Callable[[], object]) -> dict[str, list[float]]:
    """Seconds of both and of peers, forward and backward from the same upstream gradient."""
    tensors = {name: torch.tensor(array, requires_grad=True) for name, array in layer.arrays.items()}
    dy = np.random.default_rng(1).standard_normal(tuple(layer.torch(**tensors).shape))
    upstream = torch.tensor(dy)

    def in_torch() -> None:
        torch.autograd.grad(layer.torch(**tensors), list(tensors.values()), upstream)

    def in_scratch() -> None:
        y, backward = layer.scratch(**layer.arrays)
        others = [np.zeros_like(state) for state in y[1:]] if layer.name.startswith("lstm") else []
        backward(dy, *others)

    return in_turns({"torch": in_torch, "scratch": in_scratch, **peers}, ROUNDS)


def measure() -> Iterator[Measured]:
    """Every layer against torch, and how its time grows when the batch is four times as large."""
    torch.set_num_threads(1)
    for small, large in zip(layers(16), layers(64), strict=True):
        peer = forward_and_backward(small.name.split()[0], 16)
        seconds, more = run(small, **({} if peer is None else {"numpy-ml": peer})), run(large)
        yield Measured(
            small.name, "torch", ratio(seconds, "scratch", "torch"), small.goal, milliseconds(seconds)
        )
        if peer is not None:
            yield Measured(small.name, "numpy-ml", ratio(seconds, "scratch", "numpy-ml"), 1.0)
        growth = min(more["scratch"]) / min(seconds["scratch"])
        yield Measured(f"{small.name}, four times the batch", "four times the time", growth / 4, 1.6)

"""layer_utils.py: one layer after the other, each bound as the row of its first."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from parity_tests.engine.cases import Case
from parity_tests.people.cs231n_layers import (
    AFFINE,
    CONV,
    LINEAR,
    affine,
    affine_back,
    affine_case,
    conv_case,
)
from parity_tests.people.cs231n_pairs import Layer, changed, given
from scratch.activations import relu
from scratch.convolution import conv2d, max_pool2d
from scratch.linear import linear
from scratch.normalization import batch_norm


def _chained(function: Callable[..., Any], *others: Callable[[Any], Any]) -> Callable[..., Any]:
    """``y, backward`` of a function and of those of one array that follow it."""

    def formula(*args: Any, **kwargs: Any) -> Any:
        y, through = function(*args, **kwargs)
        throughs = []
        for other in others:
            y, back = other(y)
            throughs.append(back)

        def backward(dy: Any) -> Any:
            for back in reversed(throughs):
                (dy,) = back(dy).values()
            return through(dy)

        return y, backward

    return formula


def _pooled_case(case: Case) -> Case:
    """An image whose convolution is large enough to be pooled."""
    case = conv_case(case)
    kernel, stride = case.arrays["weight"].shape[2:], case.options["stride"]
    short = max(
        k + stride - n - 2 * case.options["padding"]
        for k, n in zip(kernel, case.arrays["input"].shape[2:], strict=True)
    )
    return changed(case, case.arrays, stride=stride, padding=case.options["padding"] + max(0, -(-short // 2)))


def _pool_2(x: Any) -> Any:
    return max_pool2d(x, kernel_size=(2, 2), stride=2)


AFFINE_RELU = Layer(
    "linear",
    "affine_relu_forward(x, w, b)",
    affine_case,
    affine,
    LINEAR,
    back=affine_back,
    formula=_chained(linear, relu),
)
CONV_RELU = Layer(
    "conv2d",
    "conv_relu_forward(x, w, b, conv_param)",
    conv_case,
    CONV.into,
    LINEAR,
    formula=_chained(conv2d, relu),
)
CONV_RELU_POOL = Layer(
    "conv2d",
    "conv_relu_pool_forward(x, w, b, conv_param, pool_param)",
    _pooled_case,
    lambda case: [*CONV.into(case), {"pool_height": 2, "pool_width": 2, "stride": 2}],
    LINEAR,
    formula=_chained(conv2d, relu, _pool_2),
)


def _normalized(function: Callable[..., Any]) -> Callable[..., Any]:
    """A layer, batch normalization and relu."""

    def formula(*, gamma: Any, beta: Any, **rest: Any) -> Any:
        z, through = function(**rest)
        zeros = np.zeros_like(gamma)
        (y, *_), through_norm = batch_norm(z, zeros, zeros + 1, gamma, beta, training=True)
        a, through_relu = relu(y)

        def backward(da: Any) -> Any:
            grads = through_norm(through_relu(da)["x"])
            return {**through(grads["x"]), "gamma": grads["weight"], "beta": grads["bias"]}

        return a, backward

    return formula


TRAINING = {"mode": "train", "eps": 1e-5, "momentum": 0.9}


def _normalized_layer(
    form: str,
    plain: Layer,
    function: Callable[..., Any],
    into: Callable[[Case], list[Any]],
    *,
    back: Any = None,
) -> Layer:
    gradients = (*LINEAR, ("gamma", 3), ("beta", 4))
    kept = {} if back is None else {"back": back}
    narrow = partial(_enough_examples, before=plain.narrow)
    return Layer(plain.algorithm, form, narrow, into, gradients, formula=_normalized(function), **kept)


def _enough_examples(case: Case, *, before: Callable[[Case], Case]) -> Case:
    """More than three examples, for of two values batch normalization makes −1 and 1 whatever they are."""
    adapted = before(case)
    x, M = adapted.arrays["input"], adapted.arrays["weight"].shape[0]
    if len(x) < 4:
        x = np.concatenate([x, *(x[::-1] * factor for factor in (0.5, -1.25, 2.0, 0.75))])[: max(4, len(x))]
    more = {name: given(case, name, M) for name in ("gamma", "beta")}
    return changed(case, {**adapted.arrays, "input": x, **more}, **adapted.options)


def _affine_bn(case: Case) -> list[Any]:
    return [*affine(case), case.arrays["gamma"], case.arrays["beta"], dict(TRAINING)]


def _conv_bn(case: Case) -> list[Any]:
    x, w, b, param = CONV.into(case)
    return [x, w, b, case.arrays["gamma"], case.arrays["beta"], param, dict(TRAINING)]


AFFINE_BN_RELU = _normalized_layer(
    "affine_bn_relu_forward(x, w, b, gamma, beta, bn_param)", AFFINE, linear, _affine_bn, back=affine_back
)
CONV_BN_RELU = _normalized_layer(
    "conv_bn_relu_forward(x, w, b, gamma, beta, conv_param, bn_param)", CONV, conv2d, _conv_bn
)

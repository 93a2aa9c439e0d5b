"""The handbook's convolution and pooling: images as (m, height, width, channels), square windows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from parity_tests.engine.cases import Case
from parity_tests.engine.questions import Answer, Question
from parity_tests.people.answers import tensor
from parity_tests.people.binding import Beyond, Binding, Reading, Unbound
from parity_tests.people.handbook_functions import (
    Function,
    Maker,
    function,
    gradients,
    item,
    outputs,
    sound,
    value,
)
from parity_tests.people.host import Host
from scratch.convolution import max_pool2d

Pair = tuple[Any, Callable[..., Any]]


def first(option: Any) -> int:
    """One number for both axes: that of the rows."""
    return int(option[0] if isinstance(option, tuple) else option)


def last(x: np.ndarray) -> np.ndarray:
    """(N, C, H, W) as (m, n_H, n_W, n_C)."""
    return np.ascontiguousarray(x.transpose(0, 2, 3, 1))


def front(array: Any) -> np.ndarray:
    """(m, n_H, n_W, n_C) of theirs as (N, C, H, W)."""
    got = tensor(array)
    return got.transpose(0, 3, 1, 2) if got.ndim == 4 else got


# ---- convolution ----


def square(case: Case) -> Case:
    """The case with one stride, one pad, a square kernel, a bias, and nothing else."""
    arrays, options = case.arrays, case.options
    weight, padding = arrays["weight"], options.get("padding", 0)
    f = min(weight.shape[2:])
    pad = {"same": 1, "valid": 0}[padding] if isinstance(padding, str) else first(padding)
    kernel = np.ascontiguousarray(weight[:, :, :f, :f])
    x = np.ascontiguousarray(arrays["input"][:, : kernel.shape[1]])
    if min(x.shape[2:]) + 2 * pad < f:
        raise Beyond("the image is smaller than the kernel")
    bias = np.zeros(len(kernel)) if arrays["bias"] is None else arrays["bias"]
    plain = {"stride": first(options.get("stride", 1)), "padding": pad}
    return replace(case, arrays={"input": x, "weight": kernel, "bias": bias}, options=plain)


def one_window(case: Case) -> Case:
    """A case of one filter and of one image that is as large as that."""
    case = square(case)
    x, kernel, bias = (case.arrays[name] for name in ("input", "weight", "bias"))
    f = min(kernel.shape[2], *x.shape[2:])
    arrays = {"input": x[:1, :, :f, :f], "weight": kernel[:1, :, :f, :f], "bias": bias[:1]}
    return replace(case, arrays=arrays, options={})


def bind_conv_forward(maker: Maker) -> Binding | Unbound:
    theirs = function(maker.member, "A_prev W b hparameters")
    if theirs is None:
        return _unbound(maker, "A_prev, W, b, hparameters")

    def ask(host: Host, question: Question) -> Answer:
        Z, _ = _convolved(theirs, host, question)
        return outputs(question, Z)

    return maker.binding("conv2d", Reading(ask, narrow=square))


def _convolved(theirs: Function, host: Host, question: Question) -> tuple[np.ndarray, Any]:
    arrays, options = question.case.arrays, question.case.options
    returned = theirs(
        host,
        A_prev=last(arrays["input"]),
        W=np.ascontiguousarray(arrays["weight"].transpose(2, 3, 1, 0)),
        b=arrays["bias"].reshape(1, 1, 1, -1),
        hparameters={"stride": options["stride"], "pad": options["padding"]},
    )
    return front(value(host, returned, 0)), returned


def bind_conv_backward(maker: Maker) -> Binding | Unbound:
    theirs = function(maker.member, "dZ cache")
    forward = maker.other("conv_forward", "A_prev W b hparameters")
    if theirs is None or forward is None:
        return _unbound(maker, "dZ, cache", forward="conv_forward")

    def ask(host: Host, question: Question) -> Answer:
        Z, returned = _convolved(forward, host, question)
        sound(question, forward.name, Z)
        got = theirs(host, dZ=last(question.upstream[0]), cache=item(host, returned, 1))
        dA, dW, db = (value(host, got, i) for i in range(3))
        kernel = tensor(dW)
        kernel = kernel.transpose(3, 2, 0, 1) if kernel.ndim == 4 else kernel
        return gradients(question, {"input": front(dA), "weight": kernel, "bias": db})

    return maker.binding("conv2d", Reading(ask, narrow=square), beside=("conv_forward",))


def bind_single_step(maker: Maker) -> Binding | Unbound:
    theirs = function(maker.member, "a_slice_prev W b")
    if theirs is None:
        return _unbound(maker, "a_slice_prev, W, b")

    def ask(host: Host, question: Question) -> Answer:
        x, kernel, bias = (question.case.arrays[name] for name in ("input", "weight", "bias"))
        window, W = (np.ascontiguousarray(part[0].transpose(1, 2, 0)) for part in (x, kernel))
        return outputs(
            question, value(host, theirs(host, a_slice_prev=window, W=W, b=bias.reshape(1, 1, 1)), 0)
        )

    return maker.binding("conv2d", Reading(ask, narrow=one_window))


def zero_padded(input: Any, weight: Any, bias: Any = None, *, stride: int, padding: int) -> Any:
    """The images with margins of zeros."""
    return np.pad(input, ((0, 0), (0, 0), (padding, padding), (padding, padding)))


def bind_zero_pad(maker: Maker) -> Binding | Unbound:
    theirs = function(maker.member, "X pad")
    if theirs is None:
        return _unbound(maker, "X, pad")

    def ask(host: Host, question: Question) -> Answer:
        x, pad = question.case.arrays["input"], question.case.options["padding"]
        return outputs(question, front(value(host, theirs(host, X=last(x), pad=pad))))

    return maker.binding("conv2d", Reading(ask, formula=zero_padded, narrow=square))


# ---- pooling ----


def inner(case: Case) -> Case:
    """The case with square windows that stay inside."""
    x, sizes, stride = case.arrays["input"], case.options["kernel_size"], case.options.get("stride")
    f = min(*(sizes if isinstance(sizes, tuple) else (sizes,)), *x.shape[2:])
    return replace(case, options={"kernel_size": f, "stride": f if stride is None else first(stride)})


def pool_with_ties(input: Any, *, kernel_size: int, stride: int) -> Pair:
    """Max-pooling that gives the whole gradient to each of several largest pixels."""
    f, s = kernel_size, stride
    y, _ = max_pool2d(input, kernel_size=f, stride=s)
    pixels, largest = getattr(input, "value", input), getattr(y, "value", y)

    def backward(dy: Any) -> dict[str, Any]:
        dinput = np.zeros_like(input)
        for i in range(largest.shape[2]):
            for j in range(largest.shape[3]):
                here = (slice(None), slice(None), slice(i * s, i * s + f), slice(j * s, j * s + f))
                mask = pixels[here] == largest[:, :, i : i + 1, j : j + 1]
                dinput[here] = dinput[here] + dy[:, :, i : i + 1, j : j + 1] * mask.astype(np.float64)
        return {"input": dinput}

    return y, backward


TIES = "where several pixels are largest, each gets the whole gradient"


def bind_pool_forward(maker: Maker) -> tuple[Binding, ...] | Unbound:
    theirs = function(maker.member, "A_prev hparameters", "mode")
    if theirs is None:
        return _unbound(maker, "A_prev, hparameters, mode")

    def binding(mode: str, algorithm: str) -> Binding:
        def ask(host: Host, question: Question) -> Answer:
            return outputs(question, _pooled(theirs, host, question, mode)[0])

        return maker.binding(algorithm, Reading(ask, narrow=inner))

    return tuple(binding(mode, algorithm) for mode, algorithm in _modes(theirs))


def _modes(theirs: Function) -> list[tuple[str, str]]:
    return [("max", "max_pool2d"), *([("average", "avg_pool2d")] if theirs.takes("mode") else [])]


def _pooled(theirs: Function, host: Host, question: Question, mode: str) -> tuple[np.ndarray, Any]:
    x, options = question.case.arrays["input"], question.case.options
    hparameters = {"f": options["kernel_size"], "stride": options["stride"]}
    returned = theirs(host, A_prev=last(x), hparameters=hparameters, mode=mode)
    return front(value(host, returned, 0)), returned


def bind_pool_backward(maker: Maker) -> tuple[Binding, ...] | Unbound:
    theirs = function(maker.member, "dA cache", "mode")
    forward = maker.other("pool_forward", "A_prev hparameters", "mode")
    if theirs is None or forward is None:
        return _unbound(maker, "dA, cache, mode", forward="pool_forward")

    def binding(mode: str, algorithm: str) -> Binding:
        def ask(host: Host, question: Question) -> Answer:
            A, returned = _pooled(forward, host, question, mode)
            sound(question, forward.name, A)
            got = theirs(host, dA=last(question.upstream[0]), cache=item(host, returned, 1), mode=mode)
            return gradients(question, {"input": front(value(host, got))})

        ties = [Reading(ask, TIES, pool_with_ties, inner)] if mode == "max" else []
        return maker.binding(algorithm, Reading(ask, narrow=inner), *ties, beside=("pool_forward",))

    return tuple(binding(mode, algorithm) for mode, algorithm in _modes(theirs))


def _unbound(maker: Maker, form: str, forward: str = "") -> Unbound:
    with_it = f", with its {forward} beside it" if forward else ""
    return Unbound(
        maker.member.name, f"it would do as {maker.member.name}({form}){with_it}", maker.member.line
    )

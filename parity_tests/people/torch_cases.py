"""Cases made as plain as less general implementations need them, each of its own seed."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from parity_tests.engine.cases import Case
from parity_tests.people.binding import Beyond


def one_layer(case: Case) -> Case:
    """A recurrent network of one layer and one direction, with biases, over sequences of one length."""
    arrays, options = dict(case.arrays), dict(case.options)
    rng = np.random.default_rng(case.seed)
    params = {name: value for name, value in arrays["params"].items() if name.endswith("_l0")}
    for end in ("ih", "hh"):
        params.setdefault(f"bias_{end}_l0", rng.standard_normal(len(params["weight_hh_l0"])) / 2)
    arrays |= {"params": params, "x": np.nan_to_num(arrays["x"]), "lengths": None, "dropout_mask": None}
    for name in ("h_0", "c_0"):
        if arrays.get(name) is not None:
            arrays[name] = arrays[name][:1]
    if options.get("batch_first"):
        arrays["x"] = np.swapaxes(arrays["x"], 0, 1)
    options |= {"num_layers": 1, "bidirectional": False, "bias": True, "batch_first": False, "dropout": 0.0}
    return replace(case, arrays=arrays, options=options)


def with_biases(case: Case) -> Case:
    """A cell that has its biases."""
    params = dict(case.arrays["params"])
    rng = np.random.default_rng(case.seed)
    for end in ("ih", "hh"):
        params.setdefault(f"bias_{end}", rng.standard_normal(len(params["weight_hh"])) / 2)
    return replace(case, arrays={**case.arrays, "params": params}, options={**case.options, "bias": True})


def one_group(case: Case) -> Case:
    """A convolution of one group with a kernel that fits the image."""
    x, weight = case.arrays["input"], case.arrays["weight"]
    sides = tuple(min(pair) for pair in zip(weight.shape[2:], x.shape[2:], strict=True))
    if 1 in sides:  # who takes one side for both may have an oblong kernel of 1 broadcast, and no error
        sides = (1,) * len(sides)
    return _with_kernel(case, sides)


def one_group_of_squares(case: Case) -> Case:
    """The same with a square kernel, and with options that are one number for both axes."""
    x, weight = case.arrays["input"], case.arrays["weight"]
    side = min(*weight.shape[2:], *x.shape[2:])
    case = _with_kernel(case, (side,) * len(weight.shape[2:]))
    options = {name: value for name, value in case.options.items() if name != "dilation"}
    for name in ("stride", "padding"):
        value = options.get(name)
        if isinstance(value, str):
            raise Beyond("it takes no padding by name")
        if isinstance(value, tuple):
            options[name] = value[0]
    return replace(case, options=options)


def _with_kernel(case: Case, sides: tuple[int, ...]) -> Case:
    x, weight = case.arrays["input"], case.arrays["weight"]
    drawn = np.random.default_rng(case.seed).standard_normal((weight.shape[0], x.shape[1], *sides))
    options = {name: value for name, value in case.options.items() if name != "groups"}
    return replace(case, arrays={**case.arrays, "weight": drawn}, options=options)


def one_number(case: Case) -> Case:
    """One number where both axes have the same, and a stride that is told."""
    options = {
        name: value[0] if isinstance(value, tuple) and len(set(value)) == 1 else value
        for name, value in case.options.items()
    }
    if "stride" in options and options["stride"] is None:
        options["stride"] = options["kernel_size"]
    return replace(case, options=options)


def two_axes(case: Case) -> Case:
    """Rows of scores."""
    x = case.arrays["x"]
    arrays = {**case.arrays, "x": x.reshape(-1, x.shape[-1])}
    return replace(
        case, arrays=arrays, options={name: v for name, v in case.options.items() if name != "axis"}
    )


def probabilities(case: Case) -> Case:
    """Classes, and rows of probabilities none of which is near 0."""
    x, target = case.arrays["input"], case.arrays["target"]
    if x.ndim != 2 or target.dtype.kind != "i":
        raise Beyond("it takes classes and rows of probabilities alone")
    z = np.exp(np.clip(np.nan_to_num(x), -3, 3))
    arrays = {
        **case.arrays,
        "input": z / z.sum(1, keepdims=True),
        "target": np.clip(target, 0, x.shape[1] - 1),
    }
    return replace(case, arrays=arrays, options={}, benign=True)


def a_batch(axes: int | None, case: Case) -> Case:
    """A batch for a norm with a momentum, of so many axes if they are given."""
    x = case.arrays["x"]
    if axes == 2 and x.ndim > 2:
        x = np.moveaxis(x, 1, -1).reshape(-1, x.shape[1])
    elif axes and x.ndim != axes:
        spatial = (*x.shape[2:], 1, 1)
        x = x.reshape(*x.shape[:2], *spatial[: axes - 3], -1)
    momentum = case.options.get("momentum", 0.1)
    options = {**case.options, "momentum": 0.3 if momentum is None else momentum}
    return replace(case, arrays={**case.arrays, "x": x}, options=options)

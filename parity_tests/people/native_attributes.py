"""Where objects keep their parameters and the gradients of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from parity_tests.people.answers import tensor
from parity_tests.people.host import Host, TheirError
from parity_tests.people.signatures import SYNONYMS, plain
from parity_tests.sandbox.wire import Ref

HOLDERS = ("params", "parameters", "weights", "_params", "p")
GRADIENT_HOLDERS = ("grads", "gradients", "grad", "_grads", "dparams", "gradient")


def attributes_of(host: Host, thing: Ref) -> dict[str, Any]:
    try:
        found = host.get((thing, "__dict__"))
    except TheirError:
        return {}
    return dict(found) if isinstance(found, Mapping) else {}


# Where a forward leaves what it returns nothing of, and a backward the gradient of its input.
OUTPUTS = ("output", "outputs", "out", "activation", "activations", "result")
INPUTS = ("inputs", "input", "x")


def output_of(host: Host, thing: Ref, returned: Any) -> Any:
    """What a forward returned; where that is nothing, what it left in an attribute."""
    if returned is not None:
        return returned
    left = attributes_of(host, thing)
    return next((left[name] for name in OUTPUTS if isinstance(left.get(name), np.ndarray)), None)


def input_gradient(attributes: Mapping[str, Any], name: str) -> Any:
    """The gradient of an input that is called so, where a backward left it in an attribute."""
    found = (gradient_in(attributes, (each,)) for each in (name, *INPUTS))
    return next((gradient for gradient in found if gradient is not None), None)


def _names(ours: str) -> list[str]:
    extra = {
        "weight_ih": ("w_ih", "wx", "w_x", "w_xh", "wxh", "u", "wax"),
        "weight_hh": ("w_hh", "wh", "w_h", "whh", "waa"),
        "bias_ih": ("b_ih", "bx", "b_x"),
        "bias_hh": ("b_hh", "bh", "b_h"),
    }
    return [plain(name) for name in (ours, *extra.get(ours, ()), *SYNONYMS.get(ours, ()))]


def place_of(
    ours: str, attributes: Mapping[str, Any], shape: tuple[int, ...] | None, also: Sequence[str] = ()
) -> tuple[str, ...] | None:
    """Where a parameter stands among attributes, and in the dicts among them."""
    spots: list[tuple[tuple[str, ...], Any]] = [((name,), value) for name, value in attributes.items()]
    for holder in HOLDERS:
        if isinstance(attributes.get(holder), Mapping):
            spots += [((holder, str(key)), value) for key, value in attributes[holder].items()]
    for wanted in [*_names(ours), *map(plain, also)]:
        for path, value in spots:
            if plain(path[-1]).lstrip("_") == wanted and _fits(value, shape):
                return path
    return None


def _fits(value: Any, shape: tuple[int, ...] | None) -> bool:
    if value is None or shape is None or isinstance(value, Ref):
        return True
    try:
        theirs = tensor(value).shape
    except TheirError:
        return False
    return [n for n in theirs if n != 1] == [n for n in shape if n != 1]


def at(attributes: Mapping[str, Any], path: Sequence[str]) -> Any:
    value: Any = attributes
    for name in path:
        value = value[name]
    return value


def gradient_in(attributes: Mapping[str, Any], path: Sequence[str]) -> Any:
    """The gradient of a parameter: dW, grad_W, W_grad, grads["W"], grads["dW"]."""
    own = plain(path[-1])
    forms = (
        f"d{own}",
        f"grad{own}",
        f"{own}grad",
        f"{own}gradient",
        f"gradient{own}",
        f"d{own}s",
        f"g{own}",
        f"delta{own}",
        f"{own}grads",
        f"gradients{own}",
        f"{own}gradients",
        f"dl{own}",
        f"dld{own}",
    )
    more = {
        "weights": ("dw",),
        "bias": ("db",),
        "weight": ("dw", "gradw"),
        "biases": ("db",),
        "gamma": ("dg",),
        "beta": ("db",),
    }
    spots = {plain(name): value for name, value in attributes.items() if value is not None}
    for form in (*forms, *more.get(own, ())):
        if form in spots:
            return spots[form]
    for holder in (*GRADIENT_HOLDERS, *HOLDERS):
        inner = attributes.get(holder)
        if isinstance(inner, Mapping):
            by_plain = {plain(str(name)): value for name, value in inner.items() if value is not None}
            last = (own,) if holder in GRADIENT_HOLDERS else ()
            for form in (*forms, *last):
                if form in by_plain:
                    return by_plain[form]
    return None

"""Tell apart what somebody's function returned: outputs, gradients, and what it keeps for its backward."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np

from parity_tests.engine.operations import split
from parity_tests.engine.questions import Answer, Question
from parity_tests.engine.trees import flatten, fresh
from parity_tests.people.answers import empty, fitted, tensor
from parity_tests.people.binding import Absent
from parity_tests.people.host import Host, TheirError
from parity_tests.people.signatures import SYNONYMS, plain
from parity_tests.sandbox.wire import Record, Ref

OUTPUT_KEYS = ("y", "out", "output", "outputs", "loss", "result", "h", "probs", "a", "value")
# What hardly anybody differentiates with respect to: None for one of these is no mistake.
SELDOM = {"target", "h_0", "c_0", "noise"}
GRADIENT_KEYS = ("grads", "grad", "gradients", "gradient")


@dataclass(frozen=True)
class Right:
    """How the right answer is built: its outputs, and its gradients by argument, as trees."""

    outputs: Any
    gradients: Mapping[str, Any]

    @property
    def shape(self) -> tuple[int, ...] | None:
        """The shape of the output, if there is only one."""
        return None if isinstance(self.outputs, dict | list | tuple) else np.shape(self.outputs)


def right_answer(formula: Callable[..., Any], question: Question) -> Right:
    """What the formula says, unflattened."""
    with np.errstate(all="ignore"):
        y, backward = split(formula(**fresh(question.case.arrays), **question.case.options))
        gradients = backward(*fresh(list(question.upstream))) if backward is not None else {}
    return Right(y, {name: tree for name, tree in gradients.items() if tree is not None})


@dataclass(frozen=True)
class Divided:
    """Outputs by name, and what stood behind them."""

    outputs: Mapping[str, Any]
    rest: tuple[Any, ...] = ()


def divide(value: Any, right: Right) -> Divided:
    """The outputs, and all that stands behind them: a cache, a backward, gradients."""
    if isinstance(value, Ref):
        raise TheirError("TypeError", f"it returned a {value.type}, where an array was expected")
    tree = right.outputs
    fields = _fields(tree)
    if fields is None:
        return _divide_one(value, np.shape(tree))
    if isinstance(value, Mapping | Record) and (by_name := _by_name(_mapping(value), fields)):
        return Divided(by_name)
    if not isinstance(value, tuple | list | Record):
        first = next(iter(flatten(tree)))
        return Divided({first: value})
    items = list(_items(value))
    if items and _holds(items[0], fields):
        return Divided(divide(items[0], right).outputs, tuple(items[1:]))
    leaves = flatten(tree)
    if len(items) == len(leaves) != len(fields):
        return Divided(_leaf_by_leaf(items, leaves))
    outputs: dict[str, Any] = {}
    taken = 0
    for (name, subtree), item in zip(fields.items(), items, strict=False):
        if _fields(subtree) is None and not _as_large(item, subtree):
            break  # what stands there is no output, but the rest
        outputs |= _spread(item, subtree, name)
        taken += 1
    return Divided(outputs, tuple(items[taken:]))


def _holds(value: Any, fields: Mapping[str, Any]) -> bool:
    """Whether all outputs stand in this one value, as in ``(h, c), cache``."""
    if isinstance(value, Mapping | Record):
        return bool(_by_name(_mapping(value), fields)) and not (
            isinstance(next(iter(fields.values())), dict) and isinstance(value, Mapping)
        )
    nested = isinstance(next(iter(fields.values()), None), dict | list | tuple)
    return isinstance(value, tuple) and len(value) == len(fields) > 1 and not nested


def _divide_one(value: Any, shape: tuple[int, ...]) -> Divided:
    if isinstance(value, Mapping):
        key = next((k for k in OUTPUT_KEYS if k in value), None)
        if key is None:
            raise TheirError("TypeError", f"it returned a dict of {', '.join(map(str, value))}"[:200])
        return Divided({"y": value[key]}, tuple(item for k, item in value.items() if k != key))
    if isinstance(value, tuple | list | Record):
        items = _items(value)
        if not items:
            raise TheirError("TypeError", "it returned nothing")
        if isinstance(value, list) and _shape(items) == shape:
            return Divided({"y": value})
        if len(items) == 1 or not (isinstance(value, list) and _shape(items) is not None):
            return Divided({"y": items[0]}, tuple(items[1:]))
    return Divided({"y": value})


def _fields(tree: Any) -> dict[str, Any] | None:
    """The top level of a tree by name, without what is None; None for a lone array."""
    if isinstance(tree, dict):
        return {key: item for key, item in tree.items() if item is not None}
    if isinstance(tree, tuple) and hasattr(tree, "_fields"):
        named = zip(tree._fields, tree, strict=True)
        return {key: item for key, item in named if item is not None}
    if isinstance(tree, list | tuple):
        return {str(i): item for i, item in enumerate(tree)}
    return None


def _spread(value: Any, tree: Any, name: str) -> dict[str, Any]:
    """The leaves of `tree` under `name`, out of what they returned in its place."""
    fields = _fields(tree)
    if fields is None:
        return {name: value}
    if isinstance(value, Mapping | Record):
        by_name = _by_name(_mapping(value), fields)
        return {f"{name}.{key}": item for key, item in by_name.items()}
    if isinstance(value, np.ndarray) and len(fields) == 1:
        value = [value]
    if isinstance(value, list | tuple):
        parts = [
            _spread(item, fields[key], f"{name}.{key}") for key, item in zip(fields, value, strict=False)
        ]
        return {key: item for part in parts for key, item in part.items()}
    return {name: value}


def _by_name(value: Mapping[Any, Any], fields: Mapping[str, Any]) -> dict[str, Any]:
    """Leaves of `fields` by name, out of a dict that has any of these names."""
    by_plain = {plain(str(key)): item for key, item in value.items()}
    found: dict[str, Any] = {}
    for name, subtree in fields.items():
        key = next((k for k in (name, *SYNONYMS.get(name, ())) if plain(k) in by_plain), None)
        if key is not None:
            found |= _spread(by_plain[plain(key)], subtree, name)
    return found


def _as_large(value: Any, like: Any) -> bool:
    shape = _shape(value)
    return shape is not None and math.prod(shape) == np.size(like)


def _leaf_by_leaf(items: Sequence[Any], leaves: Mapping[str, Any]) -> dict[str, Any]:
    """(x, y, x, y) or (x, x, y, y): the order in which the shapes fit."""
    inner = list(dict.fromkeys(name.rpartition(".")[2] for name in leaves))
    orders = [list(leaves), sorted(leaves, key=lambda name: inner.index(name.rpartition(".")[2]))]
    for order in orders:
        if all(_shape(item) == np.shape(leaves[name]) for name, item in zip(order, items, strict=True)):
            return dict(zip(order, items, strict=True))
    return dict(zip(orders[0], items, strict=True))


def _items(value: Any) -> tuple[Any, ...]:
    return tuple(value.fields.values()) if isinstance(value, Record) else tuple(value)


def _mapping(value: Any) -> Mapping[Any, Any]:
    return value.fields if isinstance(value, Record) else value


def _shape(value: Any) -> tuple[int, ...] | None:
    try:
        return tensor(value).shape
    except TheirError:
        return None


def gradients_by_name(
    value: Any, right: Mapping[str, Any], order: Sequence[str], theirs: Mapping[str, str]
) -> dict[str, Any]:
    """The leaves of the right gradients out of what a backward returned: None for one that is not among it.

    Args:
        value: one array, a sequence in the order of their arguments, or a dict by any of the usual names.
        right: the right gradients, as a tree by our names.
        order: our names in the order of their arguments.
        theirs: their names by ours.
    """
    leaves: dict[str, Any] = dict.fromkeys(flatten(dict(right)))
    if isinstance(value, Record):
        value = value.fields
    if isinstance(value, Mapping):
        inner: Mapping[Any, Any] = next(
            (value[key] for key in GRADIENT_KEYS if isinstance(value.get(key), Mapping)), {}
        )
        given = {plain(str(key)): item for key, item in {**value, **inner}.items()}
        for name in right:
            if (found := _gradient(given, name, theirs)) is not None:
                leaves |= _spread(found, right[name], name)
        for leaf in leaves:
            ours = leaf.partition(".")[2]
            if ours and leaves[leaf] is None:
                leaves[leaf] = _gradient(given, ours, {})
        none = {key: True for key, item in given.items() if item is None}
        kept_back = [name for name in right if _gradient(none, name, theirs) is not None]
        return _refused(leaves, kept_back, right)
    names = [name for name in order if name in right]
    names += [name for name in right if name not in names]
    if not (isinstance(value, tuple | list) and len(value) >= len(names)):
        names = [name for name in names if name != "target"] or names  # nobody needs that one
    refused: list[str] = []
    if isinstance(value, tuple | list) and not (len(names) == 1 and _shape(value) is not None):
        items = list(value)
        given_ = [item for item in items if item is not None]
        if len(items) > len(names) == len(given_):
            items = given_  # None for an argument that was None itself
        names = list(_places(names, items, leaves, right))
        for name, item in zip(names, items, strict=False):
            leaves |= _spread(item, right[name], name) if name in right else {name: item}
        refused = [name for name, item in zip(names, items, strict=False) if item is None and name in right]
    else:
        leaves |= _spread(value, right[names[0]], names[0])
    return _refused(leaves, refused, right)


def _places(
    names: Sequence[str], items: Sequence[Any], leaves: Mapping[str, Any], right: Mapping[str, Any]
) -> Sequence[str]:
    """What the items of a sequence are, where they are more than there are names, or fewer.

    A loss whose gradients stand behind it has those of its parameters alone: (loss, dW, db). So of more names
    the first count that they fit in shape; matrices may be the other way round. Numbers don't count: who
    returns the bias's gradient for the weight's has it wrong.
    """
    if len(items) > len(names):
        spread = [leaf for name in names for leaf in _under(leaves, name)]
        return spread if len(spread) == len(items) else names

    def fits(name: str, item: Any) -> bool:
        shape, wanted = _shape(item), np.shape(right[name])
        if _fields(right[name]) is not None or shape is None:
            return False
        return sorted(shape) == sorted(wanted) or (shape == () and np.size(right[name]) == 1)

    found = [
        some
        for some in combinations(names, len(items))
        if all(fits(name, item) for name, item in zip(some, items, strict=True))
    ]
    return found[0] if found else names


def _refused(leaves: dict[str, Any], refused: Sequence[str], right: Mapping[str, Any]) -> dict[str, Any]:
    """The leaves, where None beside other gradients says that one is 0; None for all says nothing."""
    if empty(leaves):
        return leaves
    for name in refused:
        if name in SELDOM or "mask" in name:
            continue
        for leaf, item in flatten({name: right[name]}).items():
            if leaves.get(leaf) is None:
                leaves[leaf] = np.zeros(np.shape(item))
    return leaves


def _under(leaves: Mapping[str, Any], name: str) -> list[str]:
    return [leaf for leaf in leaves if leaf == name or leaf.startswith(name + ".")]


def _gradient(given: Mapping[str, Any], ours: str, theirs: Mapping[str, str]) -> Any:
    """The gradient called after an argument: dx, dL_dx, grad_x, x_grad, or x itself."""
    for name in (theirs.get(ours, ours), ours, *SYNONYMS.get(ours, ())):
        p = plain(name)
        for form in (
            f"d{p}",
            f"grad{p}",
            f"{p}grad",
            f"dld{p}",
            f"dloss{p}",
            f"g{p}",
            f"d{p}s",
            f"gradient{p}",
            p,
        ):
            if given.get(form) is not None:
                return given[form]
    return None


def scaled(gradients: Mapping[str, Any], upstream: Sequence[Any]) -> dict[str, Any]:
    """Gradients of a loss, or derivatives of each element, times the upstream gradient."""
    (dy,) = upstream

    def times(value: Any) -> Any:
        if value is None:
            return None
        array, factor = tensor(value), np.asarray(dy)
        while factor.ndim < array.ndim and factor.shape == array.shape[: factor.ndim] and factor.ndim:
            factor = factor[..., None]
        try:
            return array * factor
        except ValueError:
            raise TheirError("ValueError", f"its derivative has the shape {array.shape}") from None

    return {name: times(value) for name, value in gradients.items()}


def times_jacobian(derivative: np.ndarray, dy: np.ndarray) -> np.ndarray | None:
    """dy times a Jacobian (..., D, D) of the last axis; None for what is none."""
    if derivative.shape == (*dy.shape, *dy.shape[-1:]):
        return np.einsum("...ij,...i->...j", derivative, dy)
    return None


def complete(
    question: Question, outputs: Mapping[str, Any], gradients: Mapping[str, Any] | None, host: Host
) -> Answer:
    """The answer; a gradient that is None is left out of it, and said to be."""
    answers: list[dict[str, Any] | None] = []
    for part in question.parts:
        if part.kind == "gradients":
            if gradients is None or empty(gradients):  # no backward, or one that was asked and gave nothing
                answers.append(None if gradients is None else {})
                continue
            named = {f"grad {name}": value for name, value in gradients.items()}
            missing = [name for name in part.expected if named.get(name) is None]
            told = [name for name in missing if name != "grad target"]
            if told:
                host.remark(f"it returned no {', no '.join(told[:6])}{' …' if len(told) > 6 else ''}")
            named |= dict.fromkeys(missing)
            answers.append(_fitted(named, part.expected))
        else:
            if empty(outputs):
                raise Absent("it returns None")
            answers.append(_fitted(outputs, part.expected))
    return answers


def _fitted(values: Mapping[str, Any], expected: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: None if value is None else fitted(value, expected.get(name)) for name, value in values.items()
    }

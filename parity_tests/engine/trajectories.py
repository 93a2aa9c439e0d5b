"""Compare optimizers step by step, from every state that the oracle visited.

Two free trainings that are compared only at their ends hide small errors, and where training is chaotic
they raise false alarms. Teacher-forced, one step at a time, every element of every parameter and of the
optimizer's state is held to its own tolerance, and the first step that differs is the step that is wrong.

A stepper is ``params, states = step(params, grads, states, lr=…, **options)`` over dicts of arrays;
a gradient may be None, and a state that is absent begins anew. A case has the arrays "params" and
"grads" (a list, one dict a step) and the extra "lrs" (a rate for each step, or None for the default).
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np

from parity_tests.engine.cases import Case
from parity_tests.engine.compare import compare, located
from parity_tests.engine.precision import Precision
from parity_tests.engine.results import Tally
from parity_tests.engine.rounding import Model, Rounded
from parity_tests.engine.trees import flatten, fresh, tree_map

Stepper = Callable[..., tuple[dict[str, Any], dict[str, Any]]]


class Moment(NamedTuple):
    """A point of a trajectory: what the next step starts from, and the gradients and options it takes."""

    number: int
    params: dict[str, Any]
    states: dict[str, Any]
    grads: dict[str, Any]
    options: dict[str, Any]


def moments(step: Stepper, case: Case) -> Iterator[Moment]:
    """The trajectory of `step` through the gradients of the case; the last moment has none left to take."""
    params = fresh(case.arrays["params"])
    states: dict[str, Any] = {}
    lrs = case.extra.get("lrs") or [None] * len(case.arrays["grads"])
    for number, (grads, lr) in enumerate(zip(case.arrays["grads"], lrs, strict=True), start=1):
        options = case.options if lr is None else {**case.options, "lr": lr}
        yield Moment(number, params, states, grads, options)
        params, states = step(fresh(params), fresh(grads), fresh(states), **options)
    yield Moment(len(lrs) + 1, params, states, {}, {})


def check_trajectory(
    formula: Stepper,
    subject: Stepper,
    oracle: Stepper,
    cases: Sequence[Case],
    precision: Precision,
    *,
    cap: float | None = None,
) -> Tally:
    """One step of `subject` from every state that `oracle` visited: new parameters, new states, and the
    update by itself.

    The update is the step taken from parameters of zero: beside parameters of order 1, a small update
    could be wrong in most of its digits.
    """
    tally = Tally(cap)
    for case in cases:
        for moment in list(moments(oracle, case))[:-1]:
            at_zero = moment._replace(params={name: np.zeros_like(p) for name, p in moment.params.items()})
            for start, names in ((moment, ("param", "state")), (at_zero, ("update",))):
                expected, got = (_named(step, start, names) for step in (oracle, subject))
                scales = _named(formula, rounded(start, Model.of(precision)), names)
                found = [
                    located(comparison, case=case.spec, step=moment.number)
                    for comparison in compare(got, expected, scales, precision)
                ]
                still = [
                    c.tensor
                    for c in found
                    if c.tensor.startswith("state") or not _moves(c.tensor, moment.grads)
                ]
                benign, begins = case.benign and start is moment, start is moment and moment.number == 1
                tally.add(found, case.spec, benign=benign, allow_zero=still, begins=begins)
    return tally


def _moves(tensor: str, grads: dict[str, Any]) -> bool:
    """Whether the parameter that `tensor` belongs to has a gradient in this step."""
    return grads.get(tensor.partition(".")[2]) is not None


def _named(step: Stepper, moment: Moment, names: Sequence[str]) -> dict[str, Any]:
    after = step(fresh(moment.params), fresh(moment.grads), fresh(moment.states), **moment.options)
    return flatten(dict(zip(names, after, strict=False)))


def rounded(moment: Moment, model: Model) -> Moment:
    def wrap(leaf: Any) -> Any:
        return Rounded.exact(leaf, model) if isinstance(leaf, np.ndarray) else leaf

    return moment._replace(
        params=tree_map(wrap, moment.params),
        grads=tree_map(wrap, moment.grads),
        states=tree_map(wrap, moment.states),
    )


def check_resumed(step: Stepper, cases: Sequence[Case]) -> Tally:
    """A training that is saved to bytes after half its steps and taken up again ends bit for bit where the
    uninterrupted one does."""
    tally = Tally()
    for case in cases:
        tally.cases += 1
        *visited, end = moments(step, case)
        half = visited[len(visited) // 2]
        params, states = _through_a_file(half.params), _through_a_file(half.states)
        for moment in visited[len(visited) // 2 :]:
            params, states = step(params, fresh(moment.grads), states, **moment.options)
        resumed, straight = (
            flatten({"param": params, "state": states}),
            flatten({"param": end.params, "state": end.states}),
        )
        for name, value in straight.items():
            tally.tensors += 1
            if not np.array_equal(np.asarray(resumed[name]), np.asarray(value), equal_nan=True):
                tally.complain(f"{name} is another after the training was saved and resumed", case.spec)
    return tally


def _through_a_file(tree: Any) -> Any:
    """What np.savez and np.load make of the arrays and numbers."""
    file = io.BytesIO()
    leaves = flatten(tree)
    np.savez(file, **leaves)
    file.seek(0)
    loaded = iter([np.load(file)[name] for name in leaves])
    return tree_map(
        lambda leaf: next(loaded) if isinstance(leaf, np.ndarray) else type(leaf)(next(loaded)), tree
    )


def check_steps_keep(step: Stepper, cases: Sequence[Case]) -> tuple[Tally, Tally]:
    """Whether a step keeps the parameters' dtype, and leaves what it was given unchanged and unshared."""
    dtype, unchanged = Tally(), Tally()
    for case in cases:
        dtype.cases += 1
        unchanged.cases += 1
        for moment in list(moments(step, case))[:-1]:
            given = {
                "params": fresh(moment.params),
                "grads": fresh(moment.grads),
                "states": fresh(moment.states),
            }
            after = step(*given.values(), **moment.options)
            before = flatten({"params": moment.params, "grads": moment.grads, "states": moment.states})
            results = _arrays(dict(zip(("param", "state"), after, strict=True)))
            stayed = tuple(name for name in moment.params if moment.grads.get(name) is None)
            for name, leaf in results.items():
                dtype.tensors += 1
                if leaf.dtype.kind == "f" and leaf.dtype != case.dtype:
                    dtype.complain(f"{name} is {leaf.dtype}, the parameters are {case.dtype}", case.spec)
            for name, leaf in _arrays(given).items():
                unchanged.tensors += 1
                if not np.array_equal(leaf, before[name], equal_nan=True):
                    unchanged.complain(f"{name} was changed in place at step {moment.number}", case.spec)
                shared = [
                    result
                    for result, out in results.items()
                    if np.shares_memory(leaf, out) and not result.partition(".")[2].startswith(stayed)
                ]
                if shared:
                    unchanged.complain(f"{shared[0]} shares memory with {name}", case.spec)
    return dtype, unchanged


def _arrays(tree: Any) -> dict[str, Any]:
    return {name: leaf for name, leaf in flatten(tree).items() if isinstance(leaf, np.ndarray)}

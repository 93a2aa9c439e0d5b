"""Drive what maps arrays to arrays: ``y, backward = f(*arrays, **options)``, or ``y = f(…)`` alone."""

from __future__ import annotations

import inspect
import zlib
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from parity_tests.engine.cases import Case, round_to
from parity_tests.engine.compare import FACTOR, FACTOR_THROUGH_TIME, compare, located
from parity_tests.engine.precision import Precision
from parity_tests.engine.results import Tally
from parity_tests.engine.rounding import Model, Rounded
from parity_tests.engine.trees import flatten, fresh, tree_map

GRADIENT = "grad "


class Answer(NamedTuple):
    """What an implementation returned, by name."""

    outputs: dict[str, Any]
    gradients: dict[str, Any]


def split(returned: Any) -> tuple[Any, Callable[..., Any] | None]:
    """``y, backward`` apart, or ``y, None`` where there is no backward."""
    if isinstance(returned, tuple) and len(returned) == 2 and callable(returned[1]):
        return returned
    return returned, None


def drive(
    function: Callable[..., Any], case: Case, upstream: Sequence[Any] = (), *, arrays: Any = None
) -> Answer:
    """Call `function` on fresh copies of the case's arrays and carry `upstream` back through it."""
    inputs = fresh(case.arrays) if arrays is None else arrays
    y, backward = split(function(**inputs, **case.options))
    gradients = {} if backward is None else backward(*fresh(list(upstream)))
    named = {GRADIENT + name: grad for name, grad in flatten(gradients).items()}
    return Answer(flatten(y), named)


def upstream_for(function: Callable[..., Any], case: Case) -> list[Any]:
    """A random upstream gradient for each differentiable output: with ones, a backward of a softmax or
    a normalisation that returns zeros would pass. Empty where there is no backward."""
    y, backward = split(function(**fresh(case.arrays), **case.options))
    if backward is None:
        return []
    count = getattr(inspect.unwrap(backward), "__code__", None)
    outputs = [np.asarray(leaf) for leaf in flatten(y).values() if np.asarray(leaf).dtype.kind == "f"]
    wanted = len(outputs) if count is None or count.co_flags & 0x04 else count.co_argcount
    rng = np.random.default_rng([case.seed, zlib.crc32(b"upstream")])
    return [round_to(rng.standard_normal(output.shape), case.dtype) for output in outputs[:wanted]]


def bound(
    function: Callable[..., Any],
    case: Case,
    upstream: Sequence[Any],
    precision: Precision,
    *,
    through_time: bool = False,
    doubts: list[str] | None = None,
) -> Answer:
    """The error scale of everything `function` returns for this case: the same code on arrays that carry it.

    Outputs are bounded by the worst case; gradients too, unless they came `through_time`. Decisions that
    rounding could turn are noted among the `doubts`.
    """

    def run(model: Model) -> Answer:
        def wrap(leaf: Any) -> Any:
            floating = isinstance(leaf, np.ndarray | np.floating) and leaf.dtype.kind == "f"
            return Rounded.exact(leaf, model) if floating else leaf

        return drive(function, case, tree_map(wrap, list(upstream)), arrays=tree_map(wrap, case.arrays))

    worst_case = run(Model.of(precision)._replace(doubts=doubts))
    if not through_time:
        return worst_case
    return Answer(worst_case.outputs, run(Model.of(precision, quadrature=True)).gradients)


class Prepared(NamedTuple):
    """What a case is compared by, whatever it is compared with."""

    upstream: list[Any]
    scales: Answer
    got: Answer


def prepare(
    formula: Callable[..., Any],
    subject: Callable[..., Any],
    case: Case,
    precision: Precision,
    *,
    through_time: bool = False,
) -> Prepared:
    """Upstream gradients, the error scale by `formula`, and the answer of `subject`."""
    upstream = upstream_for(formula, case)
    scales = bound(formula, case, upstream, precision, through_time=through_time)
    return Prepared(upstream, scales, drive(subject, case, upstream))


class Comparisons(NamedTuple):
    """The two tallies that one run of an operation fills."""

    outputs: Tally
    gradients: Tally


def compare_operation(
    formula: Callable[..., Any],
    subject: Callable[..., Any],
    oracle: Callable[..., Any],
    cases: Sequence[Case],
    precision: Precision,
    *,
    caps: tuple[float, float] | None = None,
    through_time: bool = False,
    floor: float = 0.0,
    prepare: Callable[..., Prepared] = prepare,
) -> Comparisons:
    """Compare `subject` with `oracle` on every case at the tolerance that `formula` gives.

    Args:
        formula: the NumPy code whose rounding is bounded.
        subject, oracle: implementations in the dtype of `precision`.
        cases: their inputs.
        caps: the largest tolerance that is still worth something on benign inputs, relative to the
            largest value, for outputs and for gradients.
        through_time: whether the gradients are gradients through time.
        floor: what is allowed anyway, relative to the largest value of a tensor.
        prepare: the function of that name, or one that remembers what it returned.
    """
    outputs, gradients = Tally(caps and caps[0]), Tally(caps and caps[1])
    for case in cases:
        upstream, scales, got = prepare(formula, subject, case, precision, through_time=through_time)
        expected = drive(oracle, case, upstream)
        for tally, part in ((outputs, 0), (gradients, 1)):
            factor = FACTOR_THROUGH_TIME if through_time and part == 1 else FACTOR
            compared = compare(got[part], expected[part], scales[part], precision, factor, floor=floor)
            if compared:
                found = [located(comparison, case=case.spec) for comparison in compared]
                tally.add(found, case.spec, benign=case.benign, allow_zero=case.allow_zero)
    return Comparisons(outputs, gradients)


def check_dtype(function: Callable[..., Any], cases: Sequence[Case]) -> Tally:
    """Everything floating that comes out has the dtype that went in."""
    tally = Tally()
    for case in cases:
        tally.cases += 1
        answer = drive(function, case, upstream_for(function, case))
        for name, leaf in {**answer.outputs, **answer.gradients}.items():
            tally.tensors += 1
            dtype = np.asarray(leaf).dtype
            if dtype.kind == "f" and dtype != case.dtype:
                tally.complain(f"{name} is {dtype}, the inputs are {case.dtype}", case.spec)
    return tally


def check_unchanged(function: Callable[..., Any], cases: Sequence[Case]) -> Tally:
    """Inputs and upstream gradients are as they were, and what comes out shares no memory with them."""
    tally = Tally()
    for case in cases:
        tally.cases += 1
        upstream = upstream_for(function, case)
        inputs, carried = fresh(case.arrays), fresh(upstream)
        y, backward = split(function(**inputs, **case.options))
        gradients = backward(*carried) if backward is not None else {}
        before = {**flatten(case.arrays), **flatten(upstream, "dy")}
        after = {**flatten(inputs), **flatten(carried, "dy")}
        results = [
            leaf
            for leaf in (*flatten(y).values(), *flatten(gradients).values())
            if isinstance(leaf, np.ndarray)
        ]
        for name, leaf in after.items():
            if isinstance(leaf, np.ndarray):
                tally.tensors += 1
                if not np.array_equal(leaf, before[name], equal_nan=leaf.dtype.kind == "f"):
                    tally.complain(f"{name} was changed in place", case.spec)
                if any(np.shares_memory(leaf, result) for result in results):
                    tally.complain(f"a result shares memory with {name}", case.spec)
    return tally

"""Hold what computes in few digits against the formula in float64.

An oracle in bfloat16, float16 or TF32 would prove nothing: it rounds as badly as the subject. So the
inputs are rounded to the dtype first, the formula takes these very inputs in float64, and the subject may
be off by what its own roundings explain, with u and η those of the dtype:

    4·u·E + 6η                            in each element (24·u·E for gradients through time);
    1.05·u·|y| + 4·u₃₂·E + 6η             where it computes in float32 and rounds once, at the end;
    8·u·‖y‖                               of a tensor as a whole, besides, where E says little any more
                                          (24·u·‖y‖ for gradients).

Where the formula decides by a comparison that these roundings could turn (the sign of a computed value,
the larger of two), two right answers may differ by anything: such a case is not compared.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain, takewhile
from typing import Any

import numpy as np

from parity_tests.engine.cases import Case, round_to
from parity_tests.engine.compare import (
    FACTOR,
    FACTOR_THROUGH_TIME,
    SUBNORMALS,
    Array,
    Comparison,
    Divergence,
    Tolerance,
    compare,
    located,
)
from parity_tests.engine.operations import Comparisons, bound, drive, upstream_for
from parity_tests.engine.precision import FLOAT32, Precision
from parity_tests.engine.results import Tally
from parity_tests.engine.rounding import Model
from parity_tests.engine.trajectories import Moment, Stepper, moments, rounded
from parity_tests.engine.trees import flatten, fresh, tree_map

FEW = 2
ONCE = 1.05  # of the one rounding: the value that is rounded is off by a little itself
WHOLE = 8.0  # how many u·‖y‖ a tensor may be off as a whole: 3.6 at most in outputs, 10 in gradients
WHOLE_GRADIENT = 24.0


def in_float64(tree: Any) -> Any:
    """Arrays and floats of NumPy as the same numbers in float64."""

    def widened(leaf: Any) -> Any:
        floating = isinstance(leaf, np.ndarray | np.floating) and leaf.dtype.kind == "f"
        return leaf.astype(np.float64) if floating else leaf

    return tree_map(widened, tree)


def compare_in_low_precision(
    formula: Callable[..., Any],
    subject: Callable[..., Any],
    cases: Sequence[Case],
    precision: Precision,
    *,
    once: Callable[[Case], Collection[str]] = lambda _: (),
    whole: Collection[str] = (),
    steady: bool = False,
    through_time: bool = False,
    more: Iterable[Case] = (),
) -> Comparisons:
    """Compare `subject`, in few digits, with `formula` in float64 on the same rounded inputs.

    Args:
        formula: the NumPy code, which is the oracle and whose rounding is bounded.
        subject: what computes in the dtype of `precision`.
        cases: inputs in that dtype; bfloat16 as float32 with rounded values.
        once: tensors that the subject rounds only once in a case.
        whole: tensors, with all that is below them, that are held as a whole besides.
        steady: whether nothing hangs on a decision, so that a doubtful one only says that E is of no use:
            what is held as a whole still is.
        through_time: whether the gradients are gradients through time.
        more: cases to go on with as long as some tensor has proven nothing.
    """
    found = Proofs(whole), Proofs(whole)
    further = takewhile(lambda _: any(proofs.wanting() for proofs in found), more)
    for drawn in chain(cases, further):
        case = replace(drawn, arrays=_rounded_to(drawn.arrays, drawn.dtype))
        wide = replace(case, arrays=in_float64(case.arrays))
        upstream = upstream_for(formula, wide)
        doubts: list[str] = []
        wide_upstream = in_float64(upstream)
        scales = bound(formula, wide, wide_upstream, precision, through_time=through_time, doubts=doubts)
        if doubts and not (steady and whole):
            for proofs in found:
                proofs.doubtful.append(case.spec)
            continue
        expected, got = drive(formula, wide, wide_upstream), drive(subject, case, upstream)
        for part, proofs in enumerate(found):
            factor = FACTOR_THROUGH_TIME if through_time and part == 1 else FACTOR
            tolerance = rounded_once(precision, factor, once(case))
            of_all = WHOLE_GRADIENT if part == 1 else WHOLE
            compared = list(as_a_whole(got[part], expected[part], precision, whole, of_all))
            if not doubts:
                compared += compare(got[part], expected[part], scales[part], precision, tolerance=tolerance)
            if compared:
                proofs.add([located(comparison, case=case.spec) for comparison in compared], case)
    return Comparisons(*(proofs.tally() for proofs in found))


def _rounded_to(tree: Any, dtype: str) -> Any:
    """Arrays that were computed in float32, such as running statistics, are rounded like all others."""
    return tree_map(
        lambda leaf: (
            round_to(leaf, dtype) if isinstance(leaf, np.ndarray) and leaf.dtype.kind == "f" else leaf
        ),
        tree,
    )


def rounded_once(precision: Precision, factor: float, once: Collection[str]) -> Tolerance:
    """The tolerance of an element, which is smaller in the tensors that are rounded `once`."""

    def tolerance(name: str, expected: Array, scale: Array) -> Array:
        if top(name) not in once:
            return factor * precision.u * scale + SUBNORMALS * precision.eta
        size = np.where(np.isfinite(expected), np.abs(expected), 0.0)
        return ONCE * precision.u * size + FACTOR * FLOAT32.u * scale + SUBNORMALS * precision.eta

    return tolerance


def as_a_whole(
    got: Mapping[str, Any],
    expected: Mapping[str, Any],
    precision: Precision,
    whole: Collection[str],
    factor: float = WHOLE,
) -> Iterator[Comparison]:
    """‖got − expected‖ ≤ factor·u·‖expected‖, over all that is below each name."""
    for name in whole:
        leaves = [key for key in expected if top(key) == name]
        if not leaves:
            continue
        size = float(np.sqrt(sum(np.sum(np.square(expected[key], dtype=np.float64)) for key in leaves)))
        error = float(np.sqrt(sum(_squared_error(got.get(key), expected[key]) for key in leaves)))
        tolerance = factor * precision.u * size + SUBNORMALS * precision.eta
        divergence = None
        if not error <= tolerance:  # not so for NaN
            divergence = Divergence(f"‖Δ {name}‖", None, error, 0.0, tolerance)
        worst = error / tolerance if np.isfinite(error) else np.inf
        yield Comparison(f"‖{name}‖", worst, None, 0.0, False, divergence)


def _squared_error(got: Any, expected: Any) -> float:
    if np.shape(got) != np.shape(expected) or got is None:
        return np.inf
    return float(np.sum(np.square(np.asarray(got, np.float64) - np.asarray(expected, np.float64))))


def top(name: str) -> str:
    """The tensor, or the argument, that a leaf belongs to: "grad params" of "grad params.0.weight"."""
    return name.partition(".")[0]


@dataclass
class Proofs:
    """Comparisons of several cases, of which each tensor must prove something in one at least.

    In few digits a value is often not much larger than what rounding may do to it. What is nothing but
    that in one case may be more in another. What is there in FEW cases only, as the parameters of a fourth
    layer are, may leave the proof to its siblings.
    """

    whole: Collection[str] = ()
    tally_: Tally = field(default_factory=Tally)
    doubtful: list[str] = field(default_factory=list)
    unproven: dict[str, str] = field(default_factory=dict)
    proven: set[str] = field(default_factory=set)
    seen: Counter[str] = field(default_factory=Counter)

    def add(
        self,
        compared: Sequence[Comparison],
        case: Case,
        *,
        allow_zero: Collection[str] = (),
        begins: bool = True,
    ) -> None:
        names = [comparison.tensor for comparison in compared]
        self.tally_.add(compared, case.spec, benign=False, allow_zero=names, begins=begins)
        self.seen.update(names)
        for comparison in compared:
            if not comparison.vacuous or comparison.tensor in (*case.allow_zero, *allow_zero):
                self.proven.add(comparison.tensor)
            else:
                self.unproven.setdefault(comparison.tensor, case.spec)

    def wanting(self) -> dict[str, str]:
        """What has proven nothing so far, each with a case."""
        wanting = {"": self.doubtful[0]} if self.doubtful and not self.tally_.tensors else {}
        proven = {top(name) for name in self.proven}
        for name, spec in self.unproven.items():
            by_siblings = self.seen[name] <= FEW and top(name) in proven
            if not (name in self.proven or by_siblings or top(name) in self.whole):
                wanting[name] = spec
        return wanting

    def tally(self) -> Tally:
        """What was found, and what was never proven."""
        for name, spec in self.wanting().items():
            says = f"{name}: in no case is the expected value beyond its tolerance"
            self.tally_.refused.append(
                f"{says if name else 'in every case rounding could turn a decision'}, so nothing is proven"
            )
            self.tally_.first_case = self.tally_.first_case or spec
        return self.tally_


def check_trajectory_in_low_precision(
    formula: Stepper, subject: Stepper, cases: Sequence[Case], precision: Precision
) -> Tally:
    """One step of `subject` from every state that it visited, against the formula in float64 from there:
    new parameters, new states, and the update by itself."""
    proofs = Proofs()
    for case in cases:
        for moment in list(moments(subject, case))[:-1]:
            at_zero = moment._replace(params={name: np.zeros_like(p) for name, p in moment.params.items()})
            for start, names in ((moment, ("param", "state")), (at_zero, ("update",))):
                wide = Moment(*in_float64(tuple(start)))
                got, expected = _step(subject, start, names), _step(formula, wide, names)
                scales = _step(formula, rounded(wide, Model.of(precision)), names)
                compared = [
                    located(comparison, case=case.spec, step=moment.number)
                    for comparison in compare(got, expected, scales, precision)
                ]
                states = [comparison.tensor for comparison in compared if top(comparison.tensor) == "state"]
                begins = start is moment and moment.number == 1
                proofs.add(compared, case, allow_zero=states, begins=begins)
    return proofs.tally()


def _step(step: Stepper, moment: Moment, names: Sequence[str]) -> dict[str, Any]:
    after = step(fresh(moment.params), fresh(moment.grads), fresh(moment.states), **moment.options)
    return flatten(dict(zip(names, after, strict=False)))

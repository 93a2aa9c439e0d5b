"""Hold anybody's implementation against the handbook's, and say how well it agrees.

    report = parity_tests.check(my_softmax, as_="softmax")
    print(report)
    report.raise_if_failed()

The oracle is `scratch` in float64, which `parity verify` holds against torch; so no torch is needed.
The implementation has the protocol of its namesake in `scratch`: see `parity explain NAME`. It runs in this
process, so this is for one's own code.
"""

from __future__ import annotations

import math
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import partial
from typing import Any

import numpy as np

from parity_tests.catalogue import Algorithm, find
from parity_tests.engine.cases import Case
from parity_tests.engine.operations import check_unchanged, compare_operation, split
from parity_tests.engine.precision import FLOAT64
from parity_tests.engine.results import Tally
from parity_tests.engine.trajectories import compare_freely
from parity_tests.engine.trees import fresh

# A correct implementation by another formula loses some digits; a wrong one moves the result by 1e-6 or more.
FAR_BELOW_ANY_BUG = 1e-9
# At extreme inputs a formula that is right loses digits, or all of them to an overflow. One that is wrong is
# off by as much as the result, and finite.
UNSTABLE_BY = 1e-3


class Verdict(StrEnum):
    """How an implementation agrees with the formula."""

    EXACT = "exact to rounding"
    LOSES = "correct, but loses digits"
    UNSTABLE = "correct, but unstable at extreme inputs"
    WRONG = "wrong"


SEVERITY = list(Verdict)


@dataclass(frozen=True)
class Finding:
    """What one case says: the verdict, what differs, the bits lost, and the case itself."""

    verdict: Verdict
    case: Case
    differences: tuple[str, ...] = ()
    bits_lost: int = 0


@dataclass(frozen=True)
class Report:
    """What the checks of one implementation say; `remarks` are no mistakes, but worth knowing."""

    algorithm: str
    verdict: Verdict
    findings: tuple[Finding, ...]
    remarks: tuple[str, ...] = ()

    @property
    def passed(self) -> bool:
        return self.verdict is not Verdict.WRONG

    @property
    def bits_lost(self) -> int:
        return max(finding.bits_lost for finding in self.findings)

    def raise_if_failed(self) -> None:
        """Raise AssertionError with the whole report if the implementation is wrong."""
        if not self.passed:
            raise AssertionError(str(self))

    def __str__(self) -> str:
        loses = self.verdict is Verdict.LOSES
        verdict = f"correct, but loses {self.bits_lost} bits" if loses else str(self.verdict)
        worst = [finding for finding in self.findings if finding.verdict is self.verdict]
        of = f"{len(worst)} of {len(self.findings)} cases" if self.verdict is not Verdict.EXACT else ""
        lines = [f"{self.algorithm}: {verdict}{f'   ({of})' if of else ''}"]
        for finding in worst[:3] if self.verdict is not Verdict.EXACT else []:
            options = ", ".join(f"{name}={value!r}" for name, value in finding.case.options.items())
            lines += [f"  with {options}" if options else "  with default options"]
            lines += [f"    {difference}" for difference in finding.differences[:5]]
            lines += [f"    see it again: check(…, as_={self.algorithm!r}, case={finding.case.spec!r})"]
        return "\n".join([*lines, *(f"  remark: {remark}" for remark in self.remarks)])


def check(
    function: Callable[..., Any], *, as_: str, examples: int = 4, seed: int = 0, case: str = ""
) -> Report:
    """Check an implementation of the algorithm called `as_`.

    Args:
        function: ``y, backward = f(*arrays, **options)`` or ``y = f(…)`` alone for an operation; backward
            returns a dict of gradients by argument name. ``param, state = f(param, grad, state,
            **options)`` for an optimizer, whose first state is None and whose later ones are its own affair.
        as_: the name in the catalogue.
        examples: how many drawn cases beside the curated ones.
        seed: where the drawn cases begin.
        case: the one case that a report names, in place of all.

    Raises ValueError for a name that the catalogue lacks or has no such check for.
    """
    entry = find(as_)
    if entry.protocol not in COMPARE:
        raise ValueError(
            f"{as_} is a {entry.protocol}, which check does not take yet: {', '.join(COMPARE)} only"
        )
    cases = [entry.case("float64", case)] if case else entry.cases("float64", examples=examples, seed=seed)
    findings = tuple(_judge(entry, function, one) for one in cases)
    verdict = max((finding.verdict for finding in findings), key=SEVERITY.index)
    remarks = _remarks(entry, function, cases) if entry.protocol != "optimizer" else []
    return Report(as_, verdict, findings, tuple(remarks))


def _judge(entry: Algorithm, function: Callable[..., Any], case: Case) -> Finding:
    """What one case says. At extreme inputs a formula is allowed to fail if it holds at plain ones."""
    exact = _differences(entry, function, case, floor=0.0)
    if not exact.differences:
        return replace(exact, verdict=Verdict.EXACT)
    if not _differences(entry, function, case, floor=FAR_BELOW_ANY_BUG).differences:
        return replace(exact, verdict=Verdict.LOSES)
    if case.benign:
        return exact
    plain = entry.plain(case)
    if plain is None or _judge(entry, function, plain).verdict is Verdict.WRONG:
        return exact
    overflowed = any(
        word in difference for difference in exact.differences for word in ("got nan", "got inf", "got -inf")
    )
    if overflowed or not _differences(entry, function, case, floor=UNSTABLE_BY).differences:
        return replace(exact, verdict=Verdict.UNSTABLE)
    return exact


def _differences(entry: Algorithm, function: Callable[..., Any], case: Case, *, floor: float) -> Finding:
    """A finding that is wrong if anything differs by more than rounding and the floor."""
    try:
        with np.errstate(all="ignore"):  # what overflows shows in the result
            tallies = COMPARE[entry.protocol](entry, function, case, floor)
    except (Exception, SystemExit) as error:  # somebody else's code may raise anything
        where = traceback.extract_tb(error.__traceback__)[-1]
        message = f"{type(error).__name__}: {error}  ({where.filename}:{where.lineno})"
        return Finding(Verdict.WRONG, case, (message,))
    differences = tuple(str(divergence) for tally in tallies for divergence in tally.divergences)
    worst = max((tally.worst for tally in tallies), default=0.0)
    bits = math.ceil(math.log2(worst)) if 1 < worst < math.inf else 0
    return Finding(Verdict.WRONG, case, differences, bits)


def _compare_values(
    entry: Algorithm, function: Callable[..., Any], case: Case, floor: float
) -> Sequence[Tally]:
    outputs, gradients = compare_operation(
        entry.scratch,
        _in_the_protocol(entry, function, case),
        entry.scratch,
        [case],
        FLOAT64,
        through_time=entry.through_time,
        floor=floor,
    )
    return [outputs] if _forward_only(function, case) else [outputs, gradients]


def _forward_only(function: Callable[..., Any], case: Case) -> bool:
    return split(function(**fresh(case.arrays), **case.options))[1] is None


def _in_the_protocol(entry: Algorithm, function: Callable[..., Any], case: Case) -> Callable[..., Any]:
    """The function with a plain tuple of outputs named, and a backward that must return a dict."""
    expected, _ = split(entry.scratch(**fresh(case.arrays), **case.options))

    def called(**arguments: Any) -> Any:
        y, backward = split(function(**arguments))
        if type(y) in (tuple, list) and hasattr(expected, "_fields") and len(y) == len(expected):
            y = type(expected)(*y)
        if backward is None:
            return y
        return y, partial(_as_dict, backward)

    return called


def _as_dict(backward: Callable[..., Any], *upstream: Any) -> Any:
    gradients = backward(*upstream)
    if not isinstance(gradients, dict):
        kind = type(gradients).__name__
        raise TypeError(f"backward must return a dict of gradients by argument name, got {kind}")
    return gradients


def _compare_steps(
    entry: Algorithm, function: Callable[..., Any], case: Case, floor: float
) -> Sequence[Tally]:
    import scratch.optimizers  # noqa: PLC0415 (the chapters are imported when they are needed)

    def step(params: Any, grads: Any, states: Any, **options: Any) -> Any:
        params, states = dict(params), dict(states)
        for name, grad in grads.items():
            if grad is not None:
                params[name], states[name] = function(params[name], grad, states.get(name), **options)
        return params, states

    formula = partial(scratch.optimizers.step, entry.scratch)
    return [compare_freely(formula, step, [case], FLOAT64, floor=floor)]


def _remarks(entry: Algorithm, function: Callable[..., Any], cases: Sequence[Case]) -> list[str]:
    """What is no mistake in a formula: arguments changed in place, memory shared, no gradients."""
    remarks = []
    try:
        with np.errstate(all="ignore"):
            if "gradients" in entry.kinds and _forward_only(function, cases[0]):
                remarks.append("it returned no backward, so that its gradients were not checked")
            remarks += dict.fromkeys(check_unchanged(function, cases[:3]).complaints)
    except (Exception, SystemExit):  # the findings have said so
        pass
    return remarks


COMPARE = {"optimizer": _compare_steps, "operation": _compare_values, "function": _compare_values}

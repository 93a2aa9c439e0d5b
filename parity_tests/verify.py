"""Hold every algorithm of `scratch` against torch, in all the kinds of check that apply to it."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from parity_tests.catalogue import Algorithm
from parity_tests.engine.cases import Case
from parity_tests.engine.differences import check_differences
from parity_tests.engine.operations import check_dtype, check_unchanged, compare_operation
from parity_tests.engine.precision import PRECISIONS, Precision
from parity_tests.engine.refusals import check_refusals
from parity_tests.engine.results import Result, Status, Tally
from parity_tests.engine.trajectories import check_resumed, check_steps_keep, check_trajectory


@dataclass(frozen=True)
class Plan:
    """What to run: dtypes, device, kinds (all if empty), and how many drawn cases beside the curated ones.

    `case` runs that one case, as a report names it, in place of all others.
    """

    dtypes: Sequence[str] = ("float64", "float32")
    device: str = "cpu"
    kinds: Sequence[str] = ()
    examples: int = 4
    seed: int = 0
    case: str = ""

    def wants(self, kind: str) -> bool:
        return not self.kinds or kind in self.kinds

    def cases(self, entry: Algorithm, dtype: str) -> list[Case]:
        if self.case:
            return [entry.case(dtype, self.case)]
        return entry.cases(dtype, examples=self.examples, seed=self.seed)

    def smooth(self, entry: Algorithm) -> list[Case]:
        if self.case:
            return [entry.case("float64", self.case)]
        return entry.smooth_cases(examples=self.examples, seed=self.seed)


def verify(entry: Algorithm, plan: Plan, *, alone: bool = True) -> list[Result]:
    """The results of one algorithm. What raises is an error of that check, and the others go on.

    With `alone`, also of the checks that need no torch, which are the same on every device.
    """
    results: list[Result] = []
    for kinds, setting, run in _checks(entry, plan, alone):
        if not any(plan.wants(kind) for kind in kinds):
            continue
        missing = _missing(plan.device)
        if missing and plan.device in setting.split("-"):
            results += [Result(entry.name, kind, setting, Status.SKIPPED, missing) for kind in kinds]
            continue
        try:
            tallies = run()
        except Exception as error:  # a check that breaks must not take the others with it
            where = traceback.extract_tb(error.__traceback__)[-1]
            message = f"{type(error).__name__}: {error} ({where.filename}:{where.lineno})"
            results += [Result(entry.name, kind, setting, Status.ERROR, message) for kind in kinds]
            continue
        pairs = zip(kinds, tallies, strict=True)
        results += [tally.result(entry.name, kind, setting) for kind, tally in pairs if plan.wants(kind)]
    return results


Check = tuple[tuple[str, ...], str, Callable[[], Sequence[Tally]]]


def _checks(entry: Algorithm, plan: Plan, alone: bool) -> Iterator[Check]:
    """Kinds of check that one run answers, in which setting, and the run."""
    for dtype in plan.dtypes:
        precision = PRECISIONS[dtype]
        for variant, options in entry.variants.items():
            setting = "-".join(word for word in (precision.short, plan.device, variant) if word)
            yield from COMPARED[entry.protocol](entry, plan, precision, setting, options)
    if alone:
        yield from ALONE.get(entry.protocol, _alone)(entry, plan)


def _missing(device: str) -> str:
    """Why nothing can run on the device, if so."""
    if device == "cpu":
        return ""
    import torch  # noqa: PLC0415 (costs seconds, and only checks that need it pay)

    if device.startswith("cuda") and not torch.cuda.is_available():
        return "no CUDA device"
    return ""


def _placed(function: Callable[..., Any], device: str, dtype: str) -> Callable[..., Any]:
    """A reference function that computes on a device and in a dtype."""
    from reference import on  # noqa: PLC0415 (imports torch)

    def placed(*args: Any, **kwargs: Any) -> Any:
        with on(device, dtype):
            return function(*args, **kwargs)

    return placed


def _compare_outputs(entry: Algorithm, plan: Plan, precision: Precision, setting: str, options: Any) -> Iterator[Check]:
    def run() -> Sequence[Tally]:
        oracle = _placed(partial(entry.reference, **options), plan.device, precision.dtype)
        return compare_operation(
            entry.scratch,
            entry.scratch,
            oracle,
            plan.cases(entry, precision.dtype),
            precision,
            caps=entry.caps(precision.dtype),
            through_time=entry.through_time,
        )[: len(kinds)]

    kinds = tuple(kind for kind in ("outputs", "gradients") if kind in entry.kinds)
    yield kinds, setting, run


def _compare_trajectories(
    entry: Algorithm, plan: Plan, precision: Precision, setting: str, options: Any
) -> Iterator[Check]:
    def run() -> Sequence[Tally]:
        import reference.optimizers  # noqa: PLC0415 (imports torch)

        formula = _stepper(entry)
        oracle = _placed(partial(reference.optimizers.step, entry.reference, **options), plan.device, precision.dtype)
        caps = entry.caps(precision.dtype)
        cases = plan.cases(entry, precision.dtype)
        return [check_trajectory(formula, formula, oracle, cases, precision, cap=caps and caps[0])]

    yield ("trajectory",), setting, run


def _stepper(entry: Algorithm) -> Callable[..., Any]:
    import scratch.optimizers  # noqa: PLC0415 (the chapters are imported when they are needed)

    return partial(scratch.optimizers.step, entry.scratch)


def _alone(entry: Algorithm, plan: Plan) -> Iterator[Check]:
    """What `scratch` must do whoever it is compared with."""
    if "differences" in entry.kinds:
        yield ("differences",), "f64", lambda: [check_differences(entry.scratch, plan.smooth(entry))]
    if "float32" in plan.dtypes:
        yield ("dtype",), "f32", lambda: [check_dtype(entry.scratch, plan.cases(entry, "float32"))]
    yield ("unchanged",), "f64", lambda: [check_unchanged(entry.scratch, plan.cases(entry, "float64"))]
    yield _refusals(entry, plan)


def _refusals(entry: Algorithm, plan: Plan, prepare: Callable[[Case], Case] = lambda case: case) -> Check:
    def run() -> Sequence[Tally]:
        return [check_refusals(entry.scratch, prepare(plan.cases(entry, "float64")[0]), entry.bad_options)]

    return ("refusals",), "f64", run


def _optimizer_alone(entry: Algorithm, plan: Plan) -> Iterator[Check]:
    def one_parameter(case: Case) -> Case:
        name, param = next(iter(case.arrays["params"].items()))
        state = _stepper(entry)({name: param}, {name: param}, {})[1][name]
        return replace(case, arrays={"param": param, "grad": case.arrays["grads"][0][name], "state": state})

    yield _refusals(entry, plan, one_parameter)
    yield ("resumed",), "f64", lambda: [check_resumed(_stepper(entry), plan.cases(entry, "float64"))]
    if "float32" in plan.dtypes:
        yield ("dtype", "unchanged"), "f32", lambda: check_steps_keep(_stepper(entry), plan.cases(entry, "float32"))


COMPARED: dict[str, Callable[..., Iterator[Check]]] = {
    "operation": _compare_outputs,
    "function": _compare_outputs,
    "optimizer": _compare_trajectories,
}
ALONE: dict[str, Callable[..., Iterator[Check]]] = {"optimizer": _optimizer_alone}

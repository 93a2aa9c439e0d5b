"""Hold every algorithm of `scratch` against torch, in all the kinds of check that apply to it."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import repeat
from typing import Any

from parity_tests.catalogue import Algorithm, find
from parity_tests.engine.cases import Case
from parity_tests.engine.differences import check_differences
from parity_tests.engine.initializers import (
    check_distribution,
    check_drawn_dtype,
    check_draws,
    check_initializer_refusals,
)
from parity_tests.engine.operations import check_dtype, check_unchanged, compare_operation
from parity_tests.engine.precision import FLOAT64, PRECISIONS, Precision
from parity_tests.engine.refusals import check_refusals
from parity_tests.engine.results import Result, Status, Tally
from parity_tests.engine.runs import check_runs
from parity_tests.engine.schedules import check_schedule
from parity_tests.engine.trajectories import check_resumed, check_steps_keep, check_trajectory
from parity_tests.machine import workers

PRELOAD = ("parity_tests.verify", "reference.optimizers", "torch.optim")


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

    With `alone`, also of the checks that need no torch, which are those of the CPU.
    """
    results: list[Result] = []
    for kinds, setting, run in _checks(entry, plan, alone=alone):
        if not any(plan.wants(kind) and kind in entry.kinds for kind in kinds):
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


def count(entries: Sequence[Algorithm], devices: Sequence[str]) -> int:
    """How many checks there are of these algorithms, in all kinds and dtypes, on these devices."""
    plans = [Plan(device=device) for device in devices]
    return sum(
        kind in entry.kinds
        for entry in entries
        for plan in plans
        for kinds, _, _ in _checks(entry, plan, alone=plan.device == "cpu")
        for kind in kinds
    )


def verify_all(entries: Sequence[Algorithm], plans: Sequence[Plan], *, jobs: int) -> Iterator[list[Result]]:
    """The results of each algorithm under each plan, in their order, from `jobs` processes."""
    if jobs == 1:
        yield from (_verify_by_name(entry.name, plans) for entry in entries)
        return
    with workers(jobs, preload=PRELOAD, initializer=_one_thread) as pool:
        yield from pool.map(_verify_by_name, [entry.name for entry in entries], repeat(plans))


def _one_thread() -> None:
    """Processes share the cores already."""
    import torch  # noqa: PLC0415 (in a process of its own)
    from threadpoolctl import threadpool_limits  # noqa: PLC0415

    torch.set_num_threads(1)
    threadpool_limits(1)


def _verify_by_name(name: str, plans: Sequence[Plan]) -> list[Result]:
    entry = find(name)
    return [result for plan in plans for result in verify(entry, plan, alone=plan.device == "cpu")]


Check = tuple[tuple[str, ...], str, Callable[[], Sequence[Tally]]]


def _checks(entry: Algorithm, plan: Plan, *, alone: bool) -> Iterator[Check]:
    """Kinds of check that one run answers, in which setting, and the run."""
    for dtype in (dtype for dtype in plan.dtypes if dtype in entry.dtypes):
        precision = PRECISIONS[dtype]
        for variant, options in entry.variants.items():
            setting = "-".join(word for word in (precision.short, plan.device, variant) if word)
            yield from COMPARED[entry.protocol](entry, plan, precision, setting, options)
    if alone:
        yield from ALONE[entry.protocol](entry, plan)


def _missing(device: str) -> str:
    """Why nothing can run on the device, if so."""
    if device == "cpu":
        return ""
    import torch  # noqa: PLC0415 (costs seconds, and only checks that need it pay)

    if device.startswith("cuda") and not torch.cuda.is_available():
        return "no CUDA device"
    return ""


def _placed(function: Callable[..., Any], plan: Plan, precision: Precision) -> Callable[..., Any]:
    """A reference function that computes on the plan's device and in a dtype."""
    from reference import on  # noqa: PLC0415 (imports torch)

    def placed(*args: Any, **kwargs: Any) -> Any:
        with on(plan.device, precision.dtype):
            return function(*args, **kwargs)

    return placed


def _compare_outputs(
    entry: Algorithm, plan: Plan, precision: Precision, setting: str, options: Any
) -> Iterator[Check]:
    def run() -> Sequence[Tally]:
        oracle = _placed(partial(entry.reference, **options), plan, precision)
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
        oracle = _placed(partial(reference.optimizers.step, entry.reference, **options), plan, precision)
        caps = entry.caps(precision.dtype)
        cases = plan.cases(entry, precision.dtype)
        return [check_trajectory(formula, formula, oracle, cases, precision, cap=caps and caps[0])]

    yield ("trajectory",), setting, run


def _stepper(entry: Algorithm) -> Callable[..., Any]:
    import scratch.optimizers  # noqa: PLC0415 (the chapters are imported when they are needed)

    return partial(scratch.optimizers.step, entry.scratch)


def _alone(entry: Algorithm, plan: Plan) -> Iterator[Check]:
    """What `scratch` must do whoever it is compared with."""
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
        yield (
            ("dtype", "unchanged"),
            "f32",
            lambda: check_steps_keep(_stepper(entry), plan.cases(entry, "float32")),
        )


def _compare_rates(
    entry: Algorithm, plan: Plan, precision: Precision, setting: str, _: Any
) -> Iterator[Check]:
    """Schedules are Python floats, which are float64 and nowhere but on the CPU."""
    if precision is FLOAT64 and plan.device == "cpu":
        cases = partial(plan.cases, entry, precision.dtype)
        yield ("trajectory",), setting, lambda: [check_schedule(entry.scratch, entry.reference, cases())]


def _compare_runs(
    entry: Algorithm, plan: Plan, precision: Precision, setting: str, _: Any
) -> Iterator[Check]:
    """Whole trainings can only be compared where rounding is small: in float64."""
    if precision is FLOAT64:
        cases = partial(plan.cases, entry, precision.dtype)
        yield (
            ("run",),
            setting,
            lambda: [check_runs(entry.scratch, _placed(entry.reference, plan, precision), cases())],
        )


def _compare_draws(entry: Any, plan: Plan, precision: Precision, setting: str, _: Any) -> Iterator[Check]:
    """torch draws other numbers on other devices, so that only the CPU's can be given to NumPy."""

    def run() -> Sequence[Tally]:
        caps = entry.caps(precision.dtype)
        cases = plan.cases(entry, precision.dtype)
        subject, oracle = entry.scratch, entry.reference
        draws = entry.draws
        return [check_draws(subject, subject, oracle, cases, precision, draws=draws, cap=caps and caps[0])]

    if plan.device == "cpu":
        yield ("draws",), setting, run


def _initializer_alone(entry: Any, plan: Plan) -> Iterator[Check]:
    def few() -> list[Case]:
        return plan.cases(entry, "float64")[: max(2, len(entry.curated))]

    if "distribution" in entry.kinds:
        yield ("distribution",), "f64", lambda: [check_distribution(entry.scratch, entry.distribution, few())]
    if "float32" in plan.dtypes:
        yield ("dtype",), "f32", lambda: [check_drawn_dtype(entry.scratch, plan.cases(entry, "float32"))]
    first = partial(plan.cases, entry, "float64")
    yield (
        ("refusals",),
        "f64",
        lambda: [check_initializer_refusals(entry.scratch, first()[0], entry.bad_options)],
    )


def _schedule_alone(entry: Algorithm, plan: Plan) -> Iterator[Check]:
    yield _refusals(entry, plan)


def _nothing(_: Algorithm, __: Plan) -> Iterator[Check]:
    yield from ()


COMPARED: dict[str, Callable[..., Iterator[Check]]] = {
    "operation": _compare_outputs,
    "function": _compare_outputs,
    "optimizer": _compare_trajectories,
    "schedule": _compare_rates,
    "run": _compare_runs,
    "initializer": _compare_draws,
}
ALONE: dict[str, Callable[..., Iterator[Check]]] = {
    "operation": _alone,
    "function": _alone,
    "optimizer": _optimizer_alone,
    "schedule": _schedule_alone,
    "run": _nothing,
    "initializer": _initializer_alone,
}

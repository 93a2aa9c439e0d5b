"""What is run of one algorithm: the kinds of check, each in the settings that it has."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from dataclasses import dataclass, field, replace
from functools import partial, wraps
from typing import TYPE_CHECKING, Any

from parity_tests.catalogue import Algorithm
from parity_tests.catalogue._mode import Mode
from parity_tests.engine.cases import Case
from parity_tests.engine.differences import check_differences
from parity_tests.engine.initializers import (
    check_distribution,
    check_drawn_dtype,
    check_draws,
    check_initializer_refusals,
)
from parity_tests.engine.low_precision import check_trajectory_in_low_precision, compare_in_low_precision
from parity_tests.engine.operations import (
    Prepared,
    check_dtype,
    check_unchanged,
    compare_operation,
    prepare,
)
from parity_tests.engine.precision import FLOAT64, PRECISIONS, Precision
from parity_tests.engine.refusals import check_refusals
from parity_tests.engine.results import Tally
from parity_tests.engine.rounding import Rounded
from parity_tests.engine.runs import check_runs
from parity_tests.engine.schedules import check_schedule
from parity_tests.engine.trajectories import check_resumed, check_steps_keep, check_trajectory
from parity_tests.engine.trees import tree_map
from parity_tests.modes import CONVOLVES, modes_of

if TYPE_CHECKING:
    from parity_tests.verify import Plan

Run = Callable[[], Sequence[Tally]]


@dataclass(frozen=True)
class Check:
    """Kinds of check that one run answers, in which setting, and the run.

    `inside` makes what the run needs around it; `unfit` says why it cannot run here, if so.
    """

    kinds: tuple[str, ...]
    setting: str
    run: Run
    inside: Callable[[], AbstractContextManager[Any]] = nullcontext
    unfit: Callable[[], str] = str


class Memory:
    """What rows of one algorithm and dtype have in common, so that one of them computes it for all: cases
    by what chooses them, and how they round, by the case and the precision."""

    def __init__(self) -> None:
        self.cases: dict[str, list[Case]] = {}
        self.prepared: dict[tuple[int, Precision], Prepared] = {}


@dataclass(frozen=True)
class Row:
    """A dtype, a device and a mode in which torch is compared with one algorithm."""

    entry: Algorithm
    plan: Plan
    dtype: str
    mode: Mode
    memory: Memory = field(default_factory=Memory, compare=False)

    @property
    def precision(self) -> Precision:
        return self.mode.computes_in(self.dtype)

    @property
    def setting(self) -> str:
        return "-".join(filter(None, (self.precision.short, self.plan.device, self.mode.name)))

    @property
    def cases(self) -> list[Case]:
        mode, cases = self.mode, self.memory.cases
        chosen_by = repr((mode.curated, mode.fixed.get(self.entry.name), mode.examples, self.precision))
        if chosen_by not in cases:
            cases[chosen_by] = self.plan.cases(self.entry, self.dtype, mode)
        return cases[chosen_by]

    def prepare(
        self,
        formula: Callable[..., Any],
        subject: Callable[..., Any],
        case: Case,
        precision: Precision,
        *,
        through_time: bool = False,
    ) -> Prepared:
        """What `engine.operations.prepare` returns, which is the same in every mode."""
        key = id(case), precision  # the cases are kept, so that no other one gets the same id
        if key not in self.memory.prepared:
            self.memory.prepared[key] = prepare(formula, subject, case, precision, through_time=through_time)
        return self.memory.prepared[key]

    @property
    def cap(self) -> float | None:
        caps = self.entry.caps(self.dtype)
        return caps and caps[0]

    @property
    def reference(self) -> Callable[..., Any]:
        """What torch computes, as the mode asks for it."""
        return self.mode.around(partial(self.entry.reference, **self.mode.options))

    def check(self, run: Run, *kinds: str) -> Check:
        return Check(kinds, self.setting, run, self.inside, self.unfit)

    @contextmanager
    def inside(self) -> Iterator[None]:
        """The device, the dtype, the flags of the device, and what the mode wants besides."""
        from reference import on  # noqa: PLC0415 (imports torch)

        with ExitStack() as stack:
            stack.enter_context(on(self.plan.place, self.dtype))
            if self.plan.device != "cpu":
                from reference import _platform  # noqa: PLC0415

                stack.enter_context(_platform.ieee(self.plan.place))
            stack.enter_context(self.mode.inside(self.plan.place))
            yield

    def unfit(self) -> str:
        return self.plan.missing() or self.mode.unfit(self.plan.place)


def checks(entry: Algorithm, plan: Plan, *, alone: bool) -> Iterator[Check]:
    """All that is run of an algorithm, by the plan; with `alone`, also what needs no torch."""
    for dtype in dtypes(entry, plan):
        memory = Memory()
        for mode in modes_of(entry):
            if mode.has(plan.device, dtype) and plan.wants_mode(mode):
                yield from COMPARED[entry.protocol](Row(entry, plan, dtype, mode, memory))
    if alone:
        yield from ALONE[entry.protocol](entry, plan)


def dtypes(entry: Algorithm, plan: Plan) -> list[str]:
    """Those of the plan in which there is something to compare."""
    low = entry.low.dtypes(plan.device) if "float32" in entry.dtypes else ()
    return [dtype for dtype in plan.dtypes if dtype in (low if PRECISIONS[dtype].low else entry.dtypes)]


# ---- against torch ----


def _compare_outputs(row: Row) -> Iterator[Check]:
    entry = row.entry
    kinds = tuple(kind for kind in ("outputs", "gradients") if kind in entry.kinds)
    formula = entry.scratch
    if row.plan.device != "cpu" and entry.name in CONVOLVES:
        formula = largest_everywhere(formula)

    def run() -> Sequence[Tally]:
        return compare_operation(
            formula,
            entry.scratch,
            row.reference,
            row.cases,
            row.precision,
            caps=entry.caps(row.dtype),
            through_time=entry.through_time,
            prepare=row.prepare,
        )[: len(kinds)]

    def run_low() -> Sequence[Tally]:
        low = entry.low
        return compare_in_low_precision(
            formula,
            row.reference,
            row.cases,
            row.precision,
            once=lambda case: low.once if row.mode.rounds_once and low.once_if(case) else (),
            whole=low.whole,
            steady=low.steady,
            through_time=entry.through_time,
            more=row.plan.more(entry, row.dtype, row.mode),
        )[: len(kinds)]

    yield row.check(run_low if row.precision.low else run, *kinds)


def largest_everywhere(formula: Callable[..., Any]) -> Callable[..., Any]:
    """The formula with every error scale raised to the largest of its tensor."""

    def raised(leaf: Any) -> Any:
        if not isinstance(leaf, Rounded) or not leaf.scale.size:
            return leaf
        return Rounded(leaf.value, leaf.scale.max(), leaf.model)

    @wraps(formula)
    def of_the_tensor(*args: Any, **kwargs: Any) -> Any:
        returned = formula(*args, **kwargs)
        if not (isinstance(returned, tuple) and len(returned) == 2 and callable(returned[1])):
            return tree_map(raised, returned)
        y, backward = returned

        @wraps(backward)
        def backward_of_the_tensor(*upstream: Any) -> Any:
            return tree_map(raised, backward(*upstream))

        return tree_map(raised, y), backward_of_the_tensor

    return of_the_tensor


def _compare_trajectories(row: Row) -> Iterator[Check]:
    def run() -> Sequence[Tally]:
        import reference.optimizers  # noqa: PLC0415 (imports torch)

        formula = _stepper(row.entry)
        step = partial(reference.optimizers.step, row.entry.reference, **row.mode.options)
        torch_step = row.mode.around(step)
        if row.precision.low:
            return [check_trajectory_in_low_precision(formula, torch_step, row.cases, row.precision)]
        return [check_trajectory(formula, formula, torch_step, row.cases, row.precision, cap=row.cap)]

    yield row.check(run, "trajectory")


def _stepper(entry: Algorithm) -> Callable[..., Any]:
    import scratch.optimizers  # noqa: PLC0415 (the chapters are imported when they are needed)

    return partial(scratch.optimizers.step, entry.scratch)


def _compare_rates(row: Row) -> Iterator[Check]:
    """Schedules are Python floats, which are float64 and nowhere but on the CPU."""
    entry = row.entry
    if row.precision is FLOAT64 and row.plan.device == "cpu":
        yield row.check(lambda: [check_schedule(entry.scratch, entry.reference, row.cases)], "trajectory")


def _compare_runs(row: Row) -> Iterator[Check]:
    """Whole trainings can only be compared where rounding is small: in float64."""
    if row.precision is FLOAT64:
        yield row.check(lambda: [check_runs(row.entry.scratch, row.reference, row.cases)], "run")


def _compare_draws(row: Row) -> Iterator[Check]:
    """torch draws other numbers on other devices, so that only the CPU's can be given to NumPy."""
    entry: Any = row.entry

    def run() -> Sequence[Tally]:
        subject = entry.scratch
        return [
            check_draws(
                subject, subject, row.reference, row.cases, row.precision, draws=entry.draws, cap=row.cap
            )
        ]

    if row.plan.device == "cpu" and not row.precision.low:
        yield row.check(run, "draws")


# ---- alone ----


def _alone(entry: Algorithm, plan: Plan) -> Iterator[Check]:
    """What `scratch` must do whoever it is compared with."""
    yield Check(("differences",), "f64", lambda: [check_differences(entry.scratch, plan.smooth(entry))])
    if "float32" in plan.dtypes:
        yield Check(("dtype",), "f32", lambda: [check_dtype(entry.scratch, plan.cases(entry, "float32"))])
    yield Check(("unchanged",), "f64", lambda: [check_unchanged(entry.scratch, plan.cases(entry, "float64"))])
    yield _refusals(entry, plan)


def _refusals(entry: Algorithm, plan: Plan, prepare: Callable[[Case], Case] = lambda case: case) -> Check:
    def run() -> Sequence[Tally]:
        return [check_refusals(entry.scratch, prepare(plan.cases(entry, "float64")[0]), entry.bad_options)]

    return Check(("refusals",), "f64", run)


def _optimizer_alone(entry: Algorithm, plan: Plan) -> Iterator[Check]:
    def one_parameter(case: Case) -> Case:
        name, param = next(iter(case.arrays["params"].items()))
        state = _stepper(entry)({name: param}, {name: param}, {})[1][name]
        return replace(case, arrays={"param": param, "grad": case.arrays["grads"][0][name], "state": state})

    yield _refusals(entry, plan, one_parameter)
    yield Check(("resumed",), "f64", lambda: [check_resumed(_stepper(entry), plan.cases(entry, "float64"))])
    if "float32" in plan.dtypes:
        yield Check(
            ("dtype", "unchanged"),
            "f32",
            lambda: check_steps_keep(_stepper(entry), plan.cases(entry, "float32")),
        )


def _initializer_alone(entry: Any, plan: Plan) -> Iterator[Check]:
    def few() -> list[Case]:
        return plan.cases(entry, "float64")[: max(2, len(entry.curated))]

    def refusals() -> Sequence[Tally]:
        return [check_initializer_refusals(entry.scratch, few()[0], entry.bad_options)]

    if "distribution" in entry.kinds:
        yield Check(
            ("distribution",), "f64", lambda: [check_distribution(entry.scratch, entry.distribution, few())]
        )
    if "float32" in plan.dtypes:
        yield Check(
            ("dtype",), "f32", lambda: [check_drawn_dtype(entry.scratch, plan.cases(entry, "float32"))]
        )
    yield Check(("refusals",), "f64", refusals)


def _schedule_alone(entry: Algorithm, plan: Plan) -> Iterator[Check]:
    yield _refusals(entry, plan)


def _nothing(_: Algorithm, __: Plan) -> Iterator[Check]:
    yield from ()


COMPARED: dict[str, Callable[[Row], Iterator[Check]]] = {
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

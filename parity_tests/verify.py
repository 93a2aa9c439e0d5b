"""Hold every algorithm of `scratch` against torch, in all the kinds of check that apply to it."""

from __future__ import annotations

import traceback
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import repeat

from parity_tests.catalogue import Algorithm, find
from parity_tests.catalogue._mode import PLAIN, Mode
from parity_tests.checks import checks
from parity_tests.engine.cases import Case
from parity_tests.engine.results import Result, Status
from parity_tests.machine import workers
from parity_tests.modes import MODES

PRELOAD = ("parity_tests.verify", "reference.optimizers", "torch.optim")
MORE = 40  # cases at most
DTYPES = ("float64", "float32", "bfloat16", "float16")


@dataclass(frozen=True)
class Plan:
    """What to run: dtypes, device, kinds and modes (all if empty), and how many drawn cases beside the
    curated ones.

    `case` runs that one case, as a report names it, in place of all others. `pose` names a device of torch
    that stands in for the other, so that what is done there can be tried where there is none.
    """

    dtypes: Sequence[str] = DTYPES
    device: str = "cpu"
    kinds: Sequence[str] = ()
    examples: int = 4
    seed: int = 0
    case: str = ""
    modes: Sequence[str] = ()
    pose: str = ""

    @property
    def place(self) -> str:
        """Where torch computes."""
        return self.pose or self.device

    def wants(self, kind: str) -> bool:
        return not self.kinds or kind in self.kinds

    def wants_mode(self, mode: Mode) -> bool:
        return (mode.name or "plain") in self.modes if self.modes else mode.default

    def cases(self, entry: Algorithm, dtype: str, mode: Mode = PLAIN) -> list[Case]:
        if self.case:
            return [entry.case(dtype, self.case)]
        return entry.cases(dtype, examples=self.examples, seed=self.seed, mode=mode)

    def more(self, entry: Algorithm, dtype: str, mode: Mode = PLAIN) -> Iterator[Case]:
        """Cases to go on with, where those have not proven enough."""
        if not self.case:
            first = self.seed + 1000
            yield from entry.drawn(dtype, range(first, first + MORE), mode)

    def smooth(self, entry: Algorithm) -> list[Case]:
        if self.case:
            return [entry.case("float64", self.case)]
        return entry.smooth_cases(examples=self.examples, seed=self.seed)

    def missing(self) -> str:
        """Why nothing can run on the device, if so."""
        return missing(self.place)


def missing(device: str) -> str:
    """Why nothing can run on a device, if so."""
    if not device.startswith("cuda"):
        return ""
    import torch  # noqa: PLC0415 (costs seconds, and only checks that need it pay)

    return "" if torch.cuda.is_available() else "no CUDA device"


def verify(entry: Algorithm, plan: Plan, *, alone: bool = True) -> list[Result]:
    """The results of one algorithm. What raises is an error of that check, and the others go on.

    With `alone`, also of the checks that need no torch, which are those of the CPU.
    """
    results: list[Result] = []
    for check in checks(entry, plan, alone=alone):
        if not any(plan.wants(kind) and kind in entry.kinds for kind in check.kinds):
            continue
        kinds, setting = [kind for kind in check.kinds if plan.wants(kind)], check.setting
        try:
            unfit = check.unfit()
            if unfit:
                results += [Result(entry.name, kind, setting, Status.SKIPPED, unfit) for kind in kinds]
                continue
            with check.inside():
                tallies = check.run()
        except Exception as error:  # a check that breaks must not take the others with it
            where = traceback.extract_tb(error.__traceback__)[-1]
            message = f"{type(error).__name__}: {error} ({where.filename}:{where.lineno})"
            results += [Result(entry.name, kind, setting, Status.ERROR, message) for kind in kinds]
            continue
        pairs = zip(check.kinds, tallies, strict=True)
        results += [tally.result(entry.name, kind, setting) for kind, tally in pairs if plan.wants(kind)]
    return results


def count(entries: Sequence[Algorithm], devices: Sequence[str], modes: Sequence[str] = ()) -> int:
    """How many checks there are of these algorithms, in all kinds and dtypes, on these devices.

    In all modes that need not be asked for, and in those of `modes` that have to.
    """
    plans = [(Plan(device=device), device == "cpu") for device in devices]
    if asked := [mode.name for mode in MODES if mode.name in modes and not mode.default]:
        plans += [(Plan(device=device, modes=asked), False) for device in devices]
    return sum(
        kind in entry.kinds
        for entry in entries
        for plan, alone in plans
        for check in checks(entry, plan, alone=alone)
        for kind in check.kinds
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
    with warnings.catch_warnings():
        # BLAS may leave the flag set although every number is finite; those that are not are compared anyhow.
        warnings.filterwarnings("ignore", "invalid value encountered in matmul", RuntimeWarning)
        return [result for plan in plans for result in verify(entry, plan, alone=plan.device == "cpu")]

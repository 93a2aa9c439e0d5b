"""Fair timings on a machine that others use too: in turns, one thread, medians of ratios."""

import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from typing import NamedTuple

PINNED = dict.fromkeys(("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1")


class Measured(NamedTuple):
    """One line of the report: what, against what, the median ratio, and the most it should be."""

    name: str
    against: str
    ratio: float
    goal: float
    detail: str = ""

    @property
    def reached(self) -> bool:
        return self.ratio <= self.goal


def in_turns(functions: Mapping[str, Callable[[], object]], rounds: int) -> dict[str, list[float]]:
    """Seconds of each function, A B C A B C …, after one round that does not count."""
    seconds: dict[str, list[float]] = {name: [] for name in functions}
    for number in range(rounds + 1):
        for name, function in functions.items():
            began = time.perf_counter()
            function()
            if number:
                seconds[name].append(time.perf_counter() - began)
    return seconds


def ratio(seconds: Mapping[str, list[float]], name: str, against: str) -> float:
    """The median over the rounds of one function's time over another's."""
    return statistics.median(a / b for a, b in zip(seconds[name], seconds[against], strict=True))


def milliseconds(seconds: Mapping[str, list[float]]) -> str:
    """The median time of each, for the eye."""
    return ", ".join(f"{name} {1e3 * statistics.median(times):.3g} ms" for name, times in seconds.items())


def python(code: str) -> Callable[[], object]:
    """A function that runs code in a new interpreter with threads pinned."""
    return lambda: subprocess.run(
        [sys.executable, "-c", code], check=True, env={**os.environ, **PINNED}, capture_output=True
    )

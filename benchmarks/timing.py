"""Fair timings on a machine that others use too: in turns, one thread, medians of ratios."""

import atexit
import functools
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
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


def python(*arguments: str) -> Callable[[], object]:
    """A function that runs a new interpreter with these arguments and threads pinned.

    Modules are compiled in the round that does not count, as an installation compiles them.
    """
    environment = {**os.environ, **PINNED, "PYTHONPYCACHEPREFIX": _compiled()}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    return lambda: subprocess.run(
        [sys.executable, *arguments], check=True, env=environment, capture_output=True
    )


@functools.cache
def _compiled() -> str:
    """A folder for compiled modules, which is gone with this process."""
    folder = tempfile.mkdtemp()
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder

"""``parity mutants``: the arguments, the run, and the exit status."""

from __future__ import annotations

import argparse
import math
import time
from collections.abc import Iterator, Sequence
from itertools import repeat

from parity_tests.catalogue import Algorithm, algorithms, find
from parity_tests.commands.arguments import natural
from parity_tests.machine import cores, workers
from parity_tests.mutants import Power, in_sample, measure
from parity_tests.posing import Exam
from parity_tests.reports.summary import CONFORMS, DIFFERS

# Seconds of one core: what all mutants take, and what comes before the first, whatever the sample.
ALL, PREPARATION = 270.0, 20.0


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("names", nargs="*", metavar="NAME", help="algorithms (all if none is named)")
    parser.add_argument("--json", metavar="FILE", help="write the report as JSON (- for standard output)")
    parser.add_argument(
        "--examples", type=natural, default=4, metavar="N", help="drawn cases beside the curated ones (4)"
    )
    parser.add_argument(
        "--seed", type=natural, default=0, metavar="N", help="where the drawn cases begin (0)"
    )
    parser.add_argument("--jobs", type=int, default=cores(), metavar="N", help="processes (one per core)")
    parser.add_argument(
        "--sample",
        type=float,
        metavar="SECONDS",
        help="only so many, always the same ones, as about so many seconds of one core are enough for",
    )


def run(arguments: argparse.Namespace) -> int:
    from rich.console import Console  # noqa: PLC0415 (slow to import)

    from parity_tests.reports import jsonfile, mutants, terminal  # noqa: PLC0415

    if arguments.jobs < 1 or (arguments.sample is not None and arguments.sample <= 0):
        raise ValueError("--sample and --jobs take a number above 0")
    if arguments.json:
        jsonfile.check_writable(arguments.json)
    entries = [find(name) for name in dict.fromkeys(arguments.names)] or list(algorithms())
    console = terminal.wide(Console(stderr=arguments.json == "-"), 100)
    exam = Exam(arguments.examples, arguments.seed)
    began = time.perf_counter()
    names = [entry.name for entry in entries]
    powers = list(
        terminal.progress(
            measure_all(entries, exam, every=every(arguments.sample), jobs=arguments.jobs), names, console
        )
    )
    seconds = time.perf_counter() - began
    if arguments.json:
        jsonfile.write(arguments.json, mutants.report(powers, seconds))
    console.print(mutants.table(powers))
    console.print()
    for line in mutants.failures(powers):
        console.print(line, soft_wrap=True)
    console.print(mutants.verdict(powers, seconds), soft_wrap=True)
    return DIFFERS if any(power.surviving or power.listed_but_killed for power in powers) else CONFORMS


def every(seconds: float | None) -> int:
    """Of how many mutants one is in the sample, for so many seconds of work."""
    return 1 if seconds is None else math.ceil(ALL / max(seconds - PREPARATION, 1.0))


def measure_all(entries: Sequence[Algorithm], exam: Exam, *, every: int, jobs: int) -> Iterator[Power]:
    """What became of the mutants of each algorithm, in their order, from `jobs` processes."""
    if jobs == 1 or len(entries) == 1:
        yield from (_measured(entry.name, exam, every) for entry in entries)
        return
    # A mutant runs under an alarm and a limit of memory, in a process that has nothing else to do.
    with workers(jobs, preload=["parity_tests.mutants"], initializer=_one_thread) as pool:
        yield from pool.map(_measured, [entry.name for entry in entries], repeat(exam), repeat(every))


def _one_thread() -> None:
    from threadpoolctl import threadpool_limits  # noqa: PLC0415 (in a process of its own)

    threadpool_limits(1)


def _measured(name: str, exam: Exam, every: int) -> Power:
    return measure(find(name), exam, wanted=lambda mutant: in_sample(mutant, every))

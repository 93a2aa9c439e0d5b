"""``parity verify``: hold every algorithm of scratch against torch."""

from __future__ import annotations

import argparse
import ast
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from parity_tests.commands.arguments import natural
from parity_tests.machine import cores

if TYPE_CHECKING:
    from parity_tests.baseline import Recorded
    from parity_tests.catalogue import Algorithm
    from parity_tests.engine.results import Result
    from parity_tests.reports.summary import Summary
    from parity_tests.verify import Plan

DTYPES = ("float64", "float32", "bfloat16", "float16")
FEW = 12
WIDTH = 106  # of the table


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("names", nargs="*", metavar="NAME", help="algorithms (all if none is named)")
    parser.add_argument(
        "-k", metavar="EXPRESSION", default="", help='by name or chapter: -k "adam or optimizers and not sgd"'
    )
    parser.add_argument("--dtype", action="append", choices=[*DTYPES, "all"], help="may be repeated (all)")
    parser.add_argument("--device", default="cpu", choices=["cpu", "cuda", "all"])
    parser.add_argument(
        "--mode",
        action="append",
        default=[],
        metavar="NAME",
        help="another kernel or setting of torch: fused, tf32, …, plain for none; may be repeated "
        "(all; with --case, plain)",
    )
    parser.add_argument(
        "--only", action="append", default=[], metavar="KIND", help="this kind of check; may be repeated"
    )
    parser.add_argument(
        "--examples", type=natural, default=4, metavar="N", help="drawn cases beside the curated ones (4)"
    )
    parser.add_argument(
        "--seed", type=natural, default=0, metavar="N", help="where the drawn cases begin (0)"
    )
    parser.add_argument("--case", default="", metavar="SPEC", help="the one case that a report names")
    parser.add_argument("--jobs", type=natural, default=cores(), metavar="N", help="processes (one per core)")
    parser.add_argument("--json", metavar="FILE", help="write the report as JSON (- for standard output)")
    parser.add_argument("--record", metavar="FILE", help="write versions, device and largest errors as JSON")
    parser.add_argument("--baseline", metavar="FILE", help="fail if anything is worse than in this report")
    parser.add_argument(
        "--worse-than", type=float, default=2.0, metavar="FACTOR", help="how much larger an error may be (2)"
    )
    parser.add_argument("--update-baseline", action="store_true", help="write the baseline instead")


def run(arguments: argparse.Namespace) -> int:
    from rich.console import Console  # noqa: PLC0415 (slow to import)

    from parity_tests import baseline  # noqa: PLC0415
    from parity_tests.catalogue import algorithms  # noqa: PLC0415
    from parity_tests.engine.precision import PRECISIONS  # noqa: PLC0415
    from parity_tests.reports import terminal  # noqa: PLC0415
    from parity_tests.reports.summary import DIFFERS, Summary  # noqa: PLC0415
    from parity_tests.verify import count, missing, verify_all  # noqa: PLC0415

    entries = _selected(arguments.names, arguments.k)
    recorded = _checked(arguments, entries)
    plans = _plans(arguments)
    devices = [plan.device for plan in plans]
    cuda = "cuda" in devices and not missing("cuda")
    if cuda:
        _prepare_cuda(arguments.mode)
    console = terminal.wide(Console(stderr="-" in (arguments.json, arguments.record)), WIDTH)
    began = time.perf_counter()
    results: list[Result] = []
    names = [entry.name for entry in entries]
    # Few algorithms are done before another process has imported torch.
    jobs = 1 if len(entries) < FEW or cuda else max(1, arguments.jobs)
    for found in terminal.progress(verify_all(entries, plans, jobs=jobs), names, console):
        results += found
    summary = Summary.of(results, count(algorithms(), devices, arguments.mode))
    _write(arguments, results, summary, devices[-1])
    console.print(terminal.verify_table(entries, results))
    console.print()
    for line in (*terminal.failures(results), *terminal.reasons(results)):
        console.print(line, soft_wrap=True)
    console.print(terminal.verdict(summary, time.perf_counter() - began), soft_wrap=True)
    if not summary.ran:
        reasons = ", ".join(dict.fromkeys(result.message for result in results))
        raise ValueError(
            f"no check ran: {reasons}"
            if reasons
            else "no check ran; `parity list` shows the kinds of check of each algorithm"
        )
    if arguments.update_baseline:
        _update_baseline(arguments.baseline, results, summary)
        console.print(f"wrote {arguments.baseline}", soft_wrap=True)
    settings = [(PRECISIONS[dtype].short, plan.device) for plan in plans for dtype in plan.dtypes]
    held = baseline.only(recorded, names, arguments.only, settings, arguments.mode)
    if recorded and not held:
        raise ValueError(f"{arguments.baseline} has none of these checks; --update-baseline writes them")
    worse = baseline.regressions(results, held, arguments.worse_than)
    for sentence in worse:
        console.print(f"worse than the baseline: {sentence}", style="bold red", markup=False, soft_wrap=True)
    return DIFFERS if worse else summary.exit_status


def _checked(arguments: argparse.Namespace, entries: Sequence[Algorithm]) -> dict[str, Recorded]:
    """The baseline, once everything is known to be in order.  Raises ValueError for what is not."""
    from parity_tests import baseline  # noqa: PLC0415
    from parity_tests.reports import jsonfile  # noqa: PLC0415

    _known_kinds(arguments.only, entries)
    _known_modes(arguments.mode, entries, _devices(arguments))
    if arguments.case and len(entries) != 1:
        raise ValueError(f"--case belongs to one algorithm, {len(entries)} are selected; name it")
    if arguments.case:
        entries[0].case("float64", arguments.case)
    if arguments.update_baseline and not arguments.baseline:
        raise ValueError("--update-baseline writes the file that --baseline names")
    written = [arguments.json, arguments.record, arguments.baseline if arguments.update_baseline else None]
    for path in filter(None, written):
        jsonfile.check_writable(path)
    return baseline.read(arguments.baseline) if arguments.baseline and not arguments.update_baseline else {}


def _plans(arguments: argparse.Namespace) -> list[Plan]:
    """One for each device."""
    from parity_tests.verify import Plan  # noqa: PLC0415

    wanted = dict.fromkeys(arguments.dtype or ["all"])
    dtypes = DTYPES if "all" in wanted else tuple(wanted)
    modes = arguments.mode or (["plain"] if arguments.case else [])  # others have cases of their own
    chosen = (arguments.only, arguments.examples, arguments.seed, arguments.case, modes)
    return [Plan(dtypes, device, *chosen) for device in _devices(arguments)]


def _devices(arguments: argparse.Namespace) -> tuple[str, ...]:
    return ("cpu", "cuda") if arguments.device == "all" else (arguments.device,)


def _write(arguments: argparse.Namespace, results: Sequence[Result], summary: Summary, device: str) -> None:
    """The report and the record, where they are asked for."""
    from parity_tests.reports import jsonfile, record  # noqa: PLC0415

    if arguments.json:
        jsonfile.write(arguments.json, jsonfile.report("scratch", results, summary))
    if arguments.record and summary.ran:  # what measured nothing takes no other record's place
        from reference import _platform  # noqa: PLC0415 (imports torch)

        record.write(arguments.record, record.record(results, summary, _platform.described(device)))


def _update_baseline(path: str, results: Sequence[Result], summary: Summary) -> None:
    from parity_tests.reports import jsonfile  # noqa: PLC0415

    jsonfile.write(path, jsonfile.report("scratch", results, summary))


def _selected(names: Sequence[str], expression: str) -> list[Algorithm]:
    """The algorithms that are named, and that the expression is true of."""
    from parity_tests.catalogue import algorithms, find  # noqa: PLC0415

    entries = [find(name) for name in dict.fromkeys(names)] if names else list(algorithms())
    if expression:
        entries = [entry for entry in entries if matches(expression, f"{entry.chapter}/{entry.name}")]
    if not entries:
        raise ValueError(f"-k {expression!r} selects no algorithm; `parity list` shows all that there are")
    return entries


def matches(expression: str, name: str) -> bool:
    """Whether a name contains the words of an expression with and, or, not and parentheses.

    Raises ValueError for anything else.
    """

    def holds(node: Any) -> bool:
        match node:
            case ast.Expression(body):
                return holds(body)
            case ast.BoolOp(ast.And(), values):
                return all(holds(value) for value in values)
            case ast.BoolOp(ast.Or(), values):
                return any(holds(value) for value in values)
            case ast.UnaryOp(ast.Not(), operand):
                return not holds(operand)
            case ast.Name(word):
                return word in name
        raise ValueError

    try:
        return holds(ast.parse(expression, mode="eval"))
    except (SyntaxError, ValueError):
        raise ValueError(f"-k takes words with and, or, not and parentheses, got {expression!r}") from None


def _known_kinds(kinds: Sequence[str], entries: Sequence[Algorithm]) -> None:
    known = sorted({kind for entry in entries for kind in entry.kinds})
    for kind in kinds:
        if kind not in known:
            raise ValueError(f"there is no kind of check called {kind!r} here; there are {', '.join(known)}")


def _known_modes(modes: Sequence[str], entries: Sequence[Algorithm], devices: Sequence[str]) -> None:
    from parity_tests.modes import modes_of  # noqa: PLC0415

    known = list(
        dict.fromkeys(
            mode.name or "plain"
            for entry in entries
            for mode in modes_of(entry)
            if not mode.dtypes or any(device in mode.dtypes for device in devices)
        )
    )
    for mode in modes:
        if mode not in known:
            where = " and ".join(devices)
            raise ValueError(
                f"there is no mode called {mode!r} here, on {where}; there are {', '.join(known)}"
            )


def _prepare_cuda(modes: Sequence[str]) -> None:
    """What CUDA reads from the environment, before it starts."""
    from reference import _platform  # noqa: PLC0415 (imports torch)

    try:
        _platform.prepare(tf32=not modes or "tf32" in modes)
    except RuntimeError as error:
        raise ValueError(str(error)) from None

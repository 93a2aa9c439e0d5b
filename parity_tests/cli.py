"""The `parity` command."""

from __future__ import annotations

import argparse
import ast
import inspect
import os
import sys
import time
import traceback
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from parity_tests.catalogue import Algorithm, algorithms, find
from parity_tests.engine.results import Result
from parity_tests.reports.summary import USAGE, Summary

DTYPES = ("float64", "float32")
FEW = 12


def main(argv: Sequence[str] | None = None) -> int:
    """Run `parity` with these arguments; the exit status is 0 conforms, 1 does not, 2 usage error."""
    parser = build_parser()
    arguments = parser.parse_args(argv)
    try:
        return int(arguments.run(arguments))
    except ValueError as error:
        print(f"parity: {error}", file=sys.stderr)
        return USAGE
    except Exception:  # whatever it is, it is no verdict on anybody's code
        traceback.print_exc()
        print("parity: this is a mistake in parity itself, not in what it checked", file=sys.stderr)
        return USAGE
    except KeyboardInterrupt:
        print("parity: interrupted", file=sys.stderr)
        return 130


def build_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="parity", description="Deep-learning algorithms in NumPy, proven against torch."
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")

    verify = commands.add_parser("verify", help="hold every algorithm of scratch against torch")
    verify.add_argument("names", nargs="*", metavar="NAME", help="algorithms (all if none is named)")
    verify.add_argument(
        "-k", metavar="EXPRESSION", default="", help='by name or chapter: -k "adam or optimizers and not sgd"'
    )
    verify.add_argument("--dtype", action="append", choices=[*DTYPES, "all"], help="may be repeated (all)")
    verify.add_argument("--device", default="cpu", choices=["cpu", "cuda", "all"])
    verify.add_argument(
        "--only", action="append", default=[], metavar="KIND", help="this kind of check; may be repeated"
    )
    verify.add_argument(
        "--examples", type=_natural, default=4, metavar="N", help="drawn cases beside the curated ones (4)"
    )
    verify.add_argument(
        "--seed", type=_natural, default=0, metavar="N", help="where the drawn cases begin (0)"
    )
    verify.add_argument("--case", default="", metavar="SPEC", help="the one case that a report names")
    verify.add_argument(
        "--jobs", type=_natural, default=_cores(), metavar="N", help="processes (one per core)"
    )
    verify.add_argument("--json", metavar="FILE", help="write the report as JSON (- for standard output)")
    verify.set_defaults(run=run_verify)

    listing = commands.add_parser(
        "list", help="every algorithm: chapter, kinds of check, torch counterpart, errata"
    )
    listing.add_argument("--json", metavar="FILE", help="write the list as JSON (- for standard output)")
    listing.add_argument("--markdown", metavar="FILE", help="rewrite the tables in a README")
    listing.set_defaults(run=run_list)

    explain = commands.add_parser(
        "explain", help="one algorithm: formula, signature, shapes, torch, errata, source"
    )
    explain.add_argument("name", metavar="NAME")
    explain.set_defaults(run=run_explain)

    train = commands.add_parser("train", help="train one network in scratch and in torch, side by side")
    from parity_tests import train as training  # noqa: PLC0415 (next to its use)

    training.add_arguments(train)
    train.set_defaults(run=training.run)
    return parser


def _cores() -> int:
    """How many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _natural(text: str) -> int:
    if not text.isdigit():
        raise argparse.ArgumentTypeError(f"{text!r} is no natural number")
    return int(text)


def run_verify(arguments: argparse.Namespace) -> int:
    from rich.console import Console  # noqa: PLC0415 (slow to import)

    from parity_tests.reports import jsonfile, terminal  # noqa: PLC0415
    from parity_tests.verify import Plan, count, verify_all  # noqa: PLC0415

    entries = _selected(arguments.names, arguments.k)
    _known_kinds(arguments.only, entries)
    if arguments.case and len(entries) != 1:
        raise ValueError(f"--case belongs to one algorithm, {len(entries)} are selected; name it")
    if arguments.case:
        entries[0].case("float64", arguments.case)
    if arguments.json:
        jsonfile.check_writable(arguments.json)
    wanted = dict.fromkeys(arguments.dtype or ["all"])
    dtypes = DTYPES if "all" in wanted else tuple(wanted)
    devices = ("cpu", "cuda") if arguments.device == "all" else (arguments.device,)
    console = terminal.wide(Console(stderr=arguments.json == "-"), 88)
    began = time.perf_counter()
    results: list[Result] = []
    plans = [
        Plan(dtypes, device, arguments.only, arguments.examples, arguments.seed, arguments.case)
        for device in devices
    ]
    names = [entry.name for entry in entries]
    # Few algorithms are done before another process has imported torch.
    jobs = 1 if len(entries) < FEW or "cuda" in devices else max(1, arguments.jobs)
    for found in terminal.progress(verify_all(entries, plans, jobs=jobs), names, console):
        results += found
    summary = Summary.of(results, count(algorithms(), devices))
    if arguments.json:
        jsonfile.write(arguments.json, jsonfile.report("scratch", results, summary))
    console.print(terminal.verify_table(entries, results))
    console.print()
    for line in (*terminal.failures(results), *terminal.reasons(results)):
        console.print(line, soft_wrap=True)
    console.print(terminal.verdict(summary, time.perf_counter() - began), soft_wrap=True)
    if not summary.ran:
        raise ValueError("no check ran; `parity list` shows the kinds of check of each algorithm")
    return summary.exit_status


def run_list(arguments: argparse.Namespace) -> int:
    from parity_tests.reports import jsonfile, markdown  # noqa: PLC0415

    errata = _errata()
    if arguments.json:
        jsonfile.check_writable(arguments.json)
        rows = [
            {
                "name": entry.name,
                "chapter": entry.chapter,
                "protocol": entry.protocol,
                "kinds": list(entry.kinds),
                "torch": entry.torch,
                "source": entry.source,
                "seed": entry.seed_row,
                "errata": errata.get(entry.name, []),
            }
            for entry in algorithms()
        ]
        jsonfile.write(arguments.json, {"schema": jsonfile.SCHEMA, "algorithms": rows})
        return 0
    if arguments.markdown:
        from scratch.errata import ERRATA  # noqa: PLC0415

        file = Path(arguments.markdown)
        if not file.is_file():
            raise ValueError(f"there is no file {file}")
        text = file.read_text(encoding="utf-8")
        text = markdown.replaced(text, "coverage", markdown.coverage(algorithms()))
        text = markdown.replaced(text, "errata", markdown.errata(ERRATA.values()))
        file.write_text(text, encoding="utf-8")
        return 0
    from rich.console import Console  # noqa: PLC0415 (slow to import)

    from parity_tests.reports import terminal  # noqa: PLC0415

    terminal.wide(Console(), 170).print(terminal.list_table(algorithms(), errata))
    return 0


def run_explain(arguments: argparse.Namespace) -> int:
    from scratch.errata import errata_of  # noqa: PLC0415

    entry = find(arguments.name)
    function = entry.scratch
    print(f"{entry.name}{_signature(function)}\n")
    print("\n".join(f"    {line}".rstrip() for line in str(inspect.getdoc(function)).splitlines()) + "\n")
    facts = {
        "chapter": f"{entry.chapter} (scratch/{entry.chapter}.py, reference/{entry.chapter}.py)",
        "protocol": str(inspect.getdoc(type(entry))).replace("``", ""),
        "shapes": ", ".join(f"{name} {_shape(p)}" for name, p in getattr(function, "shapes", {}).items()),
        "torch": entry.torch,
        "source": f"{entry.source}  (004 is the handbook, 000 to 003 the short posts)",
        "checked by": " ".join(entry.kinds),
    }
    for label, fact in facts.items():
        if fact:
            print(f"{label:12}{fact}")
    for erratum in errata_of(entry.name):
        print(f"\nerratum {erratum.id}  ({erratum.where})")
        print(f"    printed  {erratum.printed}\n    right    {erratum.right}\n    shows    {erratum.shows}")
    return 0


def _signature(function: Any) -> str:
    """The signature without the addresses of functions among the defaults."""
    words = []
    for parameter in inspect.signature(function).parameters.values():
        if parameter.default is not parameter.empty and hasattr(parameter.default, "__name__"):
            words.append(f"{parameter.name}={parameter.default.__name__}")
        else:
            words.append(str(parameter))
        if parameter.kind is parameter.KEYWORD_ONLY and "*" not in words:
            words.insert(-1, "*")
    return f"({', '.join(words)})"


def _shape(pattern: str) -> str:
    """A pattern of `scratch._shapes` in words: ``(N, C, ...)`` or ``(C)`` of int."""
    options = []
    for option in pattern.split("|"):
        axes = option.split()
        kind = axes.pop(0) if axes and axes[0] in ("int", "bool") else ""
        comma = "," if len(axes) == 1 and axes != ["..."] else ""
        options.append(f"({', '.join(axes)}{comma}){' ' + kind if kind else ''}")
    return " or ".join(options)


def _errata() -> dict[str, list[str]]:
    """The ids of the errata by algorithm."""
    from scratch.errata import ERRATA  # noqa: PLC0415

    by_algorithm: dict[str, list[str]] = {}
    for erratum in ERRATA.values():
        by_algorithm.setdefault(erratum.algorithm, []).append(erratum.id)
    return by_algorithm


def _selected(names: Sequence[str], expression: str) -> list[Algorithm]:
    """The algorithms that are named, and that the expression is true of."""
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


if __name__ == "__main__":
    sys.exit(main())

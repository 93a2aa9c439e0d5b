"""``parity check``: the arguments, the run, and the exit status."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from parity_tests.commands.arguments import natural, seconds
from parity_tests.machine import cores

if TYPE_CHECKING:
    from parity_tests.checking import Checked
    from parity_tests.people.isolation import Process
    from parity_tests.people.targets import Submission

DIALECTS = ("native", "handbook", "cs231n", "torch")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "target",
        metavar="TARGET[:NAME]",
        help="a file, a notebook, a folder, a package or a module; one name of it",
    )
    parser.add_argument(
        "--as", dest="as_", default="", metavar="ALGORITHM", help="what it is, whatever its name"
    )
    parser.add_argument(
        "--only",
        action="append",
        default=[],
        metavar="ALGORITHMS",
        help="these alone: adam,sgd; may be repeated",
    )
    parser.add_argument("--dialect", default="", choices=DIALECTS, help="one dialect alone (all that fit)")
    parser.add_argument(
        "--against", default="scratch", choices=["scratch", "torch"], help="whose answers are right (scratch)"
    )
    parser.add_argument(
        "--require", action="append", default=[], metavar="ALGORITHMS", help="what must be there: adam,sgd"
    )
    parser.add_argument(
        "--map",
        action="append",
        default=[],
        metavar="OURS=THEIRS",
        help="a method or parameter of another name: step=update",
    )
    parser.add_argument("--expect", default="", metavar="FILE", help="expected failures, in TOML")
    parser.add_argument(
        "--min-checks", type=natural, default=1, metavar="N", help="fewer checks are a failure (1)"
    )
    parser.add_argument(
        "--examples", type=natural, default=4, metavar="N", help="drawn cases beside the curated ones (4)"
    )
    parser.add_argument(
        "--seed", type=natural, default=0, metavar="N", help="where the drawn cases begin (0)"
    )
    parser.add_argument("--case", default="", metavar="SPEC", help="the one case that a report names")
    parser.add_argument(
        "--timeout", type=seconds, default=10.0, metavar="S", help="seconds for each call (10)"
    )
    parser.add_argument(
        "--jobs", type=natural, default=0, metavar="N", help="processes for a folder (one per core)"
    )
    how_much = parser.add_mutually_exclusive_group()
    how_much.add_argument(
        "--hint", action="store_true", help="a nudge in place of the line that is different"
    )
    how_much.add_argument("--no-diagnosis", action="store_true", help="do not look for what is different")
    parser.add_argument("--json", metavar="FILE", help="write the report as JSON (- for standard output)")


def run(arguments: argparse.Namespace) -> int:
    from parity_tests.people.isolation import Process  # noqa: PLC0415
    from parity_tests.people.targets import submissions  # noqa: PLC0415

    target, member = split_target(arguments.target)
    files = submissions(target)
    process = None
    if len(files) == 1 and not files[0].error:
        # It imports NumPy while this process imports what judges.
        process = Process(torch=files[0].uses_torch, timeout=arguments.timeout)
    try:
        return _run(arguments, files, member, process)
    finally:
        if process is not None:
            process.kill()


def _run(
    arguments: argparse.Namespace, files: Sequence[Submission], member: str, process: Process | None
) -> int:
    from rich.console import Console  # noqa: PLC0415 (slow to import)

    from parity_tests.catalogue import find  # noqa: PLC0415
    from parity_tests.engine.results import Status  # noqa: PLC0415
    from parity_tests.expectations import Place, apply, read  # noqa: PLC0415
    from parity_tests.folders import check_all  # noqa: PLC0415
    from parity_tests.people.finding import Wanted, prepare  # noqa: PLC0415
    from parity_tests.posing import Exam  # noqa: PLC0415
    from parity_tests.reports import jsonfile, people  # noqa: PLC0415
    from parity_tests.reports.summary import CONFORMS, DIFFERS, USAGE, Summary  # noqa: PLC0415

    prepare()
    only, required = _names(arguments.only), _names(arguments.require)
    for name in (*only, *required, *([arguments.as_] if arguments.as_ else [])):
        find(name)
    if arguments.case and not (arguments.as_ or len(only) == 1):
        raise ValueError("--case belongs to one algorithm; name it with --only or --as")
    if arguments.json:
        jsonfile.check_writable(arguments.json)
    expected = read(arguments.expect) if arguments.expect else ()
    wanted = Wanted(member, arguments.as_, arguments.dialect, frozenset(only), _map(arguments.map))
    exam = Exam(arguments.examples, arguments.seed, arguments.case, arguments.against)
    console = Console(stderr=arguments.json == "-", highlight=False, soft_wrap=True)
    everything: list[Checked] = []
    jobs = arguments.jobs or cores()
    found = check_all(
        files,
        wanted,
        exam,
        jobs=jobs,
        timeout=arguments.timeout,
        diagnose=not arguments.no_diagnosis,
        process=process,
    )
    if len(files) > 1:
        from parity_tests.reports.terminal import progress  # noqa: PLC0415 (a tenth of a second)

        found = progress(found, [file.label for file in files], console)
    for checked in found:
        everything.append(checked)
        for line in people.told(checked, hint=arguments.hint) if len(files) == 1 else [people.line(checked)]:
            console.print(line)
    made = [people.Check(c, o, result) for c in everything for o in c.outcomes for result in o.results()]
    places = [Place(check.checked.label, check.outcome.members[0]) for check in made]
    results = apply([check.result for check in made], expected, places, only=only)
    checks = [check._replace(result=result) for check, result in zip(made, results, strict=False)]
    beside = results[len(made) :]
    summary = Summary.of(results)
    there = {check.result.algorithm for check in checks if check.result.status is not Status.ABSENT}
    missing = [name for name in required if name not in there]
    if arguments.json:
        jsonfile.write(
            arguments.json, people.report(arguments.target, everything, checks, beside, summary, missing)
        )
    for line in people.marked(results) if expected else ():
        console.print(line)
    console.print()
    console.print(people.conclusion(everything, summary, missing, arguments.min_checks))
    if not summary.ran and not missing:
        console.print(people.nothing(everything))
        return USAGE
    unreadable = any(checked.error for checked in everything)
    few = summary.ran < arguments.min_checks
    return DIFFERS if unreadable or missing or few or not summary.green else CONFORMS


def _names(given: Sequence[str]) -> list[str]:
    return [name for words in given for name in words.split(",") if name]


def _map(given: Sequence[str]) -> tuple[tuple[str, str], ...]:
    pairs = [word.partition("=") for words in given for word in words.split(",")]
    for ours, sign, theirs in pairs:
        if not (sign and ours.isidentifier() and theirs.isidentifier()):
            raise ValueError(f"--map takes OURS=THEIRS, two names, got {ours + sign + theirs!r}")
    return tuple((ours, theirs) for ours, _, theirs in pairs)


def split_target(text: str) -> tuple[str, str]:
    """The target, and the name behind its last colon if that is one."""
    target, colon, member = text.rpartition(":")
    if not (colon and target) or Path(text).exists():
        return text, ""
    if member.isidentifier():
        return target, member
    name, dot, _ = member.partition(".")
    if dot and name.isidentifier() and Path(target).exists():
        raise ValueError(f"a class is checked as a whole: {target}:{name}")
    return text, ""

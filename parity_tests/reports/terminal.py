"""What people read: tables, a progress bar, and every failure with the line that reproduces it."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from typing import TypeVar

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

from parity_tests.catalogue import Algorithm
from parity_tests.engine.precision import PRECISIONS
from parity_tests.engine.results import GREEN, Result, Status
from parity_tests.reports.summary import Summary

Item = TypeVar("Item")
VALUES = ("outputs", "trajectory", "run", "draws")  # what an algorithm is measured by, beside its gradients
STYLES = {
    Status.PASSED: "green",
    Status.FAILED: "bold red",
    Status.ERROR: "bold red",
    Status.XPASS: "bold red",
    Status.XFAIL: "yellow",
    Status.SKIPPED: "yellow",
    Status.ABSENT: "yellow",
}


def progress(items: Iterable[Item], names: Sequence[str], console: Console) -> Iterator[Item]:
    """Go through the items, one for each name, with a progress bar that vanishes at the end."""
    columns = (
        TextColumn("[progress.description]{task.description:24}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task(names[0] if names else "", total=len(names))
        for item, following in zip(items, [*names[1:], ""], strict=True):
            yield item
            bar.update(task, description=following, advance=1)


def verify_table(entries: Iterable[Algorithm], results: Sequence[Result]) -> Table:
    """A row an algorithm: what was measured, the largest errors in units of the tolerance, and in u·E."""
    measured = [r for r in results if r.kind in (*VALUES, "gradients")]
    precisions = [
        p.short for p in PRECISIONS.values() if any(r.setting.startswith(p.short) for r in measured)
    ]
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("error in units of\nits tolerance", no_wrap=True)
    for precision in precisions:
        table.add_column(f"value\n{precision}", justify="right", no_wrap=True)
    for precision in precisions:
        table.add_column(f"grad\n{precision}", justify="right", no_wrap=True)
    table.add_column("largest\nu·E", justify="right", no_wrap=True)
    table.add_column("checks", justify="right", no_wrap=True)
    by_name = {name: list(group) for name, group in groupby(results, lambda r: r.algorithm)}
    shown = [entry for entry in entries if entry.name in by_name]
    for chapter, chapter_entries in groupby(shown, lambda entry: entry.chapter):
        table.add_row(Text(chapter, style="bold cyan"))
        for entry in chapter_entries:
            rows = by_name[entry.name]
            values = [r for r in rows if r.kind in VALUES]
            gradients = [r for r in rows if r.kind == "gradients"]
            cells = [
                _cell([r for r in part if r.setting.startswith(p)])
                for part in (values, gradients)
                for p in precisions
            ]
            rounding = [r.rounding for r in (*values, *gradients) if r.rounding is not None]
            passed = sum(r.status is Status.PASSED for r in rows)
            count = Text(f"{passed}/{len(rows)}", style="green" if passed == len(rows) else "bold red")
            table.add_row(f"  {entry.name}", *cells, f"{max(rounding):.2f}" if rounding else "", count)
    return table


def _cell(results: Sequence[Result]) -> Text:
    if not results:
        return Text("")
    worst = max(results, key=lambda r: (r.status not in GREEN, r.worst or 0.0))
    if worst.status in (Status.ERROR, Status.SKIPPED):
        return Text(worst.status, style=STYLES[worst.status])
    return Text("" if worst.worst is None else f"{worst.worst:.2f}", style=STYLES[worst.status])


def failures(results: Iterable[Result]) -> Iterator[Text]:
    """Every check that is not green: what differs, all of it, and how to see it again."""
    for result in results:
        if result.status in GREEN:
            continue
        yield Text(f"{result.id}  {result.status}", style=STYLES[result.status])
        lines = [str(d) for d in result.divergences[:5]] or [result.message]
        if len(result.divergences) > 5:
            lines.append(f"… and {len(result.divergences) - 5} more")
        if result.reproduce:
            lines.append(f"see it again: {result.reproduce}")
        for line in lines:
            yield Text(f"    {line}")


def reasons(results: Iterable[Result]) -> Iterator[Text]:
    """Why checks were skipped, each reason once."""
    for reason, count in Counter(r.message for r in results if r.status is Status.SKIPPED).items():
        yield Text(f"{count} checks skipped: {reason}", style=STYLES[Status.SKIPPED])


def verdict(summary: Summary, seconds: float) -> Text:
    """The last line: how many ran out of how many apply, how far off, how long."""
    text = f"{summary.counts['passed']} of {summary.ran} checks passed"
    others = [f"{count} {status}" for status, count in summary.counts.items() if count and status != "passed"]
    text += f" ({', '.join(others)})" if others else ""
    text += f"   {summary.ran} of {summary.apply} that apply ran, of {summary.total} there are"
    text += f"   {summary.algorithms} algorithms"
    if summary.worst is not None:
        text += f"   largest error {summary.worst:.2f} of its tolerance"
    if summary.rounding is not None:
        text += f", {summary.rounding:.2f} u·E"
    return Text(f"{text}   {seconds:.1f} s", style="bold green" if summary.green else "bold red")


def wide(console: Console, columns: int) -> Console:
    """The console, no narrower than a table needs unless it is a terminal, which is as wide as it is."""
    if not console.is_terminal and "COLUMNS" not in os.environ:
        console.width = max(console.width, columns)
    return console


def list_table(entries: Iterable[Algorithm], errata: dict[str, list[str]]) -> Table:
    """A row an algorithm: chapter, kinds of check, torch counterpart, errata."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in ("name", "chapter", "kinds of check", "torch", "errata"):
        table.add_column(column, overflow="fold")
    for entry in entries:
        known = ", ".join(errata.get(entry.name, []))
        table.add_row(entry.name, entry.chapter, " ".join(entry.kinds), escape(entry.torch), known)
    return table

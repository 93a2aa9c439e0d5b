"""What is said of mutants: a table, every survivor with its line, and the same for programs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from itertools import groupby
from typing import TYPE_CHECKING, Any

from rich.table import Table
from rich.text import Text

from parity_tests.reports.jsonfile import SCHEMA, environment

if TYPE_CHECKING:
    from parity_tests.mutants import Power, Survivor

COLUMNS = ("mutants", "distinct", "killed", "elsewhere", "equivalent", "surviving", "score", "seconds")


def table(powers: Sequence[Power]) -> Table:
    """A row an algorithm, one for each chapter, and one for all."""
    shown = Table(box=None, pad_edge=False, header_style="bold")
    shown.add_column("mutants of", no_wrap=True)
    for column in COLUMNS:
        shown.add_column(column, justify="right", no_wrap=True)
    for chapter, group in groupby(powers, lambda power: power.chapter):
        members = list(group)
        shown.add_row(chapter, *_cells(members), style="bold cyan")
        for power in members:
            shown.add_row(
                f"  {power.algorithm}", *_cells([power]), style="" if not power.surviving else "bold red"
            )
    shown.add_row("all", *_cells(powers), style="bold")
    return shown


def counted(powers: Sequence[Power]) -> dict[str, float]:
    """The numbers of several algorithms together."""
    told = sum(power.killed + len(power.elsewhere) for power in powers)
    surviving = sum(len(power.surviving) for power in powers)
    return {
        "mutants": sum(power.mutants for power in powers),
        "distinct": sum(power.distinct for power in powers),
        "killed": sum(power.killed for power in powers),
        "unstable": sum(power.unstable for power in powers),
        "elsewhere": sum(len(power.elsewhere) for power in powers),
        "equivalent": sum(len(power.equivalent) for power in powers),
        "surviving": surviving,
        "listed_but_killed": sum(len(power.listed_but_killed) for power in powers),
        "unreached": sum(power.unreached for power in powers),
        "score": told / (told + surviving) if told + surviving else 1.0,
        "seconds": sum(power.seconds for power in powers),
    }


def _cells(powers: Sequence[Power]) -> list[str]:
    numbers = counted(powers)
    texts = {"score": f"{100 * numbers['score']:.1f} %", "seconds": f"{numbers['seconds']:.1f}"}
    return [texts.get(column, f"{numbers[column]:.0f}") for column in COLUMNS]


def failures(powers: Sequence[Power]) -> Iterator[Text]:
    """Every mutant that should have been told, and every one that is wrongly listed."""
    for power in powers:
        for survivor in power.surviving:
            yield from _said(power, survivor, f"survives, {survivor.verdict}")
        for survivor in power.listed_but_killed:
            yield from _said(power, survivor, f"is listed as equivalent, but is {survivor.verdict}")


def _said(power: Power, survivor: Survivor, what: str) -> Iterator[Text]:
    place = f"{survivor.file}:{survivor.line}"
    yield Text(f"{power.algorithm}  {survivor.id}  {what}  ({survivor.operator}, {place})", style="bold red")
    yield Text(f"    {survivor.before}".replace("\n", "\n    "))
    yield Text(f"    {survivor.after}".replace("\n", "\n    "), style="red")


def verdict(powers: Sequence[Power], seconds: float) -> Text:
    """The last line."""
    numbers = counted(powers)
    told = numbers["killed"] + numbers["elsewhere"]
    text = f"{told:.0f} of {told + numbers['surviving']:.0f} mutants told ({100 * numbers['score']:.2f} %)"
    text += f", {numbers['unstable']:.0f} of them by extreme inputs"
    share = numbers["equivalent"] / numbers["mutants"] if numbers["mutants"] else 0.0
    text += f"   {numbers['equivalent']:.0f} equivalent ({100 * share:.1f} %)"
    text += f"   {len(powers)} algorithms   {seconds:.1f} s"
    good = numbers["mutants"] and not (numbers["surviving"] or numbers["listed_but_killed"])
    return Text(text, style="bold green" if good else "bold red")


def report(powers: Sequence[Power], seconds: float) -> dict[str, Any]:
    """The same for programs, with every mutant that lives, for whatever reason."""
    return {
        "schema": SCHEMA,
        "target": "mutants of scratch",
        "environment": environment(),
        "summary": {**counted(powers), "seconds": seconds, "algorithms": len(powers)},
        "algorithms": [{**asdict(power), "score": power.score} for power in powers],
    }

"""The README's tables, written from the catalogue, the errata and torch's deviations."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import groupby
from typing import Any

from parity_tests.catalogue import Algorithm
from parity_tests.deviations import Deviation


def coverage(entries: Iterable[Algorithm]) -> str:
    """A row a chapter; the handbook's own algorithms are bold, what people expect beside them is not."""
    rows = ["| chapter | algorithms | checked by |", "|---|---|---|"]
    for chapter, group in groupby(entries, lambda entry: entry.chapter):
        members = list(group)
        names = ", ".join(f"**{entry.name}**" if entry.seed_row else entry.name for entry in members)
        kinds = dict.fromkeys(kind for entry in members for kind in entry.kinds)
        rows.append(f"| {chapter} | {names} | {', '.join(kinds)} |")
    return "\n".join(rows)


def errata(found: Iterable[Any]) -> str:
    """A row an erratum: where it stands, what is printed, what is right."""
    rows = ["| erratum | where | printed | right |", "|---|---|---|---|"]
    rows += [_row(f"`{erratum.id}`", erratum.where, erratum.printed, erratum.right) for erratum in found]
    return "\n".join(rows)


def deviations(found: Iterable[Deviation]) -> str:
    """A row a deviation of torch: its input, what torch gives, what is right, the upstream thread."""
    rows = ["| deviation | where | torch gives | right | upstream |", "|---|---|---|---|---|"]
    for deviation in found:
        issue = f"[#{deviation.issue}]({deviation.url})" if deviation.issue else ""
        rows.append(_row(f"`{deviation.id}`", deviation.where, *deviation.written, issue))
    return "\n".join(rows)


def _row(*cells: str) -> str:
    return f"| {' | '.join(cell.replace('|', '&#124;') for cell in cells)} |"


def replaced(text: str, name: str, table: str) -> str:
    """The text with what stands between the markers of that name replaced.

    Raises ValueError if there are no such markers.
    """
    start, end = f"<!-- {name} -->\n", f"\n<!-- end of {name} -->"
    before, found, rest = text.partition(start)
    _, closed, after = rest.partition(end)
    if not found or not closed:
        raise ValueError(f"there is nothing between {start.strip()} and {end.strip()} to replace")
    return f"{before}{start}{table}{end}{after}"

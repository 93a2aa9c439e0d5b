"""The README's tables, written from the catalogue and the errata, so that they say what is there."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import groupby
from typing import Any

from parity_tests.catalogue import Algorithm


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
    for erratum in found:
        cells = (f"`{erratum.id}`", erratum.where, erratum.printed, erratum.right)
        rows.append(f"| {' | '.join(cell.replace('|', '&#124;') for cell in cells)} |")
    return "\n".join(rows)


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

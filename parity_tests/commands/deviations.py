"""``parity deviations``: where torch itself is wrong, and a program that shows it."""

from __future__ import annotations

import argparse
import textwrap
from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from parity_tests.deviations import Deviation


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "name",
        nargs="?",
        metavar="NAME",
        help="print the program that shows this one: parity deviations gelu-tail | python",
    )


def run(arguments: argparse.Namespace) -> int:
    from parity_tests.deviations import DEVIATIONS  # noqa: PLC0415 (the command line is built without it)

    if arguments.name is None:
        _table(DEVIATIONS)
        return 0
    found = {deviation.id: deviation for deviation in DEVIATIONS}
    if arguments.name not in found:
        raise ValueError(f"there is no deviation {arguments.name}; parity deviations lists them")
    deviation = found[arguments.name]
    said = f"{deviation.where}: {deviation.because}. torch {deviation.version}. {deviation.url}".strip()
    print(textwrap.indent("\n".join(textwrap.wrap(said, 100)), "# "))
    print(deviation.program, end="")
    return 0


def _table(deviations: Iterable[Deviation]) -> None:
    from rich.console import Console  # noqa: PLC0415 (slow to import)
    from rich.table import Table  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    from parity_tests.reports import terminal  # noqa: PLC0415

    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("deviation", no_wrap=True)
    for column in ("where", "torch gives", "right", "upstream"):
        table.add_column(column)
    for deviation in deviations:
        issue = f"#{deviation.issue}" if deviation.issue else ""
        cells = (deviation.id, deviation.where, *deviation.written, issue)
        table.add_row(*map(Text, cells))
    terminal.wide(Console(), 170).print(table)

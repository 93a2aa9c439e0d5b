"""``parity list`` and ``parity explain``: what there is, and what is known of each."""

from __future__ import annotations

import argparse
from pathlib import Path


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", metavar="FILE", help="write the list as JSON (- for standard output)")
    parser.add_argument("--markdown", metavar="FILE", help="rewrite the tables in a README")


def run(arguments: argparse.Namespace) -> int:
    from parity_tests.catalogue import algorithms  # noqa: PLC0415 (slow to import)
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
        from parity_tests.deviations import DEVIATIONS  # noqa: PLC0415
        from scratch.errata import ERRATA  # noqa: PLC0415

        file = Path(arguments.markdown)
        if not file.is_file():
            raise ValueError(f"there is no file {file}")
        text = file.read_text(encoding="utf-8")
        text = markdown.replaced(text, "coverage", markdown.coverage(algorithms()))
        text = markdown.replaced(text, "errata", markdown.errata(ERRATA.values()))
        text = markdown.replaced(text, "deviations", markdown.deviations(DEVIATIONS))
        file.write_text(text, encoding="utf-8")
        return 0
    from rich.console import Console  # noqa: PLC0415 (slow to import)

    from parity_tests.reports import terminal  # noqa: PLC0415

    terminal.wide(Console(), 170).print(terminal.list_table(algorithms(), errata))
    return 0


def _errata() -> dict[str, list[str]]:
    """The ids of the errata by algorithm."""
    from scratch.errata import ERRATA  # noqa: PLC0415

    by_algorithm: dict[str, list[str]] = {}
    for erratum in ERRATA.values():
        by_algorithm.setdefault(erratum.algorithm, []).append(erratum.id)
    return by_algorithm

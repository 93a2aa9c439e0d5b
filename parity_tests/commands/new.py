"""``parity new``: a file to begin with."""

from __future__ import annotations

import argparse
import shlex
import sys
from pathlib import Path

from parity_tests.commands.check import DIALECTS


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("name", metavar="NAME", help="the algorithm; `parity list` shows them all")
    parser.add_argument("--dialect", default="native", choices=DIALECTS, help="how it is written (native)")
    parser.add_argument(
        "--output", default="", metavar="FILE", help="the file (NAME.py), - for standard output"
    )


def run(arguments: argparse.Namespace) -> int:
    from parity_tests.catalogue import find  # noqa: PLC0415 (slow to import)
    from parity_tests.starters import text  # noqa: PLC0415

    entry = find(arguments.name)
    file = arguments.output or f"{entry.name}.py"
    content = text(entry, arguments.dialect, f"{entry.name}.py" if file == "-" else file)
    if file == "-":
        sys.stdout.write(content)
        return 0
    try:
        with Path(file).open("x", encoding="utf-8") as opened:
            opened.write(content)
    except FileExistsError:
        raise ValueError(f"{file} is there already, and stays as it is; name another with --output") from None
    except OSError as error:
        raise ValueError(f"{file} can't be written: {error.strerror}") from None
    print(f"wrote {file}; when it is written, check it with\n\n    {shlex.join(['parity', 'check', file])}")
    return 0

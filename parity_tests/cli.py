"""The `parity` command."""

from __future__ import annotations

import argparse
import contextlib
import importlib
import os
import sys
import traceback
from collections.abc import Sequence

USAGE = 2
# Each command's module is imported when it is called: `parity check` has to answer at once.
COMMANDS = {
    "verify": ("parity_tests.commands.verify", "hold every algorithm of scratch against torch"),
    "check": ("parity_tests.commands.check", "check anybody's implementation: a file, a notebook, a folder"),
    "new": ("parity_tests.commands.new", "a file to begin with: signature, shapes and formula, in a dialect"),
    "list": (
        "parity_tests.commands.listing",
        "every algorithm: chapter, kinds of check, torch counterpart, errata",
    ),
    "explain": (
        "parity_tests.commands.explain",
        "one algorithm: formula, signature, shapes, torch, errata, source",
    ),
    "deviations": ("parity_tests.commands.deviations", "where torch itself is wrong, and how to see it"),
    "mutants": (
        "parity_tests.commands.mutants",
        "how many mistakes the checks tell, of every kind at every line",
    ),
    "train": ("parity_tests.train", "train one network in scratch and in torch, side by side"),
}


def main(argv: Sequence[str] | None = None) -> int:
    """Run `parity` with these arguments; the exit status is 0 conforms, 1 does not, 2 usage error."""
    words = sys.argv[1:] if argv is None else list(argv)
    arguments = build_parser(words[0] if words else "").parse_args(words)
    try:
        return int(arguments.run(arguments))
    except ValueError as error:
        print(f"parity: {error}", file=sys.stderr)
        return USAGE
    except OSError as error:  # a full disk, or nobody who reads
        # What is left to be written can't be, which Python would say once more at its end.
        with contextlib.suppress(OSError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        print(f"parity: {error}", file=sys.stderr)
        return USAGE
    except Exception:  # whatever it is, it is no verdict on anybody's code
        traceback.print_exc()
        print("parity: this is a mistake in parity itself, not in what it checked", file=sys.stderr)
        return USAGE
    except KeyboardInterrupt:
        print("parity: interrupted", file=sys.stderr)
        return 130


def build_parser(command: str) -> argparse.ArgumentParser:
    """The parser of all commands, with the arguments of the one that is called."""
    parser = argparse.ArgumentParser(
        prog="parity", description="Deep-learning algorithms in NumPy, proven against torch."
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for name, (module_name, what) in COMMANDS.items():
        added = commands.add_parser(name, help=what)
        if name == command:
            module = importlib.import_module(module_name)
            module.add_arguments(added)
            added.set_defaults(run=module.run)
    return parser


if __name__ == "__main__":
    sys.exit(main())

"""``parity explain``: one algorithm, with its formula, signature, shapes, torch counterpart and errata."""

from __future__ import annotations

import argparse
import inspect
from typing import Any


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("name", metavar="NAME")


def run(arguments: argparse.Namespace) -> int:
    from parity_tests.catalogue import find  # noqa: PLC0415 (slow to import)
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

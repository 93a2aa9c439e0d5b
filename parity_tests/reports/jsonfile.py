"""The report for programs: JSON, version 1 of its schema."""

from __future__ import annotations

import json
import math
import platform
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from parity_tests.engine.results import Result
from parity_tests.reports.summary import Summary

SCHEMA = 1


def environment() -> dict[str, Any]:
    """Versions that a result depends on. torch's comes from its metadata: asking costs no import."""
    from importlib.metadata import version  # noqa: PLC0415 (slow to import)

    packages = {name: version(name) for name in ("numpy", "scipy", "torch")}
    return {"python": platform.python_version(), "platform": platform.platform(), **packages}


def report(target: str, results: Sequence[Result], summary: Summary | None = None) -> dict[str, Any]:
    """All of a run. Numbers that JSON lacks (NaN, infinity) are written as strings."""
    summary = Summary.of(results) if summary is None else summary
    return {
        "schema": SCHEMA,
        "target": target,
        "environment": environment(),
        "summary": {
            **summary.counts,
            "ran": summary.ran,
            "apply": summary.apply,
            "total": summary.total,
            "algorithms": summary.algorithms,
        },
        "checks": [_check(result) for result in results],
    }


def _check(result: Result) -> dict[str, Any]:
    first = asdict(result.divergences[0]) if result.divergences else None
    return {
        "id": result.id,
        "algorithm": result.algorithm,
        "kind": result.kind,
        "status": str(result.status),
        "message": result.message,
        "worst": result.worst,
        "rounding": result.rounding,
        "cases": result.cases,
        "divergence": first,
        "mismatches": [str(divergence) for divergence in result.divergences],
        "diagnosis": [],
        "reproduce": result.reproduce,
    }


def check_writable(path: str) -> None:
    """Raise ValueError for a path that `write` could not write to, before the work is done."""
    file = Path(path)
    if path != "-" and (file.is_dir() or not file.absolute().parent.is_dir()):
        raise ValueError(
            f"the report cannot be written to {path}: {'a' if file.is_dir() else 'there is no such'} folder"
        )


def write(path: str, content: dict[str, Any]) -> None:
    """Write a report to a file, or to standard output if the path is "-"."""
    write_text(path, json.dumps(finite(content), indent=1, ensure_ascii=False, allow_nan=False) + "\n")


def write_text(path: str, text: str) -> None:
    if path == "-":
        sys.stdout.write(text)
    else:
        try:
            Path(path).write_text(text, encoding="utf-8")
        except OSError as error:
            raise ValueError(f"the report cannot be written to {path}: {error.strerror}") from None


def finite(tree: Any) -> Any:
    """The tree with what JSON has no number for as strings."""
    if isinstance(tree, dict):
        return {key: finite(value) for key, value in tree.items()}
    if isinstance(tree, list | tuple):
        return [finite(value) for value in tree]
    if isinstance(tree, float) and not math.isfinite(tree):
        return str(tree)
    return tree

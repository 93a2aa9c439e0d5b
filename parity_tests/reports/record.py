"""A record of what was measured on one device: JSON, a row a line, small enough to keep.

    {"schema": 1,
     "target": "scratch",
     "environment": {"python", "numpy", "scipy", "torch", "system", "cpu", …, and of an accelerator
                     "device", "capability", "cuda", "cudnn", "driver"},
     "summary": {"passed", "failed", …, "ran", "apply", "total", "algorithms"},
     "factors": {setting: the largest "rounding" of its rows},
     "checks": [{"id", "status", "worst", "rounding", "cases", "message"}, …]}

`worst` is a row's largest error in units of its tolerance, `rounding` the largest |difference| / (u·E), which
tells whether the factor 4 of the tolerance (24 for gradients through time) holds on the device. `message` is
there where a row did not pass. Rows that measure nothing (dtypes, refusals) are left out unless they failed.
A record is a baseline as well: ``parity verify --baseline RECORD``.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from parity_tests.engine.results import Result, Status
from parity_tests.reports.jsonfile import SCHEMA, environment, finite, write_text
from parity_tests.reports.summary import Summary

DIGITS = 3


def record(results: Sequence[Result], summary: Summary, about: dict[str, Any]) -> dict[str, Any]:
    """The record of a run; `about` says on what."""
    kept = [r for r in results if r.worst is not None or r.status is not Status.PASSED]
    versions = environment()
    versions.pop("platform")  # `about` says what of it matters
    return {
        "schema": SCHEMA,
        "target": "scratch",
        "environment": {**versions, **about},
        "summary": {
            **summary.counts,
            "ran": summary.ran,
            "apply": summary.apply,
            "total": summary.total,
            "algorithms": summary.algorithms,
        },
        "factors": _factors(kept),
        "checks": [_row(result) for result in kept],
    }


def _factors(results: Sequence[Result]) -> dict[str, float | None]:
    """The largest error in u·E of every setting."""
    factors: dict[str, float] = {}
    for result in results:
        if result.rounding is not None:
            factors[result.setting] = max(factors.get(result.setting, 0.0), result.rounding)
    return {setting: _short(factor) for setting, factor in sorted(factors.items())}


def _row(result: Result) -> dict[str, Any]:
    row = {
        "id": result.id,
        "status": str(result.status),
        "worst": _short(result.worst),
        "rounding": _short(result.rounding),
        "cases": result.cases,
    }
    return {**row, "message": result.message} if result.message else row


def _short(number: float | None) -> float | None:
    return None if number is None else float(f"{number:.{DIGITS}g}")


def write(path: str, content: dict[str, Any]) -> None:
    """Write a record to a file, or to standard output if the path is "-"."""
    heads = {key: value for key, value in content.items() if key != "checks"}
    lines = [f" {_json(key)}: {_json(value)}," for key, value in heads.items()]
    rows = [f"  {_json(row)}" for row in content["checks"]]
    write_text(path, "\n".join(["{", *lines, ' "checks": [', ",\n".join(rows), " ]", "}"]) + "\n")


def _json(tree: Any) -> str:
    return json.dumps(finite(tree), ensure_ascii=False, allow_nan=False)

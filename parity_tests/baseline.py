"""Compare a run with a recorded one: what got worse, what vanished, what is skipped now."""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from parity_tests.engine.results import GREEN, Result, Status
from parity_tests.reports.jsonfile import SCHEMA

WORSE = 2.0  # the factor that a largest error may grow by
NEGLIGIBLE = 0.1  # of the tolerance: errors below it are all alike, and go up and down with any library


@dataclass(frozen=True)
class Recorded:
    """A check of the recorded run: its status, and its largest error in units of the tolerance."""

    status: Status
    worst: float | None


def read(path: str) -> dict[str, Recorded]:
    """The checks of a report that `parity verify` wrote: `--json`, `--record` or `--update-baseline`.

    Raises ValueError for a file that is none.
    """
    try:
        content = json.loads(Path(path).read_text(encoding="utf-8"))
        if content["schema"] != SCHEMA:
            raise ValueError(f"its schema is {content['schema']!r}, and {SCHEMA} is known")
        return {check["id"]: _recorded(check) for check in content["checks"]}
    except FileNotFoundError:
        raise ValueError(f"there is no baseline {path}; --update-baseline writes it") from None
    except (OSError, KeyError, TypeError, ValueError) as error:
        raise ValueError(f"{path} is no report of `parity verify`: {error}") from None


def _recorded(check: dict[str, Any]) -> Recorded:
    worst = check["worst"]
    return Recorded(Status(check["status"]), None if worst is None else float(worst))


def only(
    baseline: dict[str, Recorded],
    algorithms: Collection[str],
    kinds: Collection[str],
    settings: Collection[tuple[str, str]],
    modes: Collection[str] = (),
) -> dict[str, Recorded]:
    """The part of a baseline that a narrower run can be held to.

    Args:
        algorithms: those that ran.
        kinds: the kinds of check that ran; all if empty.
        settings: the short dtypes and devices that ran, in pairs.
        modes: the modes that ran; all if empty.
    """
    kept = {}
    for id_, recorded in baseline.items():
        algorithm, _, rest = id_.partition("/")
        kind, _, setting = rest.rstrip("]").partition("[")
        words = setting.split("-")
        ran = any(dtype in words and device in words for dtype, device in settings)
        ran = ran and (not modes or ("-".join(words[2:]) or "plain") in modes)
        if ran and algorithm in algorithms and (not kinds or kind in kinds):
            kept[id_] = recorded
    return kept


def regressions(results: Sequence[Result], baseline: dict[str, Recorded], factor: float = WORSE) -> list[str]:
    """A sentence for each check that is worse than it was. A new check is no regression."""
    found = []
    now = {result.id: result for result in results}
    for id_, before in baseline.items():
        ran = before.status not in (Status.SKIPPED, Status.ABSENT)
        result = now.get(id_)
        if result is None:
            if ran:
                found.append(f"{id_} vanished: it is in the baseline and did not run")
        elif result.status is Status.SKIPPED and ran:
            found.append(f"{id_} is skipped, and ran before: {result.message}")
        elif result.status not in GREEN and before.status in GREEN:
            found.append(f"{id_} {result.status}, and was {before.status} before: {result.message}")
        elif _worse(result.worst, before.worst, factor):
            found.append(
                f"{id_} got worse: its largest error is {result.worst:.2f} of the tolerance, "
                f"and was {before.worst:.2f} ({factor:g} times is allowed)"
            )
    return found


def _worse(now: float | None, before: float | None, factor: float) -> bool:
    return now is not None and before is not None and now > factor * max(before, NEGLIGIBLE)

"""Results counted: what a run says in one line, and what its exit status is."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from parity_tests.engine.results import GREEN, Result, Status

CONFORMS, DIFFERS, USAGE = 0, 1, 2


@dataclass(frozen=True)
class Summary:
    """How many checks ended how, out of how many that apply and how many there are; the largest errors."""

    counts: dict[str, int]
    ran: int
    apply: int
    total: int
    algorithms: int
    worst: float | None
    rounding: float | None

    @classmethod
    def of(cls, results: Sequence[Result], total: int | None = None) -> Summary:
        """Count the results; without a total, there are no checks but those that apply."""
        counts = Counter(result.status for result in results)
        return cls(
            counts={str(status): counts[status] for status in Status},
            ran=sum(
                count for status, count in counts.items() if status not in (Status.SKIPPED, Status.ABSENT)
            ),
            apply=len(results),
            total=len(results) if total is None else total,
            algorithms=len({result.algorithm for result in results}),
            worst=max((r.worst for r in results if r.worst is not None), default=None),
            rounding=max((r.rounding for r in results if r.rounding is not None), default=None),
        )

    @property
    def green(self) -> bool:
        """Nothing failed and something ran: zero checks are never green."""
        return self.ran > 0 and all(Status(s) in GREEN for s, count in self.counts.items() if count)

    @property
    def exit_status(self) -> int:
        """0 conforms, 1 does not, 2 nothing was checked."""
        if self.ran == 0:
            return USAGE
        return CONFORMS if self.green else DIFFERS

"""Check many files: each in a process of its own, forked from a warm parent, by several workers."""

from __future__ import annotations

import traceback
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial
from itertools import repeat
from pathlib import Path

from parity_tests.checking import Checked, check_submission
from parity_tests.machine import workers
from parity_tests.people.binding import UsageError
from parity_tests.people.finding import Wanted
from parity_tests.people.host import Isolated
from parity_tests.people.isolation import Process
from parity_tests.people.targets import Submission
from parity_tests.posing import Exam
from parity_tests.sandbox.messages import plain

MANY = 6  # from so many files on, other processes are worth their start

_hosts: dict[tuple[bool, float], Isolated] = {}  # of this process: one without torch, one with it


def check_all(
    submissions: Sequence[Submission],
    wanted: Wanted,
    exam: Exam,
    *,
    jobs: int,
    timeout: float,
    diagnose: bool = True,
    process: Process | None = None,
) -> Iterator[Checked]:
    """What is found in each file, in their order.

    `process` is a sandbox that was started while all this was imported, for the first of the files.
    """
    if process is not None:
        torch = submissions[0].uses_torch
        _hosts[torch, timeout] = Isolated(torch=torch, timeout=timeout, process=process)
    try:
        if jobs <= 1 or len(submissions) < MANY:
            yield from (_check(submission, wanted, exam, timeout, diagnose) for submission in submissions)
            return
        with workers(jobs, preload=["parity_tests.folders"]) as pool:
            rest = (repeat(item) for item in (wanted, exam, timeout, diagnose))
            yield from pool.map(_check_lightly, submissions, *rest, chunksize=2)
    finally:
        close()


def _check(submission: Submission, wanted: Wanted, exam: Exam, timeout: float, diagnose: bool) -> Checked:
    if submission.error:
        return Checked(submission.label, error=submission.error)
    try:
        return check_submission(
            submission,
            wanted,
            exam,
            _host(submission.uses_torch, timeout),
            diagnose=diagnose,
            without_torch=partial(_host, False, timeout),
        )
    except UsageError:
        raise
    except Exception as error:  # one file must not take the others with it
        close()
        where = traceback.extract_tb(error.__traceback__)[-1]
        told = (
            f"{type(error).__name__}: {plain(str(error), 200)} ({Path(where.filename).name}:{where.lineno})"
        )
        reason = f"{submission.label}: a mistake in parity itself: {told}"
        return Checked(submission.label, error=reason)


def _host(torch: bool, timeout: float) -> Isolated:
    if (torch, timeout) not in _hosts:
        _hosts[torch, timeout] = Isolated(torch=torch, timeout=timeout)
    return _hosts[torch, timeout]


def _check_lightly(
    submission: Submission, wanted: Wanted, exam: Exam, timeout: float, diagnose: bool
) -> Checked:
    """The same as it travels to another process."""
    checked = _check(submission, wanted, exam, timeout, diagnose)
    outcomes = tuple(replace(outcome, examined=outcome.examined.lightly) for outcome in checked.outcomes)
    return replace(checked, outcomes=outcomes)


def close() -> None:
    """End the processes that this one started."""
    while _hosts:
        _hosts.popitem()[1].close()

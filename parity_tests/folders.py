"""Check many files: each in a process of its own, forked from a warm parent, by several workers."""

from __future__ import annotations

import multiprocessing
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from functools import partial
from itertools import repeat

from parity_tests.checking import Checked, check_submission
from parity_tests.judging import Exam
from parity_tests.people.finding import Wanted
from parity_tests.people.host import Isolated
from parity_tests.people.isolation import Process
from parity_tests.people.targets import Submission

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
        context = multiprocessing.get_context("forkserver")
        with ProcessPoolExecutor(jobs, mp_context=context) as pool:
            rest = (repeat(item) for item in (wanted, exam, timeout, diagnose))
            yield from pool.map(_check_lightly, submissions, *rest, chunksize=2)
    finally:
        close()


def _check(submission: Submission, wanted: Wanted, exam: Exam, timeout: float, diagnose: bool) -> Checked:
    if submission.error:
        return Checked(submission.label, error=submission.error)
    return check_submission(
        submission,
        wanted,
        exam,
        _host(submission.uses_torch, timeout),
        diagnose=diagnose,
        without_torch=partial(_host, False, timeout),
    )


def _host(torch: bool, timeout: float) -> Isolated:
    if (torch, timeout) not in _hosts:
        _hosts[torch, timeout] = Isolated(torch=torch, timeout=timeout)
    return _hosts[torch, timeout]


def _check_lightly(
    submission: Submission, wanted: Wanted, exam: Exam, timeout: float, diagnose: bool
) -> Checked:
    """The same without the answers, which another process has no use for."""
    checked = _check(submission, wanted, exam, timeout, diagnose)
    outcomes = tuple(
        replace(outcome, examined=replace(outcome.examined, answers=())) for outcome in checked.outcomes
    )
    return replace(checked, outcomes=outcomes)


def close() -> None:
    """End the processes that this one started."""
    while _hosts:
        _hosts.popitem()[1].close()

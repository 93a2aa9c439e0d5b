"""Which line of the formula a wrong implementation has different.

A wrong answer that is the answer of a mutant, to every question that was asked, comes from code that behaves
like the formula with that one line changed, however it is written. Where several mutants give it, all of them
are possible; where none does, what holds of the answer is said (`engine.clues`), or that nothing is known.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from parity_tests.catalogue import Algorithm, find
from parity_tests.engine.clues import clues
from parity_tests.engine.compare import compare
from parity_tests.engine.mutation import Mutant
from parity_tests.engine.precision import FLOAT64
from parity_tests.engine.questions import Answer, Question, judge
from parity_tests.judging import FAR_BELOW_ANY_BUG, Examined, Verdict
from parity_tests.mutants import Functions, answers, limited, original, program

SECONDS = 1.0  # the longest that anybody waits for it, beside the checks
MOST = 4  # mutants that are told of those that agree
Pair = tuple[Question, Answer]


@dataclass(frozen=True)
class Diagnosis:
    """One thing that is different, as somebody who learns can read it.

    Args:
        text: in a sentence.
        line, file: where the formula has it; 0 where it has no one place.
        reads: the formula's line.
        instead: what the checked code does in its place.
        source: where the handbook has it, or the erratum that prints it.
        nudge: the same without giving it away.
    """

    text: str
    line: int = 0
    file: str = ""
    reads: str = ""
    instead: str = ""
    source: str = ""
    nudge: str = ""


@dataclass(frozen=True)
class Candidate:
    """Code that a wrong implementation may behave like."""

    functions: Callable[[], Functions]
    mutant: Mutant | None = None
    erratum: Any = None


def diagnose(examined: Examined, *, seconds: float = SECONDS) -> tuple[Diagnosis, ...]:
    """What is different in a wrong implementation: the mutants it behaves like, or what holds of it."""
    entry = find(examined.algorithm)
    if examined.verdict is not Verdict.WRONG or not examined.answers or examined.convention:
        return ()
    pairs = list(examined.answers)
    deadline = time.perf_counter() + seconds
    alike = _alike(entry, pairs, deadline)
    if alike:
        return tuple(_told(entry, candidate, alike) for candidate in alike[:MOST])
    return tuple(Diagnosis(text, nudge=text) for text in clues(pairs))


def _alike(entry: Algorithm, pairs: Sequence[Pair], deadline: float) -> list[Candidate]:
    """The candidates that give the same answers, those with a name first."""
    wrong = [pair for pair in pairs if any(j.divergences for j in judge(*pair, floor=FAR_BELOW_ANY_BUG))]
    if not wrong:
        return []
    wrong.sort(key=lambda pair: (not pair[0].case.benign, _size(pair[0])))
    ordered = [*wrong, *(pair for pair in pairs if not any(pair is one for one in wrong))]
    found = []
    for candidate in _candidates(entry):
        if time.perf_counter() > deadline:
            break
        if _agrees(entry, candidate, ordered):
            found.append(candidate)
    return found


def _size(question: Question) -> int:
    return sum(np.size(value) for part in question.parts for value in part.expected.values())


def _candidates(entry: Algorithm) -> Iterator[Candidate]:
    from scratch.errata import errata_of  # noqa: PLC0415 (the chapters are imported when they are needed)

    code = program(entry.name)
    for erratum in errata_of(entry.name):
        functions = [erratum.misprint, *original(entry)[1:]]
        yield Candidate(partial(list, functions), erratum=erratum)
    for mutant in code.mutants():
        yield Candidate(partial(code.build, mutant), mutant)


def _agrees(entry: Algorithm, candidate: Candidate, pairs: Sequence[Pair]) -> bool:
    """Whether it gives the same answer to every question."""
    try:
        with limited(0.5):
            functions = candidate.functions()
            return all(_same(q, answer, answers(entry, functions, q)) for q, answer in pairs)
    except BaseException as error:
        if isinstance(error, KeyboardInterrupt | SystemExit):
            raise
        return False


def _same(question: Question, answer: Answer, other: Answer) -> bool:
    for part, got, expected in zip(question.parts, answer, other, strict=True):
        if got is None:
            continue
        if expected is None or got.keys() != expected.keys():
            return False
        compared = compare(
            dict(got), dict(expected), dict(part.scales), FLOAT64, part.factor, floor=FAR_BELOW_ANY_BUG
        )
        if any(comparison.divergence for comparison in compared):
            return False
    return True


def _told(entry: Algorithm, candidate: Candidate, alike: Sequence[Candidate]) -> Diagnosis:
    if candidate.erratum is not None:
        erratum = candidate.erratum
        return Diagnosis(
            f"it behaves exactly like the handbook's misprint {erratum.id}",
            reads=erratum.right,
            instead=erratum.printed,
            source=f"erratum {erratum.id} ({erratum.where})",
            nudge=f"{erratum.where} has a misprint there; `parity explain {entry.name}` has more of it",
        )
    mutant = candidate.mutant
    assert mutant is not None
    several = f"one of {len(alike)} changes that come to the same here"
    one_of = several if len(alike) > 1 else "one line changed"
    return Diagnosis(
        f"it behaves exactly like the formula with {one_of}",
        line=mutant.line,
        file=mutant.file,
        reads=mutant.before,
        instead=mutant.after,
        source=entry.source,
        nudge=f"look at the line that makes {mutant.before.partition('=')[0].strip()}",
    )

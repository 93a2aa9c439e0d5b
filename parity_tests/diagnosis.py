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
from parity_tests.engine.results import Diagnosis
from parity_tests.judging import FAR_BELOW_ANY_BUG
from parity_tests.mutants import Functions, answers, limited, original, program
from parity_tests.verdicts import Examined, Verdict

SECONDS = 1.0  # the longest that anybody waits for it, beside the checks
MOST = 4  # mutants that are told of those that agree
Pair = tuple[Question, Answer]


@dataclass(frozen=True)
class Candidate:
    """Code that a wrong implementation may behave like."""

    functions: Callable[[], Functions]
    mutant: Mutant | None = None
    erratum: Any = None


def diagnose(examined: Examined, *, seconds: float = SECONDS) -> tuple[Diagnosis, ...]:
    """What is different in a wrong implementation: the mutants it behaves like, or what holds of it."""
    entry = find(examined.algorithm)
    if examined.verdict is not Verdict.WRONG or not examined.answers:
        return ()
    pairs = list(examined.answers)
    if not examined.own_formula:
        alike = _alike(entry, pairs, time.process_time() + seconds)
        if alike:
            return _told(entry, alike)
    held = clues(pairs) or ["not known: no single change of the formula that was tried behaves like it"]
    return tuple(Diagnosis(text, nudge=text) for text in held)


def _alike(entry: Algorithm, pairs: Sequence[Pair], deadline: float) -> list[Candidate]:
    """The candidates that give the same answers, those with a name first."""
    wrong = [pair for pair in pairs if any(j.divergences for j in judge(*pair, floor=FAR_BELOW_ANY_BUG))]
    if not wrong:
        return []
    wrong.sort(key=lambda pair: (not pair[0].case.benign, _size(pair[0])))
    ordered = [*wrong, *(pair for pair in pairs if not any(pair is one for one in wrong))]
    found = []
    for candidate in _candidates(entry):
        if time.process_time() > deadline:
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


def _told(entry: Algorithm, alike: Sequence[Candidate]) -> tuple[Diagnosis, ...]:
    """The mutants that agree, as one diagnosis each, and the misprint that they come from."""
    errata = [candidate.erratum for candidate in alike if candidate.erratum is not None]
    mutants = [candidate.mutant for candidate in alike if candidate.mutant is not None]
    printed = "".join(f"erratum {erratum.id}: {erratum.where} prints it so" for erratum in errata[:1])
    if not mutants:
        return tuple(
            Diagnosis(
                "it behaves exactly like the formula as it is misprinted",
                reads=erratum.right,
                instead=erratum.printed,
                source=printed,
                nudge=f"{erratum.where} has a misprint there; `parity explain {entry.name}` says more",
            )
            for erratum in errata
        )
    several = f"one of {len(mutants)} changes, which come to the same here"
    text = f"it behaves exactly like the formula with {several if len(mutants) > 1 else 'one line changed'}"
    return tuple(
        Diagnosis(
            text,
            line=mutant.line,
            file=mutant.file,
            reads=mutant.before.partition("  #")[0].strip(),
            instead=mutant.after,
            source=printed or f"scratch/{entry.chapter}.py, line {mutant.line}; {entry.source}",
            nudge=f"look at what becomes of {mutant.before.partition('=')[0].strip()}",
        )
        for mutant in mutants[:MOST]
    )

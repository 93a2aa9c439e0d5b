"""Which line of the formula a wrong implementation has different.

A wrong answer that is the answer of a mutant, to every question that was asked, comes from code that behaves
like the formula with that one line changed, however it is written. Mistakes that people are known to make
come first, under their names (`mistakes`), in every way in which the code may be meant. Where several
candidates give the answer, all of them are possible; where none does, what holds of the answer is said
(`engine.clues`), or that nothing is known.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import islice
from typing import Any

import numpy as np

from parity_tests import diagnosis_draws
from parity_tests.candidates import FAR_FETCHED, PLAUSIBLE, Asked, Candidate
from parity_tests.catalogue import find
from parity_tests.engine.clue_conditions import raising
from parity_tests.engine.clues import clues
from parity_tests.engine.compare import compare
from parity_tests.engine.mutation_exchange import ALONE
from parity_tests.engine.mutation_guard import TookTooLong
from parity_tests.engine.precision import FLOAT64
from parity_tests.engine.questions import Answer, Question, judge, summary
from parity_tests.engine.results import Diagnosis
from parity_tests.judging import FAR_BELOW_ANY_BUG
from parity_tests.mistakes import Mistake, line_of
from parity_tests.mistakes.driving import Driving
from parity_tests.people.complaints import Complaint
from parity_tests.verdicts import Examined, Verdict

# How much is tried, in calls of functions, which are as many on every machine: a second on a fast one.
WORK = 500_000
OVERHEAD = 400  # of a candidate, in calls: to compile it and to compare its answer
ENDLESS = 100_000  # of a candidate that does not come to an end
MADE = 60  # of a mutant, in calls: to find the place for it
SECONDS = 10.0  # of this thread's own, for the search, however slow the machine
ONE = 0.5  # of these, for one candidate: no right one comes near
NOT_KNOWN = "not known: no single change of the formula that was tried behaves like it"
CUT_SHORT = "the search was cut short before everything was tried"
MOST = 4  # that are told of those that agree
Pair = tuple[Question, Answer]


def diagnose(examined: Examined, *, seconds: float = SECONDS) -> tuple[Diagnosis, ...]:
    """What is different in a wrong implementation: what it behaves like, or what holds of it."""
    if examined.verdict is not Verdict.WRONG:
        return ()
    if examined.draws:
        return _of_draws(examined)
    if told := _complaint(examined):
        return told
    search = _Search(examined, time.thread_time() + seconds)
    with ALONE:
        found = search.alike()
        if found is not None:
            return _of_alike(*found)
    held = [_where_it_answers(examined, text) for text in clues(examined.answers)]
    held += raising(_silent(examined), _answered(examined))
    if search.tried:
        held = held or [NOT_KNOWN]
        held += [CUT_SHORT] if search.cut else []
    return tuple(Diagnosis(text, nudge=text) for text in held)


def _of_alike(reading: _Reading, alike: Sequence[Candidate]) -> tuple[Diagnosis, ...]:
    """What agrees, as far as it does: what raises where the implementation does is more like it."""
    examined = reading.examined
    if explaining := [candidate for candidate in alike if reading.explains(candidate)]:
        return _told(reading.asked, explaining)
    first, *others = _told(reading.asked, alike)
    where = raising(_silent(examined), _answered(examined))
    first = replace(first, text=_where_it_answers(examined, first.text))
    return (first, *others, *(Diagnosis(text, nudge=text) for text in where))


def _where_it_answers(examined: Examined, text: str) -> str:
    """What holds of the answers, where there is not one to every question."""
    return f"where it answers, {text}" if _silent(examined) or examined.lost else text


def _complaint(examined: Examined) -> tuple[Diagnosis, ...]:
    """The mistake that a check of its masks told, where all complaints are of that one."""
    found = {error.masking for _, error in examined.raised if isinstance(error, Complaint)}
    source = find(examined.algorithm).source
    return tuple(
        Diagnosis(masking.text, source=source, nudge="look at where its mask comes from")
        for masking in found
        if masking is not None and len(found) == 1
    )


def _of_draws(examined: Examined) -> tuple[Diagnosis, ...]:
    """Of an initializer, by the statistics of what it draws."""
    with ALONE:
        found = diagnosis_draws.alike(examined)
    if found is not None and found[1]:
        return _told(*found)
    held = diagnosis_draws.clues(examined) or [NOT_KNOWN]
    return tuple(Diagnosis(text, nudge=text) for text in held)


def _with_own_mask(question: Question, answer: Answer) -> Pair:
    """A question at test time, where no mask counts, with the mask that shows in the answer: what drops then,
    too, draws it itself."""
    mask, y = question.case.arrays.get("mask"), (answer[0] or {}).get("y")
    at_test_time = question.case.options.get("training") is False
    if not at_test_time or not isinstance(mask, np.ndarray) or mask.dtype != bool:
        return question, answer
    if y is None or np.shape(y) != mask.shape:
        return question, answer
    arrays = {**question.case.arrays, "mask": np.asarray(y) != 0}
    return replace(question, case=replace(question.case, arrays=arrays)), answer


# ---- what it behaves like ----


class _Reading:
    """The answers to the questions as they were put in one reading, those first that decide.

    Raises ValueError where none is wrong.
    """

    def __init__(self, examined: Examined) -> None:
        pairs = [_with_own_mask(*pair) for pair in _answered(examined)]
        wrong = [pair for pair in pairs if _kinds(pair)]
        if not wrong:
            raise ValueError("no answer is wrong")
        wrong.sort(key=lambda pair: (not pair[0].case.benign, _size(pair[0])))
        rest = [pair for pair in pairs if not any(pair is one for one in wrong)]
        self.pairs = [_until_wrong(wrong[0]), *wrong, *rest]
        self.examined = examined
        self.only_gradients = {kind for pair in wrong for kind in _kinds(pair)} == {"gradients"}
        self.asked = Asked.of(examined, self.pairs[0][0])

    def agrees(self, candidate: Candidate) -> bool:
        """Whether a candidate gives the same answer to every question.

        Raises TookTooLong.
        """
        deadline = time.thread_time() + ONE
        try:
            for question, answer in self.pairs:
                if (left := deadline - time.thread_time()) <= 0:
                    raise TookTooLong
                if not _same(question, answer, self.asked.answer(question, candidate, seconds=left)):
                    return False
        except Exception:
            return False
        return True

    def explains(self, candidate: Candidate) -> bool:
        """Whether a candidate raises wherever the implementation does."""
        return not self.examined.lost and all(
            self._raises(candidate, question) for question, _ in _silent(self.examined)
        )

    def _raises(self, candidate: Candidate, question: Question) -> bool:
        try:
            answer = self.asked.answer(question, candidate, seconds=ONE)
        except (Exception, TookTooLong):
            return True
        return any(part is None for part in answer)


class _Search:
    """What gives the same answers to all questions, as long as there is work left.

    `tried` says whether any answer was wrong, to be searched for, and `cut` whether something was not tried.

    Args:
        examined: what was found out.
        deadline: when to give up, in seconds of this thread's own.
    """

    def __init__(self, examined: Examined, deadline: float) -> None:
        self.examined, self.deadline = examined, deadline
        self.left, self.tried, self.cut = WORK, False, False

    def alike(self) -> tuple[_Reading, list[Candidate]] | None:
        """Errata, named mistakes, else mutants that agree, in the reading that was chosen and then in the
        others; else two mistakes at once.

        A change in the chosen reading comes before a mistake in another one: that may be named after the
        very gradients that are right where the code is meant as it was taken to be.
        """
        chosen: _Reading | None = None
        for examined in _unlike((self.examined, *self.examined.others)):
            if self.tried and self._at_end():
                break
            with contextlib.suppress(ValueError):
                reading = _Reading(examined)
                chosen = chosen or reading
                self.tried = True
                errata = list(self.agreeing(reading, reading.asked.errata()))
                named = list(islice(self.agreeing(reading, reading.asked.named()), 1))
                if named:
                    return reading, [*errata, *named]
                if reading is chosen or errata:
                    mutants = self._mutants(reading)
                    if errata or mutants:
                        return reading, [*errata, *mutants]
        if chosen is not None and (pair := list(islice(self.agreeing(chosen, chosen.asked.pairs()), 1))):
            return chosen, pair
        return None

    def _mutants(self, reading: _Reading) -> list[Candidate]:
        """The mutants that agree."""
        if self._at_end():
            return []
        mutants = list(reading.asked.mutants(reading.only_gradients))
        self.left -= MADE * len(mutants)
        return _plausible(reading.asked, list(self.agreeing(reading, mutants)))

    def agreeing(self, reading: _Reading, candidates: Iterable[Candidate]) -> Iterator[Candidate]:
        for candidate in candidates:
            if self._at_end():
                return
            self.left -= OVERHEAD + reading.asked.ran.calls
            try:
                agrees = reading.agrees(candidate)
            except TookTooLong:
                self.left -= ENDLESS
                continue
            if agrees:
                yield candidate

    def _at_end(self) -> bool:
        """Whether the time or the work is used up, with something still to be tried."""
        self.cut = self.cut or self.left < 0 or time.thread_time() >= self.deadline
        return self.cut


def _plausible(asked: Asked, alike: Sequence[Candidate]) -> list[Candidate]:
    """What nobody would write is left out where something else explains it as well; the likeliest first."""
    mutants = {id(one): one.mutant for one in alike if one.mutant is not None}
    if not mutants:
        return list(alike)
    likely = [one for one in alike if asked.seen.confusable(mutants[id(one)])] or list(alike)
    near = [one for one in likely if PLAUSIBLE.get(mutants[id(one)].operator, FAR_FETCHED) < FAR_FETCHED]
    return sorted(near or likely, key=lambda one: asked.rank(mutants[id(one)]))[:MOST]


def _unlike(readings: Iterable[Examined]) -> Iterator[Examined]:
    """Without those in which the same questions had the same answers as in another."""
    seen: list[Examined] = []
    for one in readings:
        if not any(one.formula is other.formula and _says(one) == _says(other) for other in seen):
            seen.append(one)
            yield one


def _says(examined: Examined) -> list[Any]:
    """What was asked and answered, to be compared."""
    return [
        (question.case.spec, repr(question.case.options), [summary([part]) for part in answer])
        for question, answer in _answered(examined)
    ]


def _answered(examined: Examined) -> list[Pair]:
    """What it answered, gradients of wrong shapes included."""
    odd = ((question, getattr(error, "answer", None)) for question, error in examined.raised)
    return [*examined.answers, *((question, answer) for question, answer in odd if answer is not None)]


def _silent(examined: Examined) -> list[tuple[Question, Exception]]:
    """The questions at which it raised, and answered nothing."""
    return [pair for pair in examined.raised if getattr(pair[1], "answer", None) is None]


def _kinds(pair: Pair) -> set[str]:
    """The kinds of check that an answer fails."""
    return {judged.kind for judged in judge(*pair, floor=FAR_BELOW_ANY_BUG) if judged.divergences}


def _size(question: Question) -> int:
    return sum(np.size(value) for part in question.parts for value in part.expected.values())


def _until_wrong(pair: Pair) -> Pair:
    """A trajectory up to its first wrong step, which most candidates do not get past."""
    question, answer = pair
    if "grads" not in question.case.arrays:
        return pair
    for step in range(1, len(question.parts)):
        shorter = replace(question, parts=question.parts[:step]), answer[:step]
        if _kinds(shorter):
            arrays = {**question.case.arrays, "grads": question.case.arrays["grads"][:step]}
            lrs = question.case.extra.get("lrs")
            extra = {**question.case.extra, "lrs": lrs and lrs[:step]}
            return replace(shorter[0], case=replace(question.case, arrays=arrays, extra=extra)), shorter[1]
    return pair


def _same(question: Question, answer: Answer, other: Answer) -> bool:
    """Whether two answers agree in all that the first one gives; a tensor that is None was left out."""
    for part, got, expected in zip(question.parts, answer, other, strict=True):
        if got is None:
            continue
        given = {name: value for name, value in got.items() if value is not None}
        if expected is None or not given.keys() <= expected.keys() or not expected.keys() <= got.keys():
            return False
        asked = {name: expected[name] for name in given}
        scales = {n: s for n, s in part.scales.items() if n in asked and np.shape(s) == np.shape(asked[n])}
        compared = compare(given, asked, scales, FLOAT64, part.factor, floor=FAR_BELOW_ANY_BUG)
        if any(comparison.divergence for comparison in compared):
            return False
    return True


# ---- how it is told ----


def _told(asked: Asked, alike: Sequence[Candidate]) -> tuple[Diagnosis, ...]:
    """What agrees, as one diagnosis each, with the misprint that it comes from."""
    entry = asked.entry
    errata = [candidate.erratum for candidate in alike if candidate.erratum is not None]
    mutants = [candidate.mutant for candidate in alike if candidate.mutant is not None]
    printed = "".join(f"erratum {erratum.id}: {erratum.where} prints it so" for erratum in errata[:1])
    for candidate in alike:
        if candidate.mistakes:
            return (_of_mistakes(asked, candidate.mistakes, printed),)
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
    several = "one of several changes, which come to the same here"
    text = f"it behaves exactly like the formula with {several if len(mutants) > 1 else 'one line changed'}"
    return tuple(
        Diagnosis(
            text,
            line=mutant.line,
            file=mutant.file,
            reads=_without_comment(mutant.before),
            instead=mutant.after,
            source=printed or f"{mutant.file}, line {mutant.line}; {entry.source}",
            nudge=f"look at what becomes of {mutant.before.partition('=')[0].strip()}",
        )
        for mutant in mutants
    )


def _of_mistakes(asked: Asked, found: Sequence[Mistake | Driving], printed: str) -> Diagnosis:
    """Named mistakes, with the line of the first edit."""
    text = "; and ".join(mistake.text for mistake in found)
    first = found[0]
    if isinstance(first, Driving):
        nudge = "look at what belongs to each parameter"
        return Diagnosis(text, source=printed or asked.entry.source, nudge=nudge)
    edit = first.edits[0]
    unit = {unit.name: unit for unit in asked.code.units}[edit.function]
    line, reads, instead = line_of(unit, edit)
    return Diagnosis(
        text,
        line=line,
        file=unit.file,
        reads=_without_comment(reads),
        instead=_without_comment(instead),
        source=first.source or printed or f"{unit.file}, line {line}; {asked.entry.source}",
        nudge=f"look at what becomes of {reads.partition('=')[0].strip()}",
    )


def _without_comment(statement: str) -> str:
    return statement.partition("  #")[0].strip()

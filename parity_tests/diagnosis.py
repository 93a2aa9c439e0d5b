"""Which line of the formula a wrong implementation has different.

A wrong answer that is the answer of a mutant, to every question that was asked, comes from code that behaves
like the formula with that one line changed, however it is written. Mistakes that people are known to make
come first, under their names (`mistakes`). Where several candidates give the answer, all of them are
possible; where none does, what holds of the answer is said (`engine.clues`), or that nothing is known.
"""

from __future__ import annotations

import ast
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import combinations, islice
from typing import Any

import numpy as np

from parity_tests.catalogue import Algorithm, find
from parity_tests.engine.clues import clues
from parity_tests.engine.compare import compare
from parity_tests.engine.mutation import Mutant, watched
from parity_tests.engine.precision import FLOAT64
from parity_tests.engine.questions import Answer, Question, judge
from parity_tests.engine.results import Diagnosis
from parity_tests.judging import FAR_BELOW_ANY_BUG, Examined, Verdict
from parity_tests.mistakes import Edit, Mistake, drivings_of, edited, line_of, mistakes_of
from parity_tests.mistakes.driving import Driving
from parity_tests.mutants import Functions, answers, limited, original, program

SECONDS = 1.0  # of the processor: the longest that anybody waits for it, beside the checks
TRIED = 600  # mutants: so many, the likely ones first, whatever the machine
PAIRS = 150  # of mistakes
MOST = 4  # that are told of those that agree
Pair = tuple[Question, Answer]

# What people write in place of what they mean, before what hardly anybody does.
PLAUSIBLE = {
    **dict.fromkeys(("sign", "dropped factor", "dropped term", "transpose", "axis", "eps", "off by one"), 0),
    **dict.fromkeys(
        ("assignment on overlap", "edge", "variance", "dropped function", "operator", "order"), 0
    ),
    **dict.fromkeys(("dropped operation", "parentheses", "absolute", "comparison", "doubled factor"), 0),
    **dict.fromkeys(("name", "function", "constant", "slice", "range", "doubled term"), 1),
}
FAR_FETCHED = 2


@dataclass(frozen=True)
class Candidate:
    """Code that a wrong implementation may behave like; `functions` makes it anew, as it may keep a state."""

    functions: Callable[[], Functions]
    mutant: Mutant | None = None
    erratum: Any = None
    mistakes: tuple[Mistake | Driving, ...] = ()


def diagnose(examined: Examined, *, seconds: float = SECONDS) -> tuple[Diagnosis, ...]:
    """What is different in a wrong implementation: what it behaves like, or what holds of it."""
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


# ---- what it behaves like ----


def _alike(entry: Algorithm, pairs: Sequence[Pair], deadline: float) -> list[Candidate]:
    """What gives the same answers: errata and named mistakes, else mutants, else two mistakes at once."""
    wrong = [pair for pair in pairs if _kinds(pair)]
    if not wrong:
        return []
    wrong.sort(key=lambda pair: (not pair[0].case.benign, _size(pair[0])))
    rest = [pair for pair in pairs if not any(pair is one for one in wrong)]
    ordered = [_until_wrong(wrong[0]), *wrong, *rest]
    kinds = {kind for pair in wrong for kind in _kinds(pair)}

    def agreeing(candidates: Iterable[Candidate]) -> Iterator[Candidate]:
        for candidate in candidates:
            if time.process_time() > deadline:
                return
            if _agrees(entry, candidate, ordered):
                yield candidate

    errata = list(agreeing(_errata(entry)))
    named = list(islice(agreeing(_mistakes(entry)), 1))
    if named:
        return [*errata, *named]
    mutants = list(agreeing(_mutants(entry, kinds == {"gradients"})))
    if mutants:
        mutants = _plausible(entry, mutants, wrong[0][0])
    return [*errata, *mutants] or list(islice(agreeing(_pairs_of_mistakes(entry)), 1))


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


def _errata(entry: Algorithm) -> Iterator[Candidate]:
    from scratch.errata import errata_of  # noqa: PLC0415 (the chapters are imported when they are needed)

    for erratum in errata_of(entry.name):
        yield Candidate(partial(list, [erratum.misprint, *original(entry)[1:]]), erratum=erratum)


def _mistakes(entry: Algorithm) -> Iterator[Candidate]:
    for mistake in mistakes_of(entry.name):
        yield Candidate(partial(_with, entry, mistake.edits), mistakes=(mistake,))
    for driving in drivings_of(entry.name):
        yield Candidate(partial(_driven, entry, driving), mistakes=(driving,))


def _pairs_of_mistakes(entry: Algorithm) -> Iterator[Candidate]:
    """Two mistakes at once, where their edits do not overlap."""
    for pair in islice(combinations(mistakes_of(entry.name), 2), PAIRS):
        if pair[0].id != pair[1].id:
            yield Candidate(partial(_with, entry, (*pair[0].edits, *pair[1].edits)), mistakes=pair)


def _with(entry: Algorithm, edits: Iterable[Edit]) -> Functions:
    code = program(entry.name)
    changes = {}
    for name, (unit, node) in edited(code, edits).items():
        changes[name] = unit, compile(ast.Module([node], []), unit.file, "exec")
    return code.rebuilt(changes)


def _driven(entry: Algorithm, driving: Driving) -> Functions:
    update, *others = original(entry)
    return [driving.around(update), *others]


def _mutants(entry: Algorithm, only_gradients: bool) -> Iterator[Candidate]:
    """The likely ones first; where only gradients are wrong, those of the backward functions."""
    code = program(entry.name)
    ranked = sorted(code.mutants(), key=lambda mutant: _rank(entry, mutant, only_gradients))
    for mutant in ranked[:TRIED]:
        yield Candidate(partial(code.build, mutant), mutant)


def _rank(entry: Algorithm, mutant: Mutant, only_gradients: bool = False) -> tuple[int, int, int, int, int]:
    forward = only_gradients and not _within_backward(mutant)
    helper = mutant.function != f"{entry.chapter}.{entry.name}"
    length = len(mutant.reads) + len(mutant.instead)
    return (forward, PLAUSIBLE.get(mutant.operator, FAR_FETCHED), helper, length, mutant.line)


def _within_backward(mutant: Mutant) -> bool:
    return any(
        inner is not mutant.unit.node and inner.lineno <= mutant.line <= (inner.end_lineno or 0)
        for inner in ast.walk(mutant.unit.node)
        if isinstance(inner, ast.FunctionDef)
    )


def _plausible(entry: Algorithm, alike: Sequence[Candidate], question: Question) -> list[Candidate]:
    """The likeliest first; what nobody would write is left out where something else explains it as well."""
    if len(alike) == 1:
        return list(alike)
    with watched({unit.module for unit in program(entry.name).mutable}) as seen:
        answers(entry, original(entry), question)
    mutants = {id(one): one.mutant for one in alike if one.mutant is not None}
    likely = [one for one in alike if seen.confusable(mutants[id(one)])] or list(alike)
    likely.sort(key=lambda one: _rank(entry, mutants[id(one)]))
    near = [one for one in likely if PLAUSIBLE.get(mutants[id(one)].operator, FAR_FETCHED) < FAR_FETCHED]
    return (near or likely)[:MOST]


def _agrees(entry: Algorithm, candidate: Candidate, pairs: Sequence[Pair]) -> bool:
    """Whether it gives the same answer to every question."""
    try:
        with limited(0.5):
            return all(_same(q, answer, answers(entry, candidate.functions(), q)) for q, answer in pairs)
    except BaseException as error:
        if isinstance(error, KeyboardInterrupt | SystemExit):
            raise
        return False


def _same(question: Question, answer: Answer, other: Answer) -> bool:
    """Whether two answers agree in all that the first one gives; a tensor that is None was left out."""
    for part, got, expected in zip(question.parts, answer, other, strict=True):
        if got is None:
            continue
        given = {name: value for name, value in got.items() if value is not None}
        if expected is None or not given.keys() <= expected.keys() or not expected.keys() <= got.keys():
            return False
        asked = {name: expected[name] for name in given}
        compared = compare(given, asked, dict(part.scales), FLOAT64, part.factor, floor=FAR_BELOW_ANY_BUG)
        if any(comparison.divergence for comparison in compared):
            return False
    return True


# ---- how it is told ----


def _told(entry: Algorithm, alike: Sequence[Candidate]) -> tuple[Diagnosis, ...]:
    """What agrees, as one diagnosis each, with the misprint that it comes from."""
    errata = [candidate.erratum for candidate in alike if candidate.erratum is not None]
    mutants = [candidate.mutant for candidate in alike if candidate.mutant is not None]
    printed = "".join(f"erratum {erratum.id}: {erratum.where} prints it so" for erratum in errata[:1])
    for candidate in alike:
        if candidate.mistakes:
            return (_of_mistakes(entry, candidate.mistakes, printed),)
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
            reads=_without_comment(mutant.before),
            instead=mutant.after,
            source=printed or f"scratch/{entry.chapter}.py, line {mutant.line}; {entry.source}",
            nudge=f"look at what becomes of {mutant.before.partition('=')[0].strip()}",
        )
        for mutant in mutants
    )


def _of_mistakes(entry: Algorithm, found: Sequence[Mistake | Driving], printed: str) -> Diagnosis:
    """Named mistakes, with the line of the first edit."""
    text = "; and ".join(mistake.text for mistake in found)
    first = found[0]
    if isinstance(first, Driving):
        return Diagnosis(text, source=printed or entry.source, nudge="look at what belongs to each parameter")
    edit = first.edits[0]
    unit = next(unit for unit in program(entry.name).units if unit.name == edit.function)
    line, reads, instead = line_of(unit, edit)
    return Diagnosis(
        text,
        line=line,
        file=unit.file,
        reads=_without_comment(reads),
        instead=_without_comment(instead),
        source=first.source or printed or f"{unit.file}, line {line}; {entry.source}",
        nudge=f"look at what becomes of {reads.partition('=')[0].strip()}",
    )


def _without_comment(statement: str) -> str:
    return statement.partition("  #")[0].strip()

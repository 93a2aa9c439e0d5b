"""What a wrong implementation may behave like: errata, named mistakes, mutants, two mistakes at once.

Each is other code for functions that the formula is made of, exchanged in those functions themselves
(`engine.mutation_exchange`): so it is met wherever a convention's formula calls them, too.
"""

from __future__ import annotations

import ast
import inspect
import warnings
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import cached_property, partial
from itertools import combinations
from typing import Any

import numpy as np

from parity_tests.catalogue import Algorithm, find
from parity_tests.engine.mutation import Mutant, Program, mutants_of
from parity_tests.engine.mutation_exchange import Changes, copy_of, exchanged, function_of
from parity_tests.engine.mutation_guard import SECONDS, limited
from parity_tests.engine.mutation_reach import Unit, uses
from parity_tests.engine.mutation_running import Ran, Watched, ran, watched
from parity_tests.engine.operations import split
from parity_tests.engine.questions import Answer, Question
from parity_tests.engine.trees import flatten, fresh
from parity_tests.mistakes import Edit, Mistake, drivings_of, edited, mistakes_of
from parity_tests.mistakes.driving import Driving
from parity_tests.mutants import NO_FORMULA, Functions, answers, original, program
from parity_tests.people.native_driving import beside_twins
from parity_tests.verdicts import Examined

FORMULAS = ("scratch", "parity_tests.people")  # where formulas are written, and the conventions' own

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
    """Code that a wrong implementation may behave like.

    Args:
        changes: makes the code anew, as it may keep a state.
        mutant, erratum, mistakes: what it is.
        twins: whether it is for an optimizer that was given twins of its parameters.
    """

    changes: Callable[[], Changes]
    mutant: Mutant | None = None
    erratum: Any = None
    mistakes: tuple[Mistake | Driving, ...] = ()
    twins: bool = False


@dataclass(frozen=True)
class Asked:
    """The formula that an implementation was compared with, and the question that tells most cheaply which
    candidate it behaves like."""

    entry: Algorithm
    formula: Callable[..., Any] | None
    question: Question

    @classmethod
    def of(cls, examined: Examined, question: Question) -> Asked:
        return cls(find(examined.algorithm), examined.formula, question)

    def answer(
        self, question: Question, candidate: Candidate | None = None, *, seconds: float = SECONDS
    ) -> Answer:
        """What the formula says to a question, or would say with a candidate's code, which may take so long.

        Raises TookTooLong.
        """
        if candidate is None:
            with exchanged({}):
                return self._answered(question)
        with warnings.catch_warnings():  # of the compiler
            warnings.simplefilter("ignore")
            changes = candidate.changes()
        with exchanged(changes), limited(seconds):  # no time-out comes while code is exchanged
            if candidate.twins:
                return beside_twins(question, lambda case: self._answered(replace(question, case=case)))
            return self._answered(question)

    def _answered(self, question: Question) -> Answer:
        """All of it, or the outputs alone where the gradients of these outputs can't be asked for.

        Outputs of another shape than the upstream gradient are refused by what is around a function; within,
        the two are broadcast, as people's code does.
        """
        try:
            return answers(self.entry, self._functions, question)
        except ValueError:
            if [part.kind for part in question.parts] != ["outputs", "gradients"]:
                raise
            with suppress(Exception):
                return answers(self.entry, [inspect.unwrap(one) for one in self._functions], question)
            with np.errstate(all="ignore"):
                case = question.case
                y, _ = split(self._functions[0](**fresh(case.arrays), **case.options))
            return [flatten(y), None]

    @property
    def _functions(self) -> Functions:
        function, *others = original(self.entry)
        if self.formula is None:
            return [function, *others]
        if self.entry.protocol != "optimizer":
            return [self.formula]
        from scratch import optimizers  # noqa: PLC0415 (the chapters are imported when they are needed)

        return [self.formula, optimizers.INITIAL.get(self.formula, *others)]

    @cached_property
    def ran(self) -> Ran:
        """What of the formula is executed for the question."""
        self.answer(self.question)  # once before, for what is only done at the first time
        return ran(partial(self.answer, self.question), FORMULAS)

    @cached_property
    def seen(self) -> Watched:
        """The expressions of the formula that are executed for the question."""
        with watched({unit.module for unit in self.code.units}) as seen:
            self.answer(self.question)
        return seen

    @cached_property
    def code(self) -> Program:
        """The functions that its convention's formula calls, and those of the algorithm, which come last."""
        ran = (unit for unit in self.ran.units if unit.module not in NO_FORMULA)
        return program(self.entry.name).beside(ran)

    # ---- the candidates ----

    def errata(self) -> Iterator[Candidate]:
        from scratch.errata import errata_of  # noqa: PLC0415 (the chapters are imported when they are needed)

        for erratum in errata_of(self.entry.name):
            yield Candidate(partial(self._printed, erratum), erratum=erratum)

    def named(self) -> Iterator[Candidate]:
        for mistake in self._mistakes:
            yield Candidate(partial(self._edited, mistake.edits), mistakes=(mistake,))
        if self.entry.protocol == "optimizer":
            for driving in drivings_of(self.entry.name):
                for twins in (False, True):
                    yield Candidate(partial(self._driven, driving), mistakes=(driving,), twins=twins)

    def pairs(self) -> Iterator[Candidate]:
        """Two mistakes at once, where their edits do not overlap."""
        for pair in combinations(self._mistakes, 2):
            if pair[0].id != pair[1].id:
                both = partial(self._edited, (*pair[0].edits, *pair[1].edits))
                yield Candidate(both, mistakes=pair)

    def mutants(self, only_gradients: bool) -> Iterator[Candidate]:
        """Those that the question executes, the likely ones first; where only gradients are wrong, those of
        the backward functions."""
        executed = set(self.ran.units)
        units = [unit for unit in self.code.mutable if unit in executed]
        named = {used for unit in units for used in uses(unit) if isinstance(used.node, ast.Assign)}
        units += [unit for unit in self.code.mutable if unit in named]
        found = [mutant for unit in units for mutant in mutants_of(unit) if self.seen.reaches(mutant)]
        for mutant in sorted(found, key=lambda one: self.rank(one, only_gradients)):
            yield Candidate(partial(_mutated, mutant), mutant)

    def rank(self, mutant: Mutant, only_gradients: bool = False) -> tuple[int, ...]:
        """How far-fetched a mutant is, as an explanation."""
        forward = only_gradients and not _within_backward(mutant)
        helper = mutant.unit is not self._unit
        length = len(mutant.reads) + len(mutant.instead)
        confusable = self.seen.confusable(mutant)
        plausible = PLAUSIBLE.get(mutant.operator, FAR_FETCHED)
        return (forward, not confusable, plausible, helper, length, mutant.line)

    @property
    def _unit(self) -> Unit:
        return program(self.entry.name).roots[0]

    @cached_property
    def _mistakes(self) -> list[Mistake]:
        """Those that the executed functions can hold; those of the algorithm's own function come first."""
        executed = {unit.name for unit in self.ran.units}
        held = mistakes_of(self.entry.name, self.code)
        return [mistake for mistake in held if executed & set(mistake.functions)]

    def _printed(self, erratum: Any) -> Changes:
        return {self._unit: _called_as(function_of(self._unit), erratum.misprint)}

    def _edited(self, edits: Iterable[Edit]) -> Changes:
        return changes_of(self.code, edits)

    def _driven(self, driving: Driving) -> Changes:
        return {self._unit: driving.around(copy_of(function_of(self._unit)))}


def changes_of(code: Program, edits: Iterable[Edit]) -> Changes:
    """The functions with these edits made.  Raises ValueError for text that does not occur once."""
    made = edited(code, edits).values()
    return {unit: compile(ast.Module([node], []), unit.file, "exec") for unit, node in made}


def _called_as(original: Callable[..., Any], misprint: Callable[..., Any]) -> Callable[..., Any]:
    """The misprint, which need not take what is left at the original's default."""
    signature = inspect.signature(original)
    takes = inspect.signature(misprint).parameters.values()
    names = {parameter.name for parameter in takes}
    takes_all = any(parameter.kind is parameter.VAR_KEYWORD for parameter in takes)

    def called(*args: Any, **kwargs: Any) -> Any:
        given = signature.bind(*args, **kwargs).arguments
        kept = {
            name: value
            for name, value in given.items()
            if takes_all or name in names or not _is_default(value, signature.parameters[name].default)
        }
        return misprint(**kept)

    return called


def _is_default(value: Any, default: Any) -> bool:
    return value is default or (not isinstance(value, np.ndarray) and value == default)


def _mutated(mutant: Mutant) -> Changes:
    return {mutant.unit: mutant.compiled()}


def _within_backward(mutant: Mutant) -> bool:
    return any(
        inner is not mutant.unit.node and inner.lineno <= mutant.line <= (inner.end_lineno or 0)
        for inner in ast.walk(mutant.unit.node)
        if isinstance(inner, ast.FunctionDef)
    )

"""How many mistakes the checks tell: every mutant of an algorithm of `scratch` as the implementation that is
checked, by the questions and at the thresholds that people's code faces.

A mutant is killed if it is wrong, or right at plain inputs alone ("unstable"), which the report says; one
that is exact, or that only loses digits, survives. One that computes the same function for all inputs that
the algorithm takes is equivalent: `equivalent_mutants.toml` lists those, each with the reason.
"""

from __future__ import annotations

import hashlib
import sys
import time
import tomllib
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from itertools import zip_longest
from pathlib import Path
from typing import Any

import numpy as np

from parity_tests.catalogue import Algorithm, algorithms, find
from parity_tests.engine.cases import Case
from parity_tests.engine.compare import FACTOR
from parity_tests.engine.initializers import RoundedDraws
from parity_tests.engine.mutation import Mutant, Program
from parity_tests.engine.mutation_guard import TookTooLong, limited
from parity_tests.engine.mutation_running import watched
from parity_tests.engine.operations import drive
from parity_tests.engine.precision import FLOAT64
from parity_tests.engine.questions import Answer, Part, Question, all_of_float32, judge, summary
from parity_tests.engine.rounding import Model, Rounded
from parity_tests.engine.runs import GATE
from parity_tests.engine.trees import flatten, fresh
from parity_tests.judging import FAR_BELOW_ANY_BUG, Subject
from parity_tests.people.binding import Abilities, Binding, Reading
from parity_tests.people.host import Here, Host, TheirError
from parity_tests.posing import Exam, questions
from parity_tests.verdicts import Verdict

LISTED = Path(__file__).parent / "equivalent_mutants.toml"
NO_FORMULA = ("scratch._shapes", "scratch._erratum")
Functions = Sequence[Callable[..., Any]]


# ---- questions and answers ----


@cache
def program(algorithm: str) -> Program:
    """The code of an algorithm: its function, and what that calls in its own chapter and in shared files."""
    entry = find(algorithm)
    chapter = f"scratch.{entry.chapter}"

    def own(module: str) -> bool:
        return module == chapter or (module.startswith("scratch._") and module not in NO_FORMULA)

    roots = [entry.scratch]
    if entry.protocol == "optimizer":
        import scratch.optimizers  # noqa: PLC0415 (the chapters are imported when they are needed)

        roots.append(scratch.optimizers.INITIAL[entry.scratch])
    return Program(roots, own)


def original(entry: Algorithm) -> Functions:
    """The functions that a mutant stands in for."""
    return [getattr(sys.modules[root.module], root.name) for root in program(entry.name).roots]


def posed(entry: Algorithm, exam: Exam) -> list[Question]:
    """The questions of an algorithm, the plain ones first."""
    return list(_posed(entry.name, exam))


@cache
def _posed(algorithm: str, exam: Exam) -> tuple[Question, ...]:
    entry = find(algorithm)
    if entry.protocol in ("run", "initializer"):
        pose = pose_run if entry.protocol == "run" else pose_draws
        cases = entry.cases("float64", examples=exam.examples, seed=exam.seed)
        asked: Sequence[Question] = [pose(entry, case) for case in cases]
    else:
        asked, _ = questions(algorithm, Abilities(), exam)
    return tuple(sorted(asked, key=lambda question: not question.case.benign))


def pose_draws(entry: Algorithm, case: Case) -> Question:
    """What an initializer makes of given draws."""
    rounded = RoundedDraws(np.random.default_rng(case.seed), Model.of(FLOAT64))
    scales = _drawn(entry.scratch, case, rounded)
    expected = _drawn(entry.scratch, case, np.random.default_rng(case.seed))
    return Question(case, (Part("draws", expected, scales),))


def _drawn(function: Callable[..., Any], case: Case, rng: Any) -> dict[str, Any]:
    options = dict(case.options)
    return flatten(function(options.pop("shape"), rng=rng, dtype=np.dtype("float64"), **options))


def pose_run(entry: Algorithm, case: Case) -> Question:
    """All that is said of every step of a training, each value to GATE of the largest of its kind so far."""
    parts, largest = [], dict[str, float]()
    for number, step in enumerate(entry.scratch(**fresh(case.arrays), **case.options), start=1):
        expected, scales = flatten(step), {}
        for name, leaf in expected.items():
            kind = name.partition(".")[0]
            largest[kind] = max(largest.get(kind, 0.0), float(np.max(np.abs(leaf), initial=0.0)))
            flat = np.full(np.shape(leaf), GATE * largest[kind] / (FACTOR * FLOAT64.u))
            scales[name] = Rounded(leaf, flat, Model.of(FLOAT64))
        parts.append(Part("run", expected, scales, step=number))
    return Question(case, tuple(parts))


def answers(entry: Algorithm, functions: Functions, question: Question) -> Answer:
    """What a mutant (or the original) says to a question; raises whatever it raises."""
    case = question.case
    with np.errstate(all="ignore"):
        match entry.protocol:
            case "operation" | "function":
                got = drive(functions[0], case, question.upstream)
                return [got.outputs if part.kind == "outputs" else got.gradients for part in question.parts]
            case "optimizer":
                return list(_trajectory(functions, case))
            case "schedule":
                options = {**case.options}
                steps = range(options.pop("step") + 1)
                return [
                    {"lr": np.array([functions[0](step, **fresh(options)) for step in steps], np.float64)}
                ]
            case "initializer":
                return [_drawn(functions[0], case, np.random.default_rng(case.seed))]
        steps = functions[0](**fresh(case.arrays), **case.options)
        pairs = list(zip_longest(question.parts, steps))
    if any(part is None for part, _ in pairs):
        raise ValueError("there are more steps than there should be")
    return [{} if step is None else flatten(step) for _, step in pairs]


def _trajectory(functions: Functions, case: Case) -> Iterator[dict[str, Any]]:
    """The parameters after every step, each with a state of its own."""
    update, initial = functions
    params: dict[str, Any] = fresh(case.arrays["params"])
    states: dict[str, Any] = {}
    lrs = case.extra.get("lrs") or [None] * len(case.arrays["grads"])
    for grads, lr in zip(case.arrays["grads"], lrs, strict=True):
        options = case.options if lr is None else {**case.options, "lr": lr}
        for name in tuple(params):  # in their own order, which a state that they share shows
            if (grad := grads.get(name)) is not None:
                state = states[name] if name in states else initial(params[name])
                params[name], states[name] = update(params[name], fresh(grad), state, **options)
        yield flatten({"param": fresh(params)})


# ---- one mutant ----


@dataclass(frozen=True)
class Fate:
    """What became of a mutant: the verdict, the question that decided, and its behaviour in one word."""

    mutant: Mutant
    verdict: Verdict
    case: str = ""
    behaviour: str = ""

    @property
    def killed(self) -> bool:
        return self.verdict in (Verdict.WRONG, Verdict.UNSTABLE)


def try_out(entry: Algorithm, mutant: Mutant, exam: Exam) -> Fate:
    """Put the questions to a mutant until one tells it."""
    behaviour = hashlib.sha256()
    verdict, case = Verdict.EXACT, ""
    try:
        with limited():
            functions = program(entry.name).build(mutant)
    except Exception as error:
        return Fate(mutant, Verdict.WRONG, "", type(error).__name__)
    for question in posed(entry, exam):
        try:
            with limited():
                answer = answers(entry, functions, question)
        except (Exception, TookTooLong) as error:
            behaviour.update(type(error).__name__.encode())
            found = _raised(entry, functions, question, exam, error)
        else:
            behaviour.update(summary(answer))
            found = judged(entry, functions, question, answer, exam)
        if found is Verdict.WRONG:
            return Fate(mutant, found, question.case.spec, behaviour.hexdigest())
        if _worse(found, verdict):
            verdict, case = found, question.case.spec
    return Fate(mutant, verdict, case, behaviour.hexdigest())


ORDER = (Verdict.EXACT, Verdict.LOSES, Verdict.UNSTABLE, Verdict.WRONG)


def _worse(one: Verdict, other: Verdict) -> bool:
    return ORDER.index(one) > ORDER.index(other)


def judged(entry: Algorithm, functions: Functions, question: Question, answer: Answer, exam: Exam) -> Verdict:
    """The verdict on one answer, as on an answer of people's code."""
    given = zip(question.parts, answer, strict=True)
    if any(part.kind == "gradients" and not got for part, got in given):
        return Verdict.WRONG  # it is no backward that is still to be written
    try:
        if question.case.benign and _differs_plainly(question, answer):
            return Verdict.WRONG
        if all(not exact.divergences for exact in judge(question, answer)):
            return Verdict.EXACT
        if entry.protocol in ("run", "initializer"):
            differs = any(found.divergences for found in judge(question, answer, floor=FAR_BELOW_ANY_BUG))
            return Verdict.WRONG if differs else Verdict.LOSES
        findings = list(_subject(entry, functions, exam).judged(question, answer))
    except (TypeError, ValueError):  # what came back is nothing that can be compared
        return Verdict.WRONG
    return max((finding.verdict for finding in findings), key=ORDER.index)


def _differs_plainly(question: Question, answer: Answer) -> bool:
    """Whether some part differs by more than any rounding; the first that does is enough."""
    for part, got in zip(question.parts, answer, strict=True):
        alone = replace(question, parts=(part,))
        if any(found.divergences for found in judge(alone, [got], floor=FAR_BELOW_ANY_BUG)):
            return not all_of_float32(question, answer)
    return False


def _raised(
    entry: Algorithm, functions: Functions, question: Question, exam: Exam, error: BaseException
) -> Verdict:
    """The verdict on what raises, as on people's code that does."""
    if entry.protocol in ("run", "initializer") or isinstance(error, TookTooLong):
        return Verdict.WRONG
    told = TheirError(type(error).__name__, str(error))
    return _subject(entry, functions, exam).raised(question, told).verdict


def _subject(entry: Algorithm, functions: Functions, exam: Exam) -> Subject:
    def ask(_: Host, question: Question) -> Answer:
        try:
            with limited():
                return answers(entry, functions, question)
        except (Exception, TookTooLong) as error:
            raise TheirError(type(error).__name__, str(error)) from None

    reading = Reading(ask)
    return Subject(entry, Binding(entry.name, "mutant", (), (reading,)), reading, Here(), exam)


# ---- all mutants of an algorithm ----


@dataclass(frozen=True)
class Survivor:
    """What is worth saying of a mutant that nobody told."""

    id: str
    function: str
    file: str
    line: int
    operator: str
    before: str
    after: str
    reads: str
    instead: str
    verdict: str
    reason: str = ""

    @classmethod
    def of(cls, fate: Fate) -> Survivor:
        mutant = fate.mutant
        facts = (mutant.id, mutant.function, mutant.file, mutant.line, mutant.operator)
        texts = (mutant.before, mutant.after, mutant.reads, mutant.instead)
        return cls(*facts, *texts, str(fate.verdict), listed().get(mutant.id, ""))


@dataclass(frozen=True)
class Power:
    """What the checks of one algorithm can tell.

    Args:
        algorithm, chapter: whose mutants they are.
        mutants: how many there are.
        distinct: how many different behaviours they show, as far as they were asked.
        killed: how many are told; `unstable` of them as right at plain inputs alone.
        elsewhere: those in shared code that another algorithm tells, which uses more of it.
        equivalent: the listed ones, which survive as they should.
        surviving: those that should have been told.
        listed_but_killed: those that are listed as equivalent, and are not.
        unreached: mutants of shared code that nothing of this algorithm executes; they are not counted.
        seconds: how long it took.
    """

    algorithm: str
    chapter: str
    mutants: int = 0
    distinct: int = 0
    killed: int = 0
    unstable: int = 0
    elsewhere: tuple[Survivor, ...] = ()
    equivalent: tuple[Survivor, ...] = ()
    surviving: tuple[Survivor, ...] = ()
    listed_but_killed: tuple[Survivor, ...] = ()
    unreached: int = 0
    seconds: float = 0.0

    @property
    def score(self) -> float:
        """The share of the mutants that are not equivalent that is told, here or elsewhere."""
        told = self.killed + len(self.elsewhere)
        counted = told + len(self.surviving)
        return told / counted if counted else 1.0


def mutants_of(entry: Algorithm, exam: Exam) -> tuple[list[Mutant], list[Mutant]]:
    """The mutants of an algorithm, and those of shared code that it never executes."""
    code = program(entry.name)
    with watched({unit.module for unit in code.mutable}) as seen:
        for question in posed(entry, exam):
            answers(entry, original(entry), question)
    reached: list[Mutant] = []
    unreached: list[Mutant] = []
    own = f"{entry.chapter}.{entry.name}"
    for mutant in code.mutants():
        if not seen.confusable(mutant):
            continue
        if seen.reaches(mutant) or mutant.function == own:
            reached.append(mutant)
        else:
            unreached.append(mutant)
    return reached, unreached


def measure(
    entry: Algorithm, exam: Exam | None = None, *, wanted: Callable[[Mutant], bool] = lambda mutant: True
) -> Power:
    """Try out the mutants of an algorithm that are wanted."""
    exam = exam or Exam()
    began = time.perf_counter()
    reached, unreached = mutants_of(entry, exam)
    known = listed()
    tried = [try_out(entry, mutant, exam) for mutant in reached if wanted(mutant)]
    alive = [fate for fate in tried if not fate.killed]
    unlisted = [fate for fate in alive if fate.mutant.id not in known]
    elsewhere = [fate for fate in unlisted if told_elsewhere(entry, fate, exam)]
    return Power(
        entry.name,
        entry.chapter,
        mutants=len(tried),
        distinct=len({fate.behaviour for fate in tried}),
        killed=sum(fate.killed for fate in tried),
        unstable=sum(fate.verdict is Verdict.UNSTABLE for fate in tried),
        elsewhere=_survivors(elsewhere),
        equivalent=_survivors(fate for fate in alive if fate.mutant.id in known),
        surviving=_survivors(fate for fate in unlisted if fate not in elsewhere),
        listed_but_killed=_survivors(fate for fate in tried if fate.killed and fate.mutant.id in known),
        unreached=len(unreached),
        seconds=time.perf_counter() - began,
    )


def _survivors(fates: Iterable[Fate]) -> tuple[Survivor, ...]:
    return tuple(map(Survivor.of, fates))


def in_sample(mutant: Mutant, every: int) -> bool:
    """Whether it is one of the sample of every so many, which are always the same ones."""
    return zlib.crc32(mutant.id.encode()) % every == 0


def told_elsewhere(entry: Algorithm, fate: Fate, exam: Exam) -> bool:
    """Whether a mistake in code that algorithms share is told by another of them, which uses more of it."""
    unit = fate.mutant.unit
    if f"{entry.chapter}.{entry.name}" == fate.mutant.function:
        return False
    others = (other for other in algorithms() if other.name != entry.name)
    return any(
        try_out(other, fate.mutant, exam).killed
        for other in others
        if any(unit is used for used in program(other.name).units)
    )


@cache
def listed(file: Path = LISTED) -> Mapping[str, str]:
    """The equivalent mutants by id, with the reason why no input tells them."""
    kinds = tomllib.loads(file.read_text(encoding="utf-8"))
    return {name: group["reason"] for kind in kinds.values() for group in kind for name in group["mutants"]}

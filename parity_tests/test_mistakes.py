"""Every named mistake stands in today's source, is told by the checks, and is diagnosed as what it is."""

from collections import defaultdict
from collections.abc import Iterator
from functools import cache, partial
from inspect import isfunction
from typing import Any

import pytest

from parity_tests.candidates import Asked, Candidate, changes_of
from parity_tests.catalogue import algorithms, find
from parity_tests.diagnosing import NAMED
from parity_tests.diagnosis import _same, diagnose
from parity_tests.engine.questions import Question, judge
from parity_tests.judging import FAR_BELOW_ANY_BUG
from parity_tests.mistakes import MISTAKES, Mistake, conventions, mistakes_of
from parity_tests.mutants import judged, posed, program
from parity_tests.people.binding import Member
from parity_tests.people.finding import Wanted, find_all
from parity_tests.posing import Exam, questions
from parity_tests.sandbox import loading
from parity_tests.verdicts import Examined, Finding, Verdict

EXAM, MORE = Exam(examples=0), Exam()
OF_SCRATCH = [mistake for mistake in MISTAKES if mistake not in conventions.MISTAKES]


def _holders() -> dict[int, list[str]]:
    """For each mistake the algorithms that can hold it, its own one first."""
    holders: dict[int, list[str]] = defaultdict(list)
    for entry in algorithms():
        if entry.protocol != "run":
            for mistake in mistakes_of(entry.name):
                own = entry.name in mistake.functions
                holders[id(mistake)].insert(0 if own else len(holders[id(mistake)]), entry.name)
    return holders


HOLDERS = _holders()
NAMES = [f"{mistake.functions[0]}-{mistake.id}" for mistake in OF_SCRATCH]


def test_every_mistake_is_one_of_an_algorithm() -> None:
    assert [mistake.id for mistake in OF_SCRATCH if id(mistake) not in HOLDERS] == []


@pytest.mark.parametrize("mistake", OF_SCRATCH, ids=NAMES)
def test_the_checks_tell_every_mistake(mistake: Mistake) -> None:
    for exam in (EXAM, MORE):
        for algorithm in HOLDERS[id(mistake)]:
            if any(_told(algorithm, mistake, exam)):
                return
    pytest.fail("no question tells it")


def _told(algorithm: str, mistake: Mistake, exam: Exam) -> Iterator[bool]:
    """Whether each question that it answers is answered wrongly, or but for the gradients."""
    entry = find(algorithm)
    for question in posed(entry, exam):
        answer = _answer(algorithm, mistake, question)
        if answer is not None:
            wrong = judged(entry, [], question, answer, exam) is Verdict.WRONG
            yield wrong or any(part is None for part in answer)


def _answer(algorithm: str, mistake: Mistake, question: Question) -> Any:
    """What code with the mistake says, or None where it raises."""
    candidate = Candidate(partial(changes_of, program(algorithm), mistake.edits))
    try:
        return Asked(find(algorithm), None, question).answer(question, candidate)
    except Exception:
        return None


def _examined(algorithm: str, mistake: Mistake) -> Examined:
    """What is found out about an implementation that holds the mistake."""
    asked = posed(find(algorithm), EXAM)
    pairs = [(question, _answer(algorithm, mistake, question)) for question in asked]
    answered = tuple((question, answer) for question, answer in pairs if answer is not None)
    wrong = [Finding(kind, "", q.case, Verdict.WRONG) for q, _ in answered[:1] for kind in q.kinds]
    return Examined(algorithm, tuple(wrong), answers=answered)


@cache
def _diagnosable() -> list[tuple[str, Mistake]]:
    """One algorithm for each mistake whose questions tell it."""
    return [
        (algorithm, mistake)
        for mistake in OF_SCRATCH
        for algorithm in HOLDERS[id(mistake)][:1]
        if find(algorithm).protocol != "initializer" and any(_told(algorithm, mistake, EXAM))
    ]


@pytest.mark.parametrize(
    ("algorithm", "mistake"), _diagnosable(), ids=[f"{a}-{one.id}" for a, one in _diagnosable()]
)
def test_a_mistake_is_diagnosed_as_itself_or_as_one_that_does_the_same(
    algorithm: str, mistake: Mistake
) -> None:
    text = diagnose(_examined(algorithm, mistake))[0].text
    others = [one for one in mistakes_of(algorithm) if one.text == text]
    assert others, text
    assert mistake in others or any(_alike(algorithm, mistake, other) for other in others), text


def _alike(algorithm: str, mistake: Mistake, other: Mistake) -> bool:
    """Whether two mistakes give the same answers."""
    for question in posed(find(algorithm), EXAM):
        answer, instead = _answer(algorithm, mistake, question), _answer(algorithm, other, question)
        if answer is not None and (instead is None or not _same(question, answer, instead)):
            return False
    return True


def test_names_and_texts_are_plain() -> None:
    for name, text in NAMED:
        assert name == name.lower(), name
        assert len(text) <= 240, text
        assert not text.endswith("."), text
        assert not (text[0].isupper() and text[1].islower()), text


# ---- in formulas of conventions ----

# Names and signatures, by which conventions are found.
SIGNATURES = {
    "cs231n": (
        "batchnorm_forward(x, gamma, beta, bn_param)",
        "batchnorm_backward(dout, cache)",
        "spatial_batchnorm_forward(x, gamma, beta, bn_param)",
        "spatial_batchnorm_backward(dout, cache)",
        "nesterov_momentum(w, dw, config=None)",
        "softmax_loss_naive(W, X, y, reg)",
    ),
    "handbook": (
        "linear_forward(A, W, b)",
        "linear_backward(dZ, cache)",
        "rnn_cell_forward(xt, a_prev, parameters)",
        "rnn_cell_backward(da_next, cache)",
        "rnn_forward(x, a0, parameters)",
        "rnn_backward(da, caches)",
        "lstm_cell_forward(xt, a_prev, c_prev, parameters)",
        "lstm_cell_backward(da_next, dc_next, cache)",
        "lstm_forward(x, a0, parameters)",
        "lstm_backward(da, caches)",
        "compute_cost_with_regularization(A3, Y, parameters, lambd)",
        "forward_propagation(X, parameters)",
        "backward_propagation_with_regularization(X, Y, cache, lambd)",
        "forward_propagation_with_dropout(X, parameters, keep_prob=0.5)",
        "backward_propagation_with_dropout(X, Y, cache, keep_prob)",
        "schedule_lr_decay(learning_rate0, epoch_num, decay_rate, time_interval=1000)",
    ),
    "native": ("clip_grad_norm(grads, max_norm)", "numerical_gradient(f, x, h=1e-5)"),
}


@cache
def _of_conventions() -> list[Asked]:
    """The questions to code whose convention has a formula of its own."""
    asked = []
    for dialect, signatures in SIGNATURES.items():
        things: dict[str, Any] = {}
        exec("\n".join(f"def {signature}: ..." for signature in signatures), things)
        members = [
            Member.of(loading.member(name, thing)) for name, thing in things.items() if isfunction(thing)
        ]
        for binding in find_all(members, Wanted(dialect=dialect)).bindings:
            for formula, narrow in ((one.formula, one.narrow) for one in binding.readings):
                if formula is not None:
                    posed, _ = questions(binding.algorithm, binding.abilities, EXAM, formula, narrow)
                    asked += [Asked(find(binding.algorithm), formula, question) for question in posed]
    return asked


@pytest.mark.parametrize("mistake", conventions.MISTAKES, ids=lambda one: f"{one.functions[0]}-{one.id}")
def test_mistakes_in_formulas_of_conventions_are_told(mistake: Mistake) -> None:
    for asked in _of_conventions():
        if not {unit.name for unit in asked.ran.units} >= set(mistake.functions):
            continue
        candidate = Candidate(partial(changes_of, asked.code, mistake.edits))
        answer = asked.answer(asked.question, candidate)
        if any(judged.divergences for judged in judge(asked.question, answer, floor=FAR_BELOW_ANY_BUG)):
            return
    pytest.fail("no question tells it")

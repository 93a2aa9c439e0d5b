"""What a wrong implementation is held against: misprints, the formulas of conventions, twins of parameters.

And what is said of one that raises, or that does not come to an end.
"""

import inspect
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from parity_tests import candidates, diagnosis
from parity_tests.candidates import Asked, Candidate, changes_of
from parity_tests.catalogue import find
from parity_tests.checking import check
from parity_tests.diagnosis import CUT_SHORT, diagnose
from parity_tests.engine.cases import Case
from parity_tests.engine.mutation_exchange import exchanged
from parity_tests.engine.mutation_guard import TookTooLong, limited
from parity_tests.engine.mutation_reach import unit_of
from parity_tests.engine.questions import Question, judge
from parity_tests.judging import FAR_BELOW_ANY_BUG
from parity_tests.mistakes import MISTAKES, Edit
from parity_tests.mutants import answers, program
from parity_tests.people.binding import Abilities
from parity_tests.people.complaints import NEW_MASK, ONE_MASK, Complaint
from parity_tests.people.handbook_formulas import averaged_linear
from parity_tests.posing import Exam, questions
from parity_tests.verdicts import Examined, Finding, Verdict
from scratch import activations, linear
from scratch.errata import ERRATA

X = np.random.default_rng(0).standard_normal((3, 4))


# ---- errata ----

# They need what no question holds, are what every question takes for right, or raise at every one.
NOT_POSED = {"adam-second-derivative", "adamw-bias-decays-weights", "rmsprop-hessian", "l1-exact-zeros"}
RIGHT_WHERE_ASKED = {"softmax-hidden"}
NO_ANSWER = {"bias-trick", "adam-code-truncated", "gd-convex-any-rate"}
TOLD = [one for one in ERRATA.values() if one.id not in NOT_POSED | RIGHT_WHERE_ASKED | NO_ANSWER]


def as_printed(erratum: Any) -> Examined:
    """A misprint as an implementation, which is asked for no more than it takes."""
    entry = find(erratum.algorithm)
    parameters = inspect.signature(erratum.misprint).parameters
    takes_all = any(parameter.kind is parameter.VAR_KEYWORD for parameter in parameters.values())
    named = [one for name, one in inspect.signature(entry.scratch).parameters.items() if name in parameters]
    options = frozenset(one.name for one in named if one.kind is one.KEYWORD_ONLY)
    abilities = Abilities() if takes_all else Abilities(options=options, arrays=frozenset(parameters))
    pairs = []
    for question in questions(entry.name, abilities, Exam(examples=0))[0]:
        given = {name: array for name, array in question.case.arrays.items() if array is not None}
        less = replace(question, case=replace(question.case, arrays=given))
        with suppress(Exception):
            pairs.append((question, Asked(entry, erratum.misprint, question).answer(less)))
    wrong = [
        Finding(judged.kind, "", question.case, Verdict.WRONG)
        for question, answer in pairs
        for judged in judge(question, answer, floor=FAR_BELOW_ANY_BUG)
        if judged.divergences
    ]
    return Examined(entry.name, tuple(wrong), answers=tuple(pairs))


@pytest.mark.parametrize("erratum", TOLD, ids=lambda one: one.id)
def test_a_misprint_is_told_as_its_erratum(erratum: Any) -> None:
    if find(erratum.algorithm).protocol == "initializer":
        told = check(erratum.misprint, as_=erratum.algorithm).diagnosis
    else:
        told = diagnose(as_printed(erratum))
    assert told
    assert told[0].source.startswith(f"erratum {erratum.id}:"), told[0]


@pytest.mark.parametrize("id", sorted(RIGHT_WHERE_ASKED | NO_ANSWER))
def test_the_other_misprints_give_no_wrong_answer(id: str) -> None:
    assert as_printed(ERRATA[id]).findings == ()


def test_what_recurses_without_end_does_not_agree() -> None:
    def endless(*args: Any, **options: Any) -> Any:
        return endless(*args, **options)

    examined = as_printed(ERRATA["sigmoid-sign"])
    reading = diagnosis._Reading(examined)
    assert not reading.agrees(Candidate(lambda: {unit_of(activations.sigmoid): endless}))


# ---- conventions ----


def of_convention(edits: list[Edit]) -> Examined:
    """`linear` with edits, by an author whose gradients of parameters are means over the examples."""
    asked, _ = questions("linear", Abilities(), Exam(examples=0), averaged_linear)
    entry = find("linear")
    with exchanged(changes_of(program("linear"), edits)):
        pairs = tuple((q, answers(entry, [averaged_linear], q)) for q in asked)
    wrong = Finding("gradients", "", asked[0].case, Verdict.WRONG)
    return Examined("linear", (wrong,), answers=pairs, formula=averaged_linear)


def test_a_mistake_is_told_in_the_formula_of_a_convention() -> None:
    told = diagnose(of_convention([Edit("linear", '"weight": dZ.T @ X', '"weight": -dZ.T @ X')]))
    assert "-(dZ.T @ X)" in told[0].instead
    assert told[0].file == "scratch/linear.py"
    assert np.array_equal(linear.linear(X, X[:2])[0], X @ X[:2].T)


def test_another_reading_is_searched_for_named_mistakes() -> None:
    own = of_convention([Edit("linear", "dZ.sum(0)", "dZ.mean(0)")])
    asked, _ = questions("linear", Abilities(), Exam(examples=0))
    rng = np.random.default_rng(0)
    nonsense = [
        (q, [{n: rng.random(np.shape(v)) for n, v in p.expected.items()} for p in q.parts]) for q in asked
    ]
    best = replace(own, answers=tuple(nonsense), formula=None)
    named = diagnose(own)
    assert "dZ.mean(0)" in named[0].instead
    assert not any(one.reads for one in diagnose(best))
    found = diagnose(replace(best, others=(own,)))
    assert found == named
    assert _is_named(named[0].text)


def test_a_change_in_the_chosen_reading_comes_before_a_mistake_in_another() -> None:
    chosen = of_convention([Edit("linear", '"weight": dZ.T @ X', '"weight": -dZ.T @ X')])
    other = of_convention([Edit("linear", "dZ.sum(0)", "dZ.mean(0)")])
    assert _is_named(diagnose(other)[0].text)
    told = diagnose(replace(chosen, others=(other,)))
    assert told == diagnose(chosen)
    assert told[0].reads
    assert not _is_named(told[0].text)


@pytest.mark.parametrize(("summed", "averaged"), [("weight", "bias"), ("bias", "weight")])
def test_one_gradient_that_is_not_averaged_is_told_as_that_one(summed: str, averaged: str) -> None:
    plain = of_convention([])
    answers = [(q, [times_m(q, got, f"grad {summed}") for got in answer]) for q, answer in plain.answers]
    (told,) = diagnose(replace(plain, answers=tuple(answers)))
    assert told.text.startswith(f"the gradient of the {summed} is not divided by m")
    assert told.text.endswith(f"that of the {averaged} is")


def times_m(question: Question, got: Any, name: str) -> Any:
    """An answer with one gradient a sum over the examples."""
    m = np.prod(question.case.arrays["input"].shape[:-1])
    return {key: m * value if key == name else value for key, value in got.items()}


def _is_named(text: str) -> bool:
    return any(mistake.text == text for mistake in MISTAKES)


def test_a_search_that_is_cut_short_says_so() -> None:
    told = diagnose(of_convention([Edit("linear", "dZ.T @ X", "np.cosh(dZ.T) @ X")]), seconds=0.0)
    assert told[-1].text == CUT_SHORT


def test_so_does_one_that_used_up_its_work(monkeypatch: pytest.MonkeyPatch) -> None:
    examined = of_convention([Edit("linear", "dZ.T @ X", "np.cosh(dZ.T) @ X")])
    assert CUT_SHORT not in [one.text for one in diagnose(examined)]
    monkeypatch.setattr(diagnosis, "WORK", 1_000)
    assert diagnose(examined)[-1].text == CUT_SHORT


# ---- optimizers that take twins of their parameters ----


def test_twins_change_nothing_where_parameters_have_nothing_in_common() -> None:
    entry = find("momentum_ema")
    question = questions(entry.name, Abilities(missing_gradients=False), Exam(examples=0))[0][0]
    asked = Asked(entry, None, question)
    plain, beside = asked.answer(question), asked.answer(question, Candidate(dict, twins=True))
    for one, other in zip(plain, beside, strict=True):
        assert one is not None
        assert other is not None
        assert all(np.allclose(one[name], other[name], rtol=1e-12) for name in one)


def test_a_state_by_shape_shows_with_twins_alone() -> None:
    entry = find("adam")
    question = questions(entry.name, Abilities(missing_gradients=False), Exam(examples=0))[0][0]
    asked = Asked(entry, None, question)
    shared = {one.twins: one for one in asked.named() if getattr(one.mistakes[0], "id", "") == "state-shared"}
    right = asked.answer(question)[-1]
    with_twins = asked.answer(question, shared[True])[-1]
    assert right is not None
    assert with_twins is not None
    assert any(not np.allclose(right[name], with_twins[name]) for name in right)


# ---- questions at which it raises ----


def raising_unless(formula: Any, answers_at: Any) -> Any:
    """The formula as its author has it who refuses most inputs."""

    def implementation(x: Any) -> Any:
        if not answers_at(np.asarray(x)):
            raise RuntimeError("no")
        return formula(x)

    return implementation


def unnormalized(x: Any) -> Any:
    e = np.exp(x - x.max(-1, keepdims=True))
    return e / e.sum()


def test_what_raises_elsewhere_behaves_so_where_it_answers() -> None:
    told = check(raising_unless(unnormalized, lambda x: x.shape[0] == 3), as_="softmax").diagnosis
    assert told[0].text.startswith("where it answers, ")
    assert check(unnormalized, as_="softmax").diagnosis[0].text == told[0].text.removeprefix(
        "where it answers, "
    )
    assert any("it answers only where the number of examples is 3" in one.text for one in told), told


def test_what_is_right_but_raises_is_told_by_where_it_raises() -> None:
    def sigmoid(x: Any) -> Any:
        return 1 / (1 + np.exp(-x))

    told = check(raising_unless(sigmoid, lambda x: x.size <= 50), as_="sigmoid").diagnosis
    assert told
    assert all(one.text.startswith("it raises RuntimeError only where ") for one in told), told
    assert any("the number of elements is above" in one.text for one in told)


def test_a_condition_is_one_of_what_it_answers() -> None:
    pairs = of_convention([Edit("linear", '"weight": dZ.T @ X', '"weight": np.cosh(dZ.T) @ X')])
    question, _ = pairs.answers[0]
    lacks = replace(pairs, raised=((question, RuntimeError()),))
    plain, there = diagnose(pairs), diagnose(lacks)
    assert [f"where it answers, {one.text}" for one in plain] == [one.text for one in there]


def test_what_raises_where_it_does_is_more_like_it() -> None:
    examined = of_convention([Edit("linear", "dZ.sum(0)", "dZ.mean(0)")])
    raises = replace(examined.answers[0][0], case=Case({}))  # as the formula does without inputs
    told = diagnose(replace(examined, raised=((raises, RuntimeError()),)))
    assert told == diagnose(examined)


# ---- threads ----


def endless() -> None:
    while True:
        pass


def test_what_does_not_end_is_stopped_in_any_thread() -> None:
    def stopped() -> bool:
        before = sys.gettrace()
        with pytest.raises(TookTooLong), limited(0.05):
            endless()
        return sys.gettrace() is before

    with ThreadPoolExecutor(1) as pool:
        assert pool.submit(stopped).result(60)


def test_an_endless_candidate_holds_up_no_thread() -> None:
    examined = as_printed(ERRATA["sigmoid-sign"])
    reading = diagnosis._Reading(examined)
    candidate = Candidate(lambda: {unit_of(activations.sigmoid): lambda x: endless()})

    def tried() -> None:
        with pytest.raises(TookTooLong):
            reading.agrees(candidate)

    with ThreadPoolExecutor(1) as pool:
        pool.submit(tried).result(60)
    assert activations.sigmoid(np.zeros(1))[0] == 0.5


def test_a_thread_is_told_the_same() -> None:
    examined = as_printed(ERRATA["sigmoid-derivative"])
    with ThreadPoolExecutor(1) as pool:
        assert pool.submit(diagnose, examined).result(60) == diagnose(examined)


def test_a_time_out_finds_nothing_exchanged_by_half(monkeypatch: pytest.MonkeyPatch) -> None:
    """The limit begins after the exchange and ends before it is undone."""
    order = []

    def noting(name: str, manager: Any) -> Any:
        @contextmanager
        def noted(*args: Any) -> Any:
            with manager(*args):
                order.append(f"in {name}")
                yield
                order.append(f"out of {name}")

        return noted

    monkeypatch.setattr(candidates, "exchanged", noting("code", exchanged))
    monkeypatch.setattr(candidates, "limited", noting("limit", limited))
    entry = find("sigmoid")
    question = questions(entry.name, Abilities(), Exam(examples=0))[0][0]
    asked = Asked(entry, None, question)
    asked.answer(question, next(asked.errata()))
    assert order == ["in code", "in limit", "out of limit", "out of code"]


# ---- complaints ----


def test_complaints_that_agree_are_the_diagnosis() -> None:
    question = Question(Case({}), ())
    both = Complaint("…", NEW_MASK), Complaint("…", ONE_MASK)
    wrong = (Finding("outputs", "", question.case, Verdict.WRONG),)
    told = Examined("dropout", wrong, raised=((question, both[0]), (question, both[0])))
    assert [one.text for one in diagnose(told)] == [NEW_MASK.text]
    mixed = replace(told, raised=tuple((question, error) for error in both))
    assert not {NEW_MASK.text, ONE_MASK.text} & {one.text for one in diagnose(mixed)}

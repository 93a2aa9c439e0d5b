"""Code is exchanged wherever it is called, and back; draws are told apart as far as their number allows."""

import ast
import copy
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
import pytest

from parity_tests import diagnosis_draws
from parity_tests.candidates import Asked, Candidate, changes_of
from parity_tests.catalogue import find
from parity_tests.diagnosis import CUT_SHORT, diagnose
from parity_tests.engine.cases import Case
from parity_tests.engine.mutation_exchange import copy_of, exchanged, function_of
from parity_tests.engine.mutation_reach import source_of, unit_of
from parity_tests.engine.mutation_running import ran
from parity_tests.engine.questions import Question
from parity_tests.mistakes import MISTAKES, Edit
from parity_tests.mutants import answers, program
from parity_tests.people.binding import Abilities
from parity_tests.people.complaints import NEW_MASK, ONE_MASK, Complaint
from parity_tests.people.handbook_formulas import averaged_linear
from parity_tests.posing import Exam, questions
from parity_tests.verdicts import Examined, Finding, Verdict
from scratch import activations, autograd, initialization, linear

X = np.random.default_rng(0).standard_normal((3, 4))
RELU = unit_of(activations.relu)
TWICE = Edit("relu", "np.where(positive, x, 0), backward", "np.where(positive, 2 * x, 0), backward")


def chained(function: Any) -> Any:
    """A formula that holds a function in a closure, in a partial and in a dict."""
    table = {"relu": partial(function)}
    return lambda x: (function(x)[0], table["relu"](x)[0])


def test_exchanged_code_is_met_wherever_the_function_was_taken() -> None:
    formula = chained(activations.relu)
    with exchanged(changes_of(program("relu"), [TWICE])):
        assert all(np.array_equal(y, 2 * np.maximum(X, 0)) for y in formula(X))
    assert all(np.array_equal(y, np.maximum(X, 0)) for y in formula(X))


def test_code_comes_back_after_an_error() -> None:
    with pytest.raises(ZeroDivisionError), exchanged(changes_of(program("relu"), [TWICE])):
        raise ZeroDivisionError
    assert np.array_equal(activations.relu(X)[0], np.maximum(X, 0))


def test_another_function_stands_in_with_its_own_state() -> None:
    original = copy_of(function_of(RELU))
    calls = []

    def counting(x: Any) -> Any:
        calls.append(x)
        return original(x)

    with exchanged({RELU: counting}):
        assert np.array_equal(activations.relu(X)[0], np.maximum(X, 0))
    activations.relu(X)
    assert len(calls) == 1


def test_methods_of_a_class_are_exchanged() -> None:
    unit = unit_of(autograd.Tensor)
    node = copy.deepcopy(unit.node)
    assert isinstance(node, ast.ClassDef)
    methods = {one.name: one for one in node.body if isinstance(one, ast.FunctionDef)}
    methods["__add__"].name = "__mul__"
    node.body = [methods["__add__"]]
    code = compile(ast.Module([node], []), unit.file, "exec")
    two = autograd.Tensor(np.float64(2.0))
    with exchanged({unit: code}):
        assert (two * two * two).value == 6
    assert (two * two * two).value == 8


def test_constants_are_exchanged_where_they_are_named() -> None:
    unit = source_of("scratch.initialization").units["GAINS"]
    before = initialization.GAINS
    code = compile("GAINS = {'relu': 7.0}", unit.file, "exec")
    with exchanged({unit: code}):
        assert initialization.calculate_gain("relu") == 7
    assert initialization.GAINS is before


def test_what_runs_is_the_same_every_time() -> None:
    def call() -> Any:
        return averaged_linear(X, X[:2])

    call()
    first, again = (ran(call, ("scratch", "parity_tests.people")) for _ in range(2))
    assert first == again
    assert [unit.name for unit in first.units if unit.name[0] != "_"][:1] == ["averaged_linear"]
    assert "linear" in [unit.name for unit in first.units]


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
    assert found == named or not _is_named(named[0].text)


def _is_named(text: str) -> bool:
    return any(mistake.text == text for mistake in MISTAKES)


def test_a_search_that_is_cut_short_says_so() -> None:
    told = diagnose(of_convention([Edit("linear", "dZ.T @ X", "np.cosh(dZ.T) @ X")]), seconds=0.0)
    assert told[-1].text == CUT_SHORT.format(0.0)


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


# ---- draws ----


def drawn(algorithm: str, factor: float) -> Examined:
    entry = find(algorithm)
    options = {"shape": (120, 180), "gain": 1.0}
    case = Case({}, options, seed=3)
    values = entry.scratch(rng=np.random.default_rng(5), **options) * factor
    return Examined(
        algorithm, (Finding("distribution", "", case, Verdict.WRONG),), draws=((case, {"y": values}),)
    )


@pytest.mark.parametrize(("factor", "alike"), [(1.0, True), (1.005, True), (1.05, False), (0.95, False)])
def test_two_samples_are_alike_within_their_errors(factor: float, alike: bool) -> None:
    one, other = (np.random.default_rng(seed).standard_normal(40_000) for seed in (1, 2))
    assert diagnosis_draws.same(factor * one, other) is alike


def test_samples_of_another_distribution_are_not_alike() -> None:
    rng = np.random.default_rng(0)
    uniform = rng.uniform(-np.sqrt(3), np.sqrt(3), 40_000)  # of the same deviation
    assert not diagnosis_draws.same(uniform, rng.standard_normal(40_000))
    assert not diagnosis_draws.same(uniform, np.zeros(9))
    assert diagnosis_draws.same(np.zeros(4), np.zeros(9))


def test_an_initializer_is_diagnosed_by_its_deviation() -> None:
    (told, *_) = diagnose(drawn("xavier_uniform", 1 / np.sqrt(3)))
    assert "√3" in told.text or "root of 3" in told.text


def test_a_ratio_that_nothing_explains_is_told_as_it_is() -> None:
    (told, *_) = diagnose(drawn("xavier_uniform", 1.2345))
    assert told.text.startswith("its standard deviation is 1.2")
    assert not told.reads


def test_right_draws_have_no_diagnosis_of_their_deviation() -> None:
    assert diagnosis_draws.clues(drawn("xavier_uniform", 1.0)) == []


# ---- complaints ----


def test_complaints_that_agree_are_the_diagnosis() -> None:
    question = Question(Case({}), ())
    both = Complaint("…", NEW_MASK), Complaint("…", ONE_MASK)
    wrong = (Finding("outputs", "", question.case, Verdict.WRONG),)
    told = Examined("dropout", wrong, raised=((question, both[0]), (question, both[0])))
    assert [one.text for one in diagnose(told)] == [NEW_MASK.text]
    mixed = replace(told, raised=tuple((question, error) for error in both))
    assert not {NEW_MASK.text, ONE_MASK.text} & {one.text for one in diagnose(mixed)}

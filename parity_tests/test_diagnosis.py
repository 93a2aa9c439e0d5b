"""Known mistakes are told by their names, and what the diagnosis says is never another mistake."""

import tomllib
from typing import Any

import pytest

from parity_tests.catalogue import algorithms, find
from parity_tests.diagnosing import CORPUS, Diagnosed, Hit, diagnosed
from parity_tests.diagnosis import _with, diagnose
from parity_tests.judging import Exam, Examined, Finding, Verdict
from parity_tests.mistakes import MISTAKES, Mistake, mistakes_of
from parity_tests.mistakes.mistake import Edit, edited, line_of
from parity_tests.mutants import answers, judged, posed, program

EXAM = Exam(examples=0)


def _homes() -> dict[int, tuple[str, Mistake]]:
    """For each mistake an algorithm that holds it, its own one if there is one."""
    homes: dict[int, tuple[str, Mistake]] = {}
    for entry in algorithms():
        if entry.protocol in ("operation", "function", "optimizer", "schedule"):
            for mistake in mistakes_of(entry.name):
                if id(mistake) not in homes or entry.name in mistake.functions:
                    homes[id(mistake)] = entry.name, mistake
    return homes


HOMES = _homes()
NAMES = [f"{algorithm}-{mistake.id}" for algorithm, mistake in HOMES.values()]


def test_every_mistake_is_one_of_an_algorithm() -> None:
    assert [mistake.id for mistake in MISTAKES if id(mistake) not in HOMES] == []


@pytest.mark.parametrize(("algorithm", "mistake"), HOMES.values(), ids=NAMES)
def test_the_checks_tell_every_mistake(algorithm: str, mistake: Mistake) -> None:
    """Its text stands in today's source (edited refuses what does not), and what it makes is wrong."""
    entry = find(algorithm)
    functions = _with(entry, mistake.edits)
    for question in posed(entry, EXAM):
        try:
            answer = answers(entry, functions, question)
        except Exception:
            return
        if judged(entry, functions, question, answer, EXAM) is Verdict.WRONG:
            return
    pytest.fail("no question tells it")


@pytest.mark.parametrize(("before", "times"), [("no such text", 0), ("(1 - beta1", 2)])
def test_text_that_does_not_occur_once_is_refused(before: str, times: int) -> None:
    with pytest.raises(ValueError, match=f"occurs {times} times"):
        edited(program("adam"), [Edit("adam", before, "")])


def test_the_line_of_an_edit_is_that_of_the_file() -> None:
    unit = next(unit for unit in program("adam").units if unit.name == "adam")
    line, reads, instead = line_of(unit, Edit("adam", "beta1**t", "beta1 * t"))
    assert (reads, instead) == ("m_hat = m / (1 - beta1**t)", "m_hat = m / (1 - beta1 * t)")
    assert unit.source[line - 1].strip() == reads


def examined(algorithm: str, *edits: Edit) -> Examined:
    """The formula with these edits, as an implementation that was asked everything."""
    entry = find(algorithm)
    asked = posed(entry, EXAM)
    pairs = [(question, answers(entry, _with(entry, edits), question)) for question in asked]
    wrong = [Finding(kind, "", q.case, Verdict.WRONG) for q, _ in pairs[:1] for kind in q.kinds]
    return Examined(algorithm, tuple(wrong), answers=tuple(pairs))


TOLD = {
    "adam": (Edit("adam", "np.sqrt(v_hat) + eps", "np.sqrt(v_hat + eps)"),),
    "lstm": (
        Edit("lstm_step", "np.split(Z, 4, -1)", "(lambda a, b, c, d: (a, b, d, c))(*np.split(Z, 4, -1))"),
    ),
    "softmax": (Edit("softmax", "(dy * y).sum(axis, keepdims=True)", "dy.mean(axis, keepdims=True)"),),
}


@pytest.mark.parametrize(("algorithm", "edits"), TOLD.items(), ids=list(TOLD))
def test_a_diagnosis_is_the_same_every_time(algorithm: str, edits: tuple[Edit, ...]) -> None:
    told = examined(algorithm, *edits)
    assert diagnose(told) == diagnose(told)


def test_one_changed_line_is_told_as_it_is() -> None:
    told = diagnose(examined("tanh", Edit("tanh", "1 - y**2", "1 + y**2")))
    assert told[0].instead == "return {'x': dy * (1 + y ** 2)}"


def test_two_mistakes_at_once_are_told() -> None:
    edits = (
        Edit("softmax", "exp = np.exp", "axis = 0\n    exp = np.exp"),
        Edit("softmax", "dy * y).sum", "dy).mean"),
    )
    told = diagnose(examined("softmax", *edits))
    assert "over the batch" in told[0].text
    assert "; and " in told[0].text


def test_what_nothing_behaves_like_is_not_guessed() -> None:
    told = diagnose(examined("softmax", Edit("softmax", "np.exp(x", "np.cosh(x")))
    assert all(not one.reads for one in told)


SAMPLE = {
    *("no-bias-correction", "decay-coupled", "eps-hat", "var-constant", "gru-gates-swapped"),
    *("lstm-gate-order", "mean-not-weighted", "last-batch-dropped"),
}


@pytest.fixture(scope="module")
def found() -> list[Diagnosed]:
    listed: list[dict[str, Any]] = tomllib.loads((CORPUS / "wrong.toml").read_text())["mistake"]
    sample = [mistake for mistake in listed if mistake["id"] in SAMPLE]
    firsts = [{**mistake, "submission": mistake["submission"][:1]} for mistake in sample]
    return diagnosed(firsts, jobs=2)


def test_mistakes_of_the_corpus_are_told_by_name(found: list[Diagnosed]) -> None:
    missed = [(one.mistake, one.file, one.diagnosis) for one in found if one.hit is not Hit.NAME]
    assert len(found) == len(SAMPLE)
    assert missed == []

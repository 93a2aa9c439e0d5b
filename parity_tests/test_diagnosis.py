"""Known mistakes are told by their names, and what the diagnosis says is never another mistake."""

import pkgutil
from collections.abc import Sequence
from types import CodeType

import pytest

from parity_tests import people
from parity_tests.candidates import changes_of
from parity_tests.catalogue import Algorithm, algorithms, find
from parity_tests.diagnosis import diagnose
from parity_tests.engine.mutation import Program
from parity_tests.engine.mutation_reach import source_of
from parity_tests.mistakes import MISTAKES, Mistake
from parity_tests.mistakes.mistake import Edit, edited, line_of
from parity_tests.mutants import Functions, answers, posed, program
from parity_tests.posing import Exam
from parity_tests.verdicts import Examined, Finding, Verdict

EXAM = Exam(examples=0)


def _of_conventions() -> list[Mistake]:
    """Those in formulas that conventions have of their own."""
    known = {unit.name for entry in algorithms() for unit in program(entry.name).units}
    return [mistake for mistake in MISTAKES if not set(mistake.functions) <= known]


def _with(entry: Algorithm, edits: Sequence[Edit]) -> Functions:
    """The functions of an algorithm with these edits."""
    code = program(entry.name)
    changes = changes_of(code, edits).items()
    return code.rebuilt({unit.name: (unit, new) for unit, new in changes if isinstance(new, CodeType)})


def test_the_mistakes_of_conventions_are_edits_of_their_formulas() -> None:
    modules = [f"{people.__name__}.{module.name}" for module in pkgutil.iter_modules(people.__path__)]
    codes = [program("adam").beside(source_of(module).units.values()) for module in modules]
    mistakes = _of_conventions()
    assert mistakes
    assert [mistake.id for mistake in mistakes if not any(_fits(mistake, code) for code in codes)] == []


def _fits(mistake: Mistake, code: Program) -> bool:
    try:
        return mistake.concerns(code, "") and bool(changes_of(code, mistake.edits))
    except ValueError:  # another formula of that name
        return False


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
    assert told
    assert all(not one.reads for one in told)

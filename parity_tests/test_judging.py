"""Which reading of an implementation is believed, and what is said where none can be put to it."""

from collections.abc import Callable
from itertools import cycle
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import parity_tests
from parity_tests import Verdict
from parity_tests.checking import Checked, check_submission, results
from parity_tests.engine.questions import Answer, Question
from parity_tests.engine.results import Status
from parity_tests.judging import examine
from parity_tests.people.binding import Absent, Beyond, Binding, Reading
from parity_tests.people.finding import Wanted
from parity_tests.people.host import Here, Host, Isolated, TheirError
from parity_tests.people.targets import submissions
from parity_tests.posing import Exam
from parity_tests.verdicts import Examined

Ask = Callable[[Host, Question], Answer]


def right(_: Host, question: Question) -> Answer:
    return [dict(part.expected) for part in question.parts]


def wrong(_: Host, question: Question) -> Answer:
    return [{name: value + 0.1 for name, value in part.expected.items()} for part in question.parts]


def raising(_: Host, __: Question) -> Answer:
    raise TheirError("TypeError", "it takes no such thing")


def absent(_: Host, __: Question) -> Answer:
    raise Absent("it returns None")


def alternately(*asks: Ask) -> Ask:
    """The first of them for the first question, the next for the next, and so on."""
    turns = cycle(asks)

    def ask(host: Host, question: Question) -> Answer:
        return next(turns)(host, question)

    return ask


def read(*readings: Reading) -> Examined:
    return examine(Binding("tanh", "handbook", ("tanh",), readings), Here(), Exam())


def test_the_usual_reading_is_enough() -> None:
    examined = read(Reading(right), Reading(wrong, convention="another"))
    assert (examined.verdict, examined.convention) == (Verdict.EXACT, "")


def test_a_convention_is_tried_where_the_usual_reading_gives_wrong_numbers() -> None:
    examined = read(Reading(wrong), Reading(right, convention="another"))
    assert (examined.verdict, examined.remarks) == (Verdict.EXACT, ("convention: another",))


def test_what_is_answered_wrongly_can_not_be_left_out() -> None:
    examined = read(Reading(wrong), Reading(right, convention="without it", if_raises=True))
    assert (examined.verdict, examined.convention) == (Verdict.WRONG, "")


def test_what_raises_can_be_left_out() -> None:
    examined = read(Reading(raising), Reading(right, convention="without it", if_raises=True))
    assert (examined.verdict, examined.convention) == (Verdict.EXACT, "without it")


def test_a_reading_that_is_right_wherever_it_answers_excuses_the_wrong_numbers_of_another() -> None:
    partly = Reading(alternately(right, raising), convention="partly")
    rest = Reading(right, convention="without it", if_raises=True)
    assert read(Reading(wrong), partly, rest).convention == "without it"
    never = Reading(alternately(wrong, raising), convention="partly")
    assert read(Reading(wrong), never, rest).verdict is Verdict.WRONG


def test_the_least_wrong_reading_is_told() -> None:
    seldom = Reading(alternately(right, right, wrong), convention="nearly")
    for readings in ((Reading(wrong), seldom), (seldom, Reading(wrong))):
        examined = read(*readings)
        assert (examined.verdict, examined.convention) == (Verdict.WRONG, "nearly")


def test_a_reading_of_few_questions_does_not_hide_what_another_shows() -> None:
    """Not even where it is computed in float32, so that other formulas for its last digits are looked for."""

    def coarse(_: Host, question: Question) -> Answer:
        return [
            {name: np.float64(np.float32(value)) for name, value in part.expected.items()}
            for part in question.parts
        ]

    def beyond(_: Host, __: Question) -> Answer:
        raise Beyond("it takes no such thing")

    for first in (right, coarse):
        thin = Reading(alternately(first, *[beyond] * 1000), narrow=lambda case: case)
        full = Reading(alternately(right, right, right, wrong), convention="another")
        assert read(thin, full).verdict is Verdict.WRONG


def test_what_is_not_there_is_looked_for_once() -> None:
    examined = read(Reading(absent), Reading(right))
    assert (examined.verdict, examined.absent) == (Verdict.ABSENT, "it returns None")


def checked(tmp_path: Path, text: str, *, torch: bool = False) -> Checked:
    file = tmp_path / "file.py"
    file.write_text(text)
    (submission,) = submissions(str(file))
    with Isolated(torch=torch) as host:
        return check_submission(submission, Wanted(), Exam(examples=1), host)


@pytest.mark.parametrize(
    ("text", "torch", "said"),
    [
        ("def tanh(x):\n    import nowhere\n    return nowhere.tanh(x)", False, "nowhere"),
        (
            "import numpy as np\ntry:\n    import torch\n    def tanh(x):\n        return np.tanh(x)\n"
            "except ImportError:\n    pass",
            True,
            "it needs torch",
        ),
    ],
    ids=["a module that is not here", "torch for code over arrays"],
)
def test_what_needs_something_that_is_not_here_is_no_success(
    tmp_path: Path, text: str, torch: bool, said: str
) -> None:
    (outcome,) = checked(tmp_path, text, torch=torch).outcomes
    (result,) = results(outcome.examined)
    assert result.status is Status.ERROR
    assert said in result.message


def test_what_says_that_it_is_unfinished_is_absent(tmp_path: Path) -> None:
    (outcome,) = checked(tmp_path, "def tanh(x):\n    raise NotImplementedError").outcomes
    assert [result.status for result in results(outcome.examined)] == [Status.ABSENT]


@pytest.mark.parametrize(("factor", "verdict"), [(1.0, Verdict.EXACT), (1 + 1e-6, Verdict.WRONG)])
@pytest.mark.parametrize("against", ["scratch", "torch"])
def test_whose_answers_are_right(against: str, factor: float, verdict: Verdict) -> None:
    def adam(param: Any, grad: Any, state: Any = None, *, lr: float = 1e-3, eps: float = 1e-8) -> Any:
        t, m, v = state or (0, np.zeros_like(param), np.zeros_like(param))
        t, m, v = t + 1, 0.9 * m + 0.1 * grad, 0.999 * v + 0.001 * grad**2
        m_hat, v_hat = m / (1 - 0.9**t), v / (1 - 0.999**t)
        return param - factor * lr * m_hat / (np.sqrt(v_hat) + eps), (t, m, v)

    def softplus(x: Any) -> Any:
        return np.maximum(x, 0) + np.log1p(np.exp(-np.abs(x))) * factor

    for implementation in (adam, softplus):
        report = parity_tests.check(implementation, as_=implementation.__name__, against=against)
        assert report.verdict is verdict, report

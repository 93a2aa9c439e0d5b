"""What is said of a wrong answer that no mutant explains: true where it is said, and silent otherwise."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pytest

from parity_tests.engine.clues import clues
from parity_tests.engine.questions import Answer, Question
from parity_tests.judging import Exam, questions
from parity_tests.people.binding import Abilities

Change = Callable[[Question, Mapping[str, Any]], Mapping[str, Any]]


def told(algorithm: str, *, outputs: Change | None = None, gradients: Change | None = None) -> list[str]:
    """The clues about answers that are right but for what the changes do to them."""
    asked, _ = questions(algorithm, Abilities(), Exam())
    changes = {"outputs": outputs, "gradients": gradients, "trajectory": outputs}

    def answer(question: Question) -> Answer:
        parts = []
        for part in question.parts:
            change = changes[part.kind]
            parts.append(change(question, part.expected) if change else part.expected)
        return parts

    return clues([(question, answer(question)) for question in asked])


def each(function: Callable[[Any], Any], *only: str) -> Change:
    """A change of every tensor, or of those that are named."""

    def change(question: Question, right: Mapping[str, Any]) -> Mapping[str, Any]:
        return {
            name: function(np.asarray(value)) if not only or name in only else value
            for name, value in right.items()
        }

    return change


def by_batch(question: Question, right: Mapping[str, Any]) -> Mapping[str, Any]:
    size = question.case.arrays["input"].shape[0]
    return {name: value / size if name == "grad weight" else value for name, value in right.items()}


def only_when_strided(question: Question, right: Mapping[str, Any]) -> Mapping[str, Any]:
    strided = question.case.options.get("stride", 1) not in (1, (1, 1))
    rng = np.random.default_rng(0)
    return {name: value + strided * rng.standard_normal(value.shape) for name, value in right.items()}


def exchanged(value: Any) -> Any:
    a, b, c, d = np.split(value, 4, 0)
    return np.concatenate([a, b, d, c], 0)


@pytest.mark.parametrize(
    ("algorithm", "changes", "says"),
    [
        ("softmax", {"gradients": each(np.negative)}, "the gradient of x has the wrong sign"),
        ("softmax", {"gradients": each(np.zeros_like)}, "the gradient of x is all zeros"),
        ("softmax", {"outputs": each(lambda y: 2 * y)}, "the output is 2 times the right one"),
        ("softmax", {"outputs": each(lambda y: y + 0.5)}, "the output is the right one plus 0.5 everywhere"),
        (
            "linear",
            {"gradients": by_batch},
            "the gradient of weight is 1 / the batch size times the right one",
        ),
        (
            "linear",
            {"gradients": each(np.transpose, "grad weight")},
            "only the gradient of weight is wrong: the outputs and the other gradients are right",
        ),
        ("linear", {"gradients": each(np.transpose, "grad weight")}, "the gradient of weight is transposed"),
        ("step_lr", {"outputs": each(lambda lr: np.roll(lr, 1))}, "the schedule is one step behind"),
        ("lstm_cell", {"gradients": each(exchanged, "grad params.weight_ih")}, "its 4 blocks along axis"),
        ("conv1d", {"outputs": only_when_strided}, "where stride is"),
    ],
)
def test_what_holds_is_said(algorithm: str, changes: dict[str, Change], says: str) -> None:
    assert any(says in text for text in told(algorithm, **changes)), told(algorithm, **changes)


def test_nothing_is_said_of_a_right_answer() -> None:
    assert told("softmax") == []


def test_noise_has_no_relation_to_the_right_values() -> None:
    rng = np.random.default_rng(0)
    noisy = told("softmax", outputs=each(lambda y: y + rng.standard_normal(y.shape)))
    assert noisy == ["only the output is wrong"]


@pytest.mark.parametrize("from_step", [1, 3])
def test_how_long_a_trajectory_is_right(from_step: int) -> None:
    asked, _ = questions("adam", Abilities(), Exam())
    pairs = [
        (
            question,
            [
                {name: value + (part.step >= from_step) for name, value in part.expected.items()}
                for part in question.parts
                if part.step is not None
            ],
        )
        for question in asked
    ]
    said = {
        1: "it is wrong from the first step on",
        3: "the first 2 steps are right: look at what is carried to",
    }
    assert any(said[from_step] in text for text in clues(pairs))

"""What is said of a wrong answer that no mutant explains: true where it is said, and silent otherwise."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pytest

from parity_tests.engine.cases import Case
from parity_tests.engine.clue_conditions import raising
from parity_tests.engine.clues import clues
from parity_tests.engine.questions import Answer, Part, Question
from parity_tests.people.binding import Abilities
from parity_tests.people.host import TheirError
from parity_tests.posing import Exam, questions

Change = Callable[[Question, Mapping[str, Any]], Mapping[str, Any]]


# As of people's code that takes these: the defaults of others are given, too.
TAKES = {"adam": frozenset({"lr", "betas", "eps"}), "dropout": frozenset({"p", "training"})}


def told(algorithm: str, *, outputs: Change | None = None, gradients: Change | None = None) -> list[str]:
    """The clues about answers that are right but for what the changes do to them."""
    asked, _ = questions(algorithm, Abilities(options=TAKES.get(algorithm)), Exam())
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


def only_for_one(question: Question, right: Mapping[str, Any]) -> Mapping[str, Any]:
    single = len(next(iter(question.case.arrays.values()))) == 1
    return {name: value + single * (1 + np.abs(value)) for name, value in right.items()}


def only_above(limit: float) -> Change:
    def change(question: Question, right: Mapping[str, Any]) -> Mapping[str, Any]:
        rng = np.random.default_rng(question.case.seed)
        p = question.case.options.get("p", 0.5)
        return {name: value + (p > limit) * rng.standard_normal(value.shape) for name, value in right.items()}

    return change


def by_first_beta(question: Question, right: Mapping[str, Any]) -> Mapping[str, Any]:
    return {name: (1 - question.case.options["betas"][0]) * value for name, value in right.items()}


def with_nothing_at(index: Any) -> Callable[[Any], Any]:
    def change(value: Any) -> Any:
        changed = np.array(value)
        changed[index] = changed[index] + 1
        return changed

    return change


def as_float32(value: Any) -> Any:
    return (value * 1.5).astype(np.float32).astype(np.float64)


def in_places(filling: float) -> Callable[[Any], Any]:
    def change(value: Any) -> Any:
        changed = np.array(value)
        changed[..., 1:2] = filling
        return changed

    return change


def answered(part: Part, changed: Any) -> list[str]:
    """The clues about an answer to one question, and the same to another."""
    cases = [Case({"x": np.zeros(size)}, {}, spec=f"size={size}") for size in (4, 5)]
    return clues([(Question(case, (part,)), [changed]) for case in cases])


def part_of(**expected: Any) -> Part:
    return Part("outputs", expected, dict.fromkeys(expected))


def test_integers_are_not_nan() -> None:
    part = part_of(order=np.array([0, 1, 2, 3]))
    told = answered(part, {"order": np.array([0, 1, 3, 2])})
    assert told
    assert not any("NaN" in text for text in told)
    assert any("NaN" in text for text in answered(part_of(y=np.arange(4.0)), {"y": [0.0, 1, 2, np.nan]}))


def test_flags_are_compared_as_numbers() -> None:
    right = np.array([[True, False], [True, True]])
    assert "is transposed" in " ".join(answered(part_of(kept=right), {"kept": right.T}))
    some = answered(part_of(kept=np.ones(4, bool)), {"kept": np.array([True, True, False, True])})
    assert any("is 0 in some places" in text for text in some)


def test_complex_numbers_stand_in_no_relation() -> None:
    told_of = answered(
        part_of(y=np.arange(1.0, 5), z=np.ones(2)), {"y": 2j + np.arange(1.0, 5), "z": np.ones(2)}
    )
    assert told_of == ["only the output is wrong"]


@pytest.mark.parametrize(
    ("kinds", "says"),
    [
        (["ValueError"], "it raises ValueError only where p is 0.5"),
        (["NotTheirOwnError"], "it calls torch's own only where p is 0.5"),
        (
            ["NotTheirOwnError", "ValueError", "KeyError"],
            "it raises KeyError or ValueError or calls torch's own only where p is 0.5",
        ),
    ],
)
def test_where_it_raises_or_calls_what_is_not_its_own(kinds: list[str], says: str) -> None:
    def asked(p: float) -> Question:
        return Question(Case({}, {"p": p}), ())

    raised = [(asked(0.5), TheirError(kind, "…")) for kind in (*kinds, *kinds)]
    (told_of, *_) = raising(raised, [(asked(0.1), []), (asked(0.2), [])])
    assert told_of.startswith(f"{says} ({len(raised)} cases do, 2 do not)")


@pytest.mark.parametrize("algorithm", ["tanh", "softmax"])
@pytest.mark.parametrize(
    "filling", [np.zeros_like, np.ones_like, lambda y: np.round(8 * y) / 8, lambda y: y * np.nan]
)
def test_plain_numbers_are_not_taken_for_those_of_float32(algorithm: str, filling: Any) -> None:
    told_of = told(algorithm, outputs=each(filling), gradients=each(filling))
    assert not any("float32" in text for text in told_of)


def test_a_gradient_that_is_missing_is_neither_right_nor_wrong() -> None:
    def missing(question: Question, right: Mapping[str, Any]) -> Mapping[str, Any]:
        return {n: None if n == "grad weight" else 2 * v if n == "grad bias" else v for n, v in right.items()}

    def others(question: Question, right: Mapping[str, Any]) -> Mapping[str, Any]:
        return {name: 2 * v for name, v in right.items() if name != "grad weight"}

    said = told("linear", gradients=missing)
    assert not any("gradient of weight" in text for text in said)
    only = "only the gradient of bias is wrong: the outputs and the other gradients that came back are right"
    assert only in said
    all_of_them = "the outputs are right, and all of the gradients that came back are wrong"
    assert all_of_them in told("linear", gradients=others)


def test_several_are() -> None:
    def change(*only: str) -> list[str]:
        return told("linear", gradients=each(lambda d: d + np.sin(np.arange(d.size)).reshape(d.shape), *only))

    told_of = change("grad bias", "grad weight")
    assert (
        "only the gradient of bias and the gradient of weight are wrong: the outputs and the other"
        in "".join(told_of)
    )


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


@pytest.mark.parametrize(
    ("algorithm", "changes", "says"),
    [
        ("softmax", {"gradients": each(lambda dx: dx / 2)}, "is 1 / 2 times the right one: the 2 of the"),
        ("softmax", {"gradients": each(lambda dx: dx / 3)}, "is 1 / 3 times the right one"),
        ("adam", {"outputs": by_first_beta}, "is 1 − number 1 of betas times the right one"),
        ("linear", {"gradients": by_batch}, "a mean over the batch where the sum is meant"),
        ("dropout", {"outputs": only_above(0.4)}, "it is wrong only where p is above"),
        (
            "softmax",
            {"outputs": each(as_float32), "gradients": each(as_float32)},
            "every number that came back is one of float32",
        ),
        ("softmax", {"outputs": each(in_places(0.0))}, "is 0 in some places, and right elsewhere"),
        ("softmax", {"outputs": each(in_places(np.nan))}, "is NaN in some places, and right elsewhere"),
        ("log_softmax", {"outputs": each(with_nothing_at((..., -1)))}, "is wrong only at the end of axis -1"),
        (
            "log_softmax",
            {"outputs": each(with_nothing_at((..., 0)))},
            "is wrong only at the start of axis -1",
        ),
        (
            "layer_norm",
            {"gradients": each(lambda d: np.zeros_like(d) + d.ravel()[:1], "grad bias")},
            "the gradient of bias is the same all along axis",
        ),
        (
            "linear",
            {"gradients": each(lambda d: np.roll(d, 1, 0), "grad bias")},
            "right rows in another order",
        ),
        (
            "adam",
            {"outputs": each(lambda p: p + np.arange(p.size).reshape(p.shape) ** 2 + 1, "param.0.bias")},
            "only 0.bias is wrong: the other parameters are right",
        ),
        ("multi_margin_loss", {"outputs": only_for_one}, "the batch is one example"),
    ],
)
def test_more_that_holds_is_said(algorithm: str, changes: dict[str, Change], says: str) -> None:
    assert any(says in text for text in told(algorithm, **changes)), told(algorithm, **changes)


@pytest.mark.parametrize(
    ("algorithm", "changes", "never"),
    [
        # Near a factor, a sign, an offset: some element has another.
        ("softmax", {"gradients": each(lambda dx: -dx + 1e-6 * dx**2)}, "sign"),
        ("softmax", {"gradients": each(lambda dx: dx / 3 + 1e-6 * dx**2)}, "times the right one"),
        ("softmax", {"outputs": each(lambda y: y + 0.5 + 1e-6 * y)}, "plus 0.5"),
        # Near a transpose, an order of rows: one element is moved.
        ("linear", {"gradients": each(lambda d: d.T * (1 + 1e-6 * d.T), "grad weight")}, "transposed"),
        ("linear", {"gradients": each(lambda d: np.roll(d, 1, 0) + 1e-6, "grad bias")}, "rows in another"),
        # Near float32: one number has more digits.
        ("softmax", {"outputs": each(lambda y: as_float32(y) + 1e-12)}, "float32"),
        # In places: what stands there is neither 0 nor NaN; at both ends.
        ("softmax", {"outputs": each(in_places(0.123))}, "is 0 in some places"),
        ("softmax", {"outputs": each(in_places(0.123))}, "is NaN in some places"),
        ("log_softmax", {"outputs": each(with_nothing_at((..., [0, -1])))}, "of axis -1"),
        # Wrong on both sides of every choice.
        ("dropout", {"outputs": only_above(-1.0)}, "only where p"),
        (
            "conv1d",
            {"outputs": each(lambda y: y + np.arange(y.size).reshape(y.shape) ** 2 + 1)},
            "only where",
        ),
        ("adam", {"outputs": each(lambda p: p + np.arange(p.size).reshape(p.shape) ** 2 + 1)}, "only"),
        ("layer_norm", {"gradients": each(np.negative, "grad bias")}, "same all along"),
    ],
)
def test_what_nearly_holds_is_not_said(algorithm: str, changes: dict[str, Change], never: str) -> None:
    assert not any(never in text for text in told(algorithm, **changes)), told(algorithm, **changes)


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

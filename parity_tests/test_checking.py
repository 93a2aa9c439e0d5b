"""`parity_tests.check`: the four answers, each with an implementation that deserves it."""

from typing import Any

import numpy as np
import pytest

import parity_tests
from parity_tests import Verdict
from parity_tests.checking import results
from parity_tests.engine.results import Status
from parity_tests.verdicts import Examined


def softmax_another_way(x: Any, *, axis: int = -1) -> Any:
    y = np.exp(x - x.max(axis, keepdims=True))
    y = y / y.sum(axis, keepdims=True)

    def backward(dy: Any) -> Any:
        rows, upstream = np.moveaxis(y, axis, -1), np.moveaxis(dy, axis, -1)
        jacobian = (
            np.einsum("...i,ij->...ij", rows, np.eye(rows.shape[-1]))
            - rows[..., :, None] * rows[..., None, :]
        )
        return {"x": np.moveaxis((jacobian @ upstream[..., None])[..., 0], -1, axis)}

    return y, backward


def softmax_unshifted(x: Any, *, axis: int = -1) -> Any:
    with np.errstate(all="ignore"):
        y = np.exp(x) / np.exp(x).sum(axis, keepdims=True)
    return y, lambda dy: {"x": y * (dy - (dy * y).sum(axis, keepdims=True))}


def softmax_in_float32(x: Any, *, axis: int = -1) -> Any:
    y, backward = softmax_another_way(x.astype(np.float32), axis=axis)
    return y.astype(float), lambda dy: {"x": backward(dy.astype(np.float32))["x"].astype(float)}


def softmax_of_columns(x: Any, *, axis: int = -1) -> Any:
    return softmax_another_way(x, axis=0)


def tanh_by_a_quotient(x: Any) -> Any:
    """1 − 2 / (1 + e^2x) loses digits where it is near 0."""
    with np.errstate(over="ignore"):
        y = 1 - 2 / (1 + np.exp(2 * x))
    return y, lambda dy: {"x": dy * (1 - y**2)}


def adam_another_way(
    param: Any,
    grad: Any,
    state: Any,
    *,
    lr: float = 1e-3,
    betas: Any = (0.9, 0.999),
    eps: float = 1e-8,
    weight_decay: float = 0.0,
    maximize: bool = False,
) -> Any:
    t, m, v = (0, 0.0, 0.0) if state is None else state
    g = (-1 if maximize else 1) * grad + weight_decay * param
    t, m, v = t + 1, m + (1 - betas[0]) * (g - m), v + (1 - betas[1]) * (g * g - v)
    rate = lr * np.sqrt(1 - betas[1] ** t) / (1 - betas[0] ** t)
    return param - rate * m / (np.sqrt(v) + eps * np.sqrt(1 - betas[1] ** t)), (t, m, v)


def adam_as_printed(param: Any, grad: Any, state: Any, **options: Any) -> Any:
    from scratch.errata import ERRATA
    from scratch.optimizers import adam_init

    return ERRATA["adam-v-hat-from-m"].misprint(param, grad, state or adam_init(param), **options)


@pytest.mark.parametrize(
    ("function", "name", "verdict"),
    [
        (softmax_another_way, "softmax", Verdict.EXACT),
        (softmax_unshifted, "softmax", Verdict.UNSTABLE),
        (softmax_in_float32, "softmax", Verdict.WRONG),
        (softmax_of_columns, "softmax", Verdict.WRONG),
        (adam_another_way, "adam", Verdict.EXACT),
        (lambda param, grad, state, **o: adam_another_way(param, grad, None, **o), "adam", Verdict.WRONG),
        (lambda x: 1 / (1 + np.exp(-x)), "sigmoid", Verdict.EXACT),
        (lambda x: 1 / (1 - np.exp(-x)), "sigmoid", Verdict.WRONG),
        (lambda x: None, "sigmoid", Verdict.ABSENT),
    ],
)
def test_verdicts(function: Any, name: str, verdict: Verdict) -> None:
    assert parity_tests.check(function, as_=name).verdict is verdict


def test_an_implementation_that_loses_digits_says_how_many() -> None:
    report = parity_tests.check(tanh_by_a_quotient, as_="tanh")
    assert report.verdict is Verdict.LOSES
    assert report.bits_lost > 3
    assert str(report).startswith(f"tanh: correct, but loses {report.bits_lost} bits")


def test_a_wrong_one_says_where_and_raises() -> None:
    report = parity_tests.check(softmax_of_columns, as_="softmax")
    assert "with axis=" in str(report)
    assert "got" in str(report)
    (line,) = {line for line in str(report).splitlines() if "see it again" in line and "seed=0" in line}
    case = line.partition("case='")[2].removesuffix("')")
    assert parity_tests.check(softmax_of_columns, as_="softmax", case=case).verdict is Verdict.WRONG
    with pytest.raises(AssertionError, match="softmax: wrong"):
        report.raise_if_failed()


def relu_to_six(x: Any) -> Any:
    y = np.clip(x, 0, 6)
    return y, lambda dy: {"x": dy * ((x > 0) & (x < 6))}


def softmax_never_along_0(x: Any, *, axis: int = -1) -> Any:
    return softmax_another_way(x, axis=axis or -1)


def adam_that_clips(param: Any, grad: Any, state: Any, **options: Any) -> Any:
    return adam_another_way(param, np.clip(grad, -5, 5), state, **options)


def leaky_with_another_default(x: Any, *, negative_slope: float = 0.2) -> Any:
    slope = np.where(x > 0, 1.0, negative_slope)
    return x * slope, lambda dy: {"x": dy * slope}


def gelu_that_gives_up(x: Any, *, approximate: str = "none") -> Any:
    raise SystemExit(0)


@pytest.mark.parametrize(
    ("function", "name"),
    [
        (relu_to_six, "relu"),
        (softmax_never_along_0, "softmax"),
        (adam_that_clips, "adam"),
        (gelu_that_gives_up, "gelu"),
    ],
)
def test_what_is_wrong_only_where_nobody_looks(function: Any, name: str) -> None:
    """A limit that plain inputs never reach, the one axis 0, a default that is always given otherwise."""
    assert parity_tests.check(function, as_=name).verdict is Verdict.WRONG


def test_remarks_are_no_mistakes() -> None:
    def sigmoid(x: Any) -> Any:
        x *= -1
        return 1 / (1 + np.exp(x))

    report = parity_tests.check(sigmoid, as_="sigmoid")
    assert report.verdict is Verdict.EXACT
    assert "no backward" in str(report)
    assert "x was changed in place" in str(report)


def test_a_plain_tuple_is_taken_by_position() -> None:
    def clip(grad: Any, *, max_norm: float) -> Any:
        norm = np.sqrt((grad**2).sum())
        return grad * min(1.0, max_norm / (norm + 1e-6)), norm

    assert parity_tests.check(clip, as_="clip_by_norm").verdict is Verdict.EXACT


def test_a_default_of_their_own_is_a_remark() -> None:
    report = parity_tests.check(leaky_with_another_default, as_="leaky_relu")
    assert report.verdict is Verdict.EXACT
    assert "its default negative_slope is 0.2, torch's is 0.01" in str(report)


def test_a_backward_may_return_an_array() -> None:
    report = parity_tests.check(lambda x: (np.tanh(x), lambda dy: dy * (1 - np.tanh(x) ** 2)), as_="tanh")
    assert report.verdict is Verdict.EXACT
    report = parity_tests.check(lambda x: (np.tanh(x), lambda dy: dy * (1 + np.tanh(x) ** 2)), as_="tanh")
    assert report.verdict is Verdict.WRONG


def test_a_backward_beside_it() -> None:
    def slope(dy: Any, x: Any) -> Any:
        return dy * np.cosh(x) ** -2.0

    assert parity_tests.check(np.tanh, as_="tanh", backward=slope).verdict is Verdict.EXACT
    assert parity_tests.check(np.tanh, as_="tanh", backward=lambda dy, x: dy).verdict is Verdict.WRONG


def test_what_is_not_implemented_is_absent() -> None:
    def not_yet(x: Any) -> Any:
        raise NotImplementedError("later")

    report = parity_tests.check(not_yet, as_="tanh")
    assert report.verdict is Verdict.ABSENT
    assert not report.passed


def test_a_form_that_nobody_knows() -> None:
    with pytest.raises(ValueError, match="softmax_another_way has no form that is known for step_lr"):
        parity_tests.check(softmax_another_way, as_="step_lr")


def test_an_unknown_name() -> None:
    with pytest.raises(ValueError, match="did you mean adam"):
        parity_tests.check(softmax_another_way, as_="adm")


def test_an_answer_that_could_not_be_read_is_an_error_and_not_absent() -> None:
    """An absent implementation fails nothing; one whose process was lost must."""
    (result,) = results(Examined("adam", lost=True, beyond=("what came back is no answer",)))
    assert result.status is Status.ERROR
    assert "no answer" in result.message

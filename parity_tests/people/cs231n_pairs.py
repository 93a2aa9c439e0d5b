"""How the assignments call: ``f_forward(…) -> out, cache`` and ``f_backward(dout, cache)``; losses alone."""

from __future__ import annotations

import contextlib
import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from parity_tests.engine.cases import Case
from parity_tests.engine.questions import Answer, Question
from parity_tests.people.answers import answer, empty, fitted, tensor
from parity_tests.people.binding import Absent, Ask, Beyond, Reading
from parity_tests.people.complaints import Misshapen
from parity_tests.people.host import Host, TheirError
from parity_tests.sandbox.wire import Ref

Array = np.ndarray
Heard = Callable[[Host, str, bool], None]
PYTHON_2 = (
    "'float' object cannot be interpreted as an integer",
    "slice indices must be integers",
    "'numpy.float64' object cannot be interpreted as an integer",
)


# ---- what the catalogue's cases lack, and what they have too much of ----


def changed(case: Case, arrays: Mapping[str, Any], **options: Any) -> Case:
    """The case with these arrays and these options alone."""
    return replace(case, arrays=dict(arrays), options=options)


def rng_of(case: Case, label: str) -> np.random.Generator:
    return np.random.default_rng([case.seed, zlib.crc32(label.encode())])


def given(case: Case, name: str, *shape: int) -> Array:
    """The array of the case, or one of this shape where it has none, for one that must be there."""
    array = case.arrays.get(name)
    return rng_of(case, name).standard_normal(shape) if array is None else array


def factors(n: int) -> tuple[int, ...]:
    """The axes that n features may be spread over: 6 as (2, 3), 7 as (7,)."""
    divisor = next((d for d in (2, 3) if n % d == 0 and n > d), 0)
    return (divisor, n // divisor) if divisor else (n,)


# ---- a pair of functions ----


def _same(case: Case, upstream: Sequence[Any]) -> list[Any]:
    return list(upstream)


@dataclass(frozen=True)
class Layer:
    """What a pair of functions computes, in terms of a row of the catalogue.

    Args:
        algorithm: the row's name.
        form: the signature of the forward, as the assignment has it.
        narrow: what a case of that row must become for these functions.
        into: the positional arguments of the forward; dicts are settings that it may update.
        gradients: scratch's names of the gradients that the backward returns, and the positions of the
            arguments that they belong to.
        out: the outputs, by scratch's names, of what comes back and of the settings afterwards.
        upstream: the arguments of the backward before the cache.
        back: the gradients as the row has them, by name, where they differ in more than their names.
        returns: how many values the forward returns before the cache.
        formula: computes the same where the row does not.
        conventions: other ways to mean it, with what there is to say, and the formula.
        differentiable: whether the backward is asked at all in this case.
    """

    algorithm: str
    form: str
    narrow: Callable[[Case], Case]
    into: Callable[[Case], list[Any]]
    gradients: tuple[tuple[str, int], ...] = ()
    out: Callable[[Case, list[Any], list[Any]], Any] = lambda case, values, settings: values[0]
    upstream: Callable[[Case, Sequence[Any]], list[Any]] = _same
    back: Callable[[Case, dict[str, Array]], dict[str, Array]] = lambda case, grads: grads
    returns: int = 1
    formula: Callable[..., Any] | None = None
    conventions: tuple[Reading, ...] = field(default=())
    differentiable: Callable[[Case], bool] = lambda case: True

    @property
    def parameters(self) -> tuple[str, ...]:
        """The names in its form."""
        return tuple(self.form.partition("(")[2].partition(")")[0].split(", "))


def noted(host: Host, backward: str, gave: bool) -> None:
    """Say that a backward is not finished.  Raises TheirError for one that answers only sometimes."""
    host.note(backward, gave)
    if not gave:
        host.remark("its backward returns nothing yet, so that its gradients were not checked")


def needed(host: Host, backward: str, gave: bool) -> None:
    """Where the backward is what is asked about, nothing is there without it."""
    if not gave:
        raise Absent(f"{backward} returns None")


def asking(layer: Layer, forward: str, backward: str, heard: Heard = noted) -> Ask:
    """Ask `forward`, and `backward` (if there is one) once with what it cached.

    heard: is told whether the backward gave anything.
    """

    def ask(host: Host, question: Question) -> Answer:
        case = question.case
        arguments = layer.into(case)
        sent = [host.put(value) if isinstance(value, dict) else value for value in arguments]
        returned = host.make(forward, *sent)
        values, cache = _unpacked(host, forward, returned, layer.returns)
        settings = [host.get(ref) for ref in sent if isinstance(ref, Ref)]
        outputs = layer.out(case, values, settings)
        if heard is needed and not layer.differentiable(case):
            raise Beyond("nobody goes backward at test time")
        if not backward or cache is None or not layer.differentiable(case):
            return answer(question, outputs)
        grads = host.call(backward, *layer.upstream(case, question.upstream), cache)
        try:
            by_name = gradients_of(layer, backward, arguments, grads)
        except Misshapen as error:
            with contextlib.suppress(ValueError):  # where the row has no such layout, either
                error.answer = answer(question, outputs, layer.back(case, error.gradients))
            raise
        heard(host, backward, by_name is not None)
        return answer(question, outputs, None if by_name is None else layer.back(case, by_name))

    return ask


def _unpacked(host: Host, forward: str, returned: Ref, count: int) -> tuple[list[Any], Ref | None]:
    """The values that a forward returned, and its cache, which stays there.  Raises Absent for None."""
    if returned.type not in ("tuple", "list"):
        if returned.type == "NoneType":
            raise Absent("it returns None")
        if count == 1:
            return [host.get(returned)], None  # the output alone
        raise TheirError(
            "TypeError",
            f"{forward} returned a {returned.type}, where {count} values and a cache were expected",
        )
    values = [host.get((returned, i)) for i in range(count)]
    if any(value is None for value in values):
        raise Absent("it returns None")
    return values, host.operate("getitem", returned, count)


def gradients_of(
    layer: Layer, backward: str, arguments: Sequence[Any], grads: Any
) -> dict[str, Array] | None:
    """The gradients by name, each in the shape of its argument; None where nothing is there yet.

    Raises TheirError where some are there and others are None, Misshapen for wrong shapes.
    """
    if empty(grads):
        return None
    names = layer.parameters
    if len(layer.gradients) == 1 and not isinstance(grads, tuple | list):
        grads = [grads]
    if not isinstance(grads, tuple | list) or len(grads) != len(layer.gradients):
        got = f"{len(grads)} values" if isinstance(grads, tuple | list) else "one value"
        wanted = ", ".join(f"d{names[place]}" for _, place in layer.gradients)
        raise TheirError("ValueError", f"{backward} returned {got}, where {wanted} were expected")
    by_name: dict[str, Array] = {}
    odd = ""
    for (name, place), grad in zip(layer.gradients, grads, strict=True):
        if grad is None:
            raise TheirError("TypeError", f"{backward} returned None for d{names[place]}")
        array = fitted(grad, arguments[place])
        if array.shape != np.shape(arguments[place]) and not odd:
            odd = f"{backward} returned d{names[place]} of shape {array.shape}, "
            odd += f"for {names[place]} of shape {np.shape(arguments[place])}"
        by_name[name] = array
    if odd:
        raise Misshapen(odd, by_name)
    return by_name


def readings(layer: Layer | Loss, ask: Ask) -> tuple[Reading, ...]:
    """The usual way to mean it, and the conventions, which are asked in the same way."""
    usual = Reading(careful(ask), formula=layer.formula, narrow=layer.narrow)
    others = (replace(other, ask=usual.ask, narrow=layer.narrow) for other in layer.conventions)
    return (usual, *others)


def _unasked(host: Host, question: Question) -> Answer:
    raise NotImplementedError


def convention(text: str, formula: Callable[..., Any] | None = None) -> Reading:
    """A convention that is asked as the layer itself is."""
    return Reading(_unasked, text, formula)


def careful(ask: Ask) -> Ask:
    """Tell what Python 3 no longer does from what is wrong."""

    def carefully(host: Host, question: Question) -> Answer:
        try:
            return ask(host, question)
        except TheirError as error:
            if error.kind == "TypeError" and any(text in str(error) for text in PYTHON_2):
                raise Beyond(f"it needs Python 2, where / of two integers is an integer: {error}") from None
            raise

    return carefully


# ---- losses, which return their gradient with them ----


@dataclass(frozen=True)
class Loss:
    """A function ``-> loss, gradient``: `gradient` is scratch's name of it, `place` its argument's.

    `shape` gives the gradient the row's layout where that differs.
    """

    algorithm: str
    form: str
    narrow: Callable[[Case], Case]
    into: Callable[[Case], list[Any]]
    gradient: str = "input"
    place: int = 0
    shape: Callable[[Case, Array], Array] = lambda case, grad: grad
    formula: Callable[..., Any] | None = None
    conventions: tuple[Reading, ...] = ()

    @property
    def parameters(self) -> tuple[str, ...]:
        return tuple(self.form.partition("(")[2].partition(")")[0].split(", "))


def asking_loss(loss: Loss, name: str) -> Ask:
    def ask(host: Host, question: Question) -> Answer:
        arguments = loss.into(question.case)
        returned = host.call(name, *arguments)
        value, grad = (
            returned if isinstance(returned, tuple | list) and len(returned) == 2 else (returned, None)
        )
        if empty(value) or _a_start(question, value, grad):
            raise Absent(
                "it returns None" if empty(value) else "it returns a loss of 0 and a gradient of zeros"
            )
        host.note(f"the gradient of {name}", grad is not None)
        if grad is None:
            host.remark("it returns no gradient, so that its gradients were not checked")
            return answer(question, value)
        array = fitted(grad, arguments[loss.place])
        if array.shape != np.shape(arguments[loss.place]):
            raise TheirError(
                "ValueError",
                f"{name} returned a gradient of shape {array.shape}, for {loss.parameters[loss.place]} "
                f"of shape {np.shape(arguments[loss.place])}",
            )
        return answer(
            question, value, {loss.gradient: loss.shape(question.case, array) * question.upstream[0]}
        )

    return ask


def _a_start(question: Question, value: Any, grad: Any) -> bool:
    """Whether nothing but what the assignment hands out is there: 0, and zeros in the shape of W."""
    expected = np.asarray(next(iter(question.parts[0].expected.values())))
    return (
        bool(np.any(expected != 0))
        and not np.any(tensor(value))
        and (grad is None or not np.any(tensor(grad)))
    )

"""The handbook's layers and networks: activations, ``linear_forward``, ``L_model_backward``, costs, …"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from parity_tests.engine.questions import Answer, Question
from parity_tests.people import handbook_formulas as formulas
from parity_tests.people.answers import tensor
from parity_tests.people.binding import Abilities, Beyond, Binding, Reading, Unbound
from parity_tests.people.handbook_functions import (
    Function,
    Maker,
    column,
    columns,
    dictionary,
    entries,
    fields,
    function,
    gradients,
    item,
    outputs,
    sound,
    value,
)
from parity_tests.people.host import Host
from parity_tests.sandbox.wire import Ref

NO_OPTIONS = Abilities(options=frozenset(), arrays=frozenset())


def unbound(maker: Maker, form: str) -> Unbound:
    return Unbound(maker.member.name, f"it would do as {maker.member.name}({form})", maker.member.line)


def back(array: Any, shape: tuple[int, ...]) -> np.ndarray:
    """(features, examples) of theirs as (..., features); what has another size stays as it is."""
    got = tensor(array)
    wide = (shape[-1], int(np.prod(shape[:-1])))
    return got.T.reshape(shape) if got.shape == wide else got


# ---- activations ----


def bind_activation(maker: Maker) -> Binding | Unbound:
    """Bind ``relu(Z)``, which returns A, or A and a cache."""
    name = maker.member.name
    theirs = function(maker.member, "Z", "alpha" if name == "leaky_relu" else "")
    if theirs is None:
        return unbound(maker, "Z")
    abilities = Abilities()
    if name == "leaky_relu":
        abilities = Abilities(options=frozenset({"negative_slope"} if theirs.takes("alpha") else ()))

    def ask(host: Host, question: Question) -> Answer:
        x, options = question.case.arrays["x"], question.case.options
        Z = x.reshape(x.shape[0], -1)
        returned = theirs(host, Z=Z, alpha=options.get("negative_slope"))
        return outputs(question, _same(value(host, returned, 0), x.shape))

    return maker.binding(name, ask, abilities=abilities)


def _same(array: Any, shape: tuple[int, ...]) -> np.ndarray:
    """What came of (n, the rest), in its own shape again."""
    got = tensor(array)
    return got.reshape(shape) if got.shape == (shape[0], int(np.prod(shape[1:]))) else got


def bind_softmax(maker: Maker) -> Binding | Unbound:
    """Bind ``softmax(Z)``, of columns or of rows."""
    theirs = function(maker.member, "Z")
    if theirs is None:
        return unbound(maker, "Z")

    def ask(axis: int, single: bool, host: Host, question: Question) -> Answer:
        x, own_axis = question.case.arrays["x"], question.case.options.get("axis", -1)
        first = np.moveaxis(x, own_axis, 0)
        Z = first.reshape(first.shape[0], -1)
        each = Z.T[:, :, None] if single else [Z.T if axis == 1 else Z]
        got = [tensor(value(host, theirs(host, Z=np.ascontiguousarray(part)), 0)) for part in each]
        if single:
            got = [np.concatenate([part.reshape(-1, 1) for part in got], 1)]
        A = got[0].T if axis == 1 and got[0].ndim == 2 else got[0]
        back = np.moveaxis(A.reshape(first.shape), 0, own_axis) if A.shape == Z.shape else A
        return outputs(question, back)

    readings = [
        Reading(partial(ask, 0, False)),
        Reading(partial(ask, 1, False), "it takes examples as rows"),
    ]
    batches = {"linear_forward", "L_model_forward", "rnn_cell_forward", "lstm_cell_forward"}
    if not batches & set(maker.members):
        readings.append(Reading(partial(ask, 0, True), "it takes one example at a time"))
    return maker.binding("softmax", *readings)


def bind_activation_backward(maker: Maker) -> Binding | Unbound:
    """Bind ``relu_backward(dA, cache)``, whose cache is Z."""
    name = maker.member.name.removesuffix("_backward")
    theirs = function(maker.member, "dA cache")
    if theirs is None:
        return unbound(maker, "dA, cache")
    forward = maker.other(name, "Z")

    def ask(host: Host, question: Question) -> Answer:
        x, (dy,) = question.case.arrays["x"], question.upstream
        Z, dA = x.reshape(x.shape[0], -1), dy.reshape(x.shape[0], -1)
        cache: Any = Z
        if forward is not None:
            returned = forward(host, Z=Z)
            if returned.type == "tuple":
                sound(question, name, _same(value(host, returned, 0), x.shape))
                cache = item(host, returned, 1)
        got = value(host, theirs(host, dA=dA, cache=cache))
        return gradients(question, {"x": _same(got, x.shape)})

    abilities = Abilities(options=frozenset()) if name == "leaky_relu" else Abilities()
    return maker.binding(name, ask, abilities=abilities)


def bind_derivative(maker: Maker) -> Binding | Unbound:
    """Bind ``sigmoid_derivative(x)``, of x or of what the activation makes of it."""
    name = maker.member.name.removesuffix("_derivative")
    theirs = function(maker.member, "Z")
    if theirs is None:
        return unbound(maker, "x")

    def ask(of_output: bool, host: Host, question: Question) -> Answer:
        x, (dy,) = question.case.arrays["x"], question.upstream
        given = question.parts[0].expected["y"] if of_output else x
        slope = _same(value(host, theirs(host, Z=given.reshape(x.shape[0], -1)), 0), x.shape)
        return gradients(question, {"x": slope * dy if slope.shape == dy.shape else slope})

    of_output = "it takes the activation, not what it is the activation of"
    return maker.binding(
        name,
        Reading(partial(ask, False)),
        Reading(partial(ask, True), of_output),
    )


# ---- one layer ----


def bind_linear_forward(maker: Maker) -> Binding | Unbound:
    theirs = function(maker.member, "A W b")
    if theirs is None:
        return unbound(maker, "A, W, b")

    def ask(host: Host, question: Question) -> Answer:
        Z, _ = _through_linear(theirs, host, question)
        return outputs(question, Z)

    return maker.binding("linear", Reading(ask, narrow=formulas.with_bias))


def _through_linear(theirs: Function, host: Host, question: Question) -> tuple[np.ndarray, Ref]:
    x, weight, bias = (question.case.arrays[name] for name in ("input", "weight", "bias"))
    returned = theirs(host, A=columns(x), W=weight, b=column(bias))
    return back(value(host, returned, 0), (*x.shape[:-1], len(weight))), returned


def bind_linear_backward(maker: Maker) -> Binding | Unbound:
    theirs, forward = function(maker.member, "dZ cache"), maker.other("linear_forward", "A W b")
    # Without a forward to go with it, only its words tell it from anybody's backward of a linear layer.
    if theirs is None or (forward is None and "dZ" not in maker.member.takes):
        return unbound(maker, "dZ, cache")

    def ask(host: Host, question: Question) -> Answer:
        x, weight, bias = (question.case.arrays[name] for name in ("input", "weight", "bias"))
        cache: Any = (columns(x), weight, column(bias))
        if forward is not None:
            Z, returned = _through_linear(forward, host, question)
            sound(question, forward.name, Z)
            cache = item(host, returned, 1)
        got = theirs(host, dZ=columns(question.upstream[0]), cache=cache)
        dA, dW, db = (value(host, got, i) for i in range(3))
        return gradients(question, {"input": back(dA, x.shape), "weight": dW, "bias": db})

    plain = "its gradients are sums over the examples: that of the cost must have the 1/m"
    return maker.binding(
        "linear",
        Reading(ask, "", formulas.averaged_linear, formulas.with_bias),
        Reading(ask, plain, None, formulas.with_bias),
        beside=("linear_forward",),
    )


# ---- layers of relu, and a sigmoid at the end ----


@dataclass(frozen=True)
class Given:
    """A case of an `mlp` as the exercises have it."""

    X: np.ndarray
    parameters: dict[str, np.ndarray]
    Y: np.ndarray

    @classmethod
    def of(cls, question: Question) -> Given:
        x, params = question.case.arrays["x"], question.case.arrays["params"]
        return cls(x.T, dictionary(params), formulas.labels(len(x)).T)

    @property
    def layers(self) -> int:
        return len(self.parameters) // 2

    def layer(self, number: int) -> tuple[np.ndarray, np.ndarray]:
        return self.parameters[f"W{number}"], self.parameters[f"b{number}"]

    def forward(self, hidden: str, masks: Any = None) -> list[tuple[np.ndarray, np.ndarray]]:
        """Z and A of every layer, with dropout if there are masks."""
        A, found = self.X, []
        for number in range(1, self.layers + 1):
            W, b = self.layer(number)
            Z = W @ A + b
            with np.errstate(over="ignore"):
                A = 1 / (1 + np.exp(-Z)) if number == self.layers else _activation(hidden, Z)
            if masks is not None and number < self.layers:
                A = A * masks[number - 1].T / formulas.KEEP_PROB
            found.append((Z, A))
        return found

    def grads(self, got: Mapping[str, Any]) -> dict[str, Any]:
        """Their dW1, db1, … by the names of the question."""
        return {f"params.{ours}": got[theirs] for theirs, ours in fields(self.layers)}

    @property
    def grad_names(self) -> dict[str, str]:
        return {f"d{theirs}": theirs for theirs, _ in fields(self.layers)}


def _activation(name: str, Z: np.ndarray) -> np.ndarray:
    return np.maximum(Z, 0) if name == "relu" else np.tanh(Z)


def of_network(maker: Maker, *readings: Reading, beside: tuple[str, ...] = ()) -> Binding:
    """A binding of an `mlp`, whose activations are the dialect's own."""
    return maker.binding("mlp", *readings, abilities=NO_OPTIONS, beside=beside)


def bind_layer_forward(maker: Maker) -> Binding | Unbound:
    """Bind ``linear_activation_forward(A_prev, W, b, activation)``, a whole network layer by layer."""
    theirs = function(maker.member, "A W b activation")
    if theirs is None:
        return unbound(maker, "A_prev, W, b, activation")

    def ask(host: Host, question: Question) -> Answer:
        given = Given.of(question)
        AL, _ = _layer_by_layer(theirs, host, given)
        return outputs(question, back(AL, np.shape(question.parts[0].expected["y"])))

    return of_network(maker, Reading(ask, "", formulas.network, formulas.one_output))


def _layer_by_layer(theirs: Function, host: Host, given: Given) -> tuple[Any, list[Ref]]:
    A: Any = given.X
    caches = []
    for number in range(1, given.layers + 1):
        W, b = given.layer(number)
        kind = "sigmoid" if number == given.layers else "relu"
        returned = theirs(host, A=A, W=W, b=b, activation=kind)
        A = value(host, returned, 0)
        if returned.type in ("tuple", "list"):
            caches.append(item(host, returned, 1))
    return A, caches


def bind_layer_backward(maker: Maker) -> Binding | Unbound:
    """Bind ``linear_activation_backward(dA, cache, activation)``, a whole network layer by layer."""
    theirs = function(maker.member, "dA cache activation")
    forward = maker.other("linear_activation_forward", "A W b activation")
    if theirs is None:
        return unbound(maker, "dA, cache, activation")

    def ask(host: Host, question: Question) -> Answer:
        given = Given.of(question)
        caches: list[Any] = _caches(given)
        if forward is not None:
            AL, caches = _layer_by_layer(forward, host, given)
            shape = np.shape(question.parts[0].expected["y"])
            sound(question, forward.name, back(AL, shape))
        dA, grads = columns(question.upstream[0]), {}
        for number in range(given.layers, 0, -1):
            kind = "sigmoid" if number == given.layers else "relu"
            returned = theirs(host, dA=dA, cache=caches[number - 1], activation=kind)
            dA, grads[f"W{number}"], grads[f"b{number}"] = (value(host, returned, i) for i in range(3))
        return gradients(question, {"x": back(dA, given.X.T.shape), **given.grads(grads)})

    beside = ("linear_activation_forward",)
    return of_network(maker, Reading(ask, "", formulas.network, formulas.one_output), beside=beside)


def _caches(given: Given) -> list[Any]:
    """Those of the exercise: ((A_prev, W, b), Z) for every layer."""
    A, caches = given.X, []
    for number, (Z, after) in enumerate(given.forward("relu"), start=1):
        caches.append(((A, *given.layer(number)), Z))
        A = after
    return caches


def bind_model_forward(maker: Maker) -> Binding | Unbound:
    """Bind ``L_model_forward(X, parameters)``."""
    theirs = function(maker.member, "X parameters")
    if theirs is None:
        return unbound(maker, "X, parameters")

    def ask(host: Host, question: Question) -> Answer:
        given = Given.of(question)
        AL = value(host, theirs(host, X=given.X, parameters=given.parameters), 0)
        return outputs(question, back(AL, np.shape(question.parts[0].expected["y"])))

    return of_network(maker, Reading(ask, "", formulas.network, formulas.one_output))


def bind_model_backward(maker: Maker) -> Binding | Unbound:
    """Bind ``L_model_backward(AL, Y, caches)``, the gradients of the mean cost."""
    theirs = function(maker.member, "AL Y caches")
    forward = maker.other("L_model_forward", "X parameters")
    if theirs is None:
        return unbound(maker, "AL, Y, caches")

    def ask(host: Host, question: Question) -> Answer:
        given = Given.of(question)
        AL: Any = given.forward("relu")[-1][1]
        caches: Any = _caches(given)
        if forward is not None:
            returned = forward(host, X=given.X, parameters=given.parameters)
            got = value(host, returned, 0)
            if tensor(got).shape != AL.shape or not np.allclose(got, AL, rtol=1e-6, atol=1e-300):
                raise Beyond("its caches come from L_model_forward, which is wrong here")
            AL, caches = got, item(host, returned, 1)
        returned = theirs(host, AL=AL, Y=given.Y, caches=caches)
        return parameter_gradients(host, question, given, returned)

    return of_network(
        maker,
        Reading(ask, "", formulas.cost_of_network, formulas.one_output),
        beside=("L_model_forward",),
    )


def parameter_gradients(host: Host, question: Question, given: Given, returned: Ref) -> Answer:
    """dW1, db1, … as the gradients of the question, whose upstream gradient theirs do not have."""
    got = entries(host, returned, 0, given.grad_names)
    (dloss,) = question.upstream
    return gradients(question, given.grads({name: tensor(g) * float(dloss) for name, g in got.items()}))

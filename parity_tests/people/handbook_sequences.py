"""The handbook's recurrent networks: x as (n_x, m, T_x), ``Waa, Wax, Wya`` or ``Wf, Wi, Wc, Wo``."""

from __future__ import annotations

from typing import Any

import numpy as np

from parity_tests.engine.questions import Answer, Question
from parity_tests.people import handbook_recurrent as formulas
from parity_tests.people.answers import tensor
from parity_tests.people.binding import Abilities, Binding, Reading, Unbound
from parity_tests.people.handbook_functions import (
    Function,
    Maker,
    column,
    entries,
    function,
    gradients,
    item,
    outputs,
    sound,
    value,
)
from parity_tests.people.host import Host
from parity_tests.sandbox.wire import Ref

NO_OPTIONS = Abilities(options=frozenset())


def _unbound(maker: Maker, form: str, forward: str = "") -> Unbound:
    with_it = f", with its {forward} beside it" if forward else ""
    return Unbound(
        maker.member.name, f"it would do as {maker.member.name}({form}){with_it}", maker.member.line
    )


def time_last(x: np.ndarray) -> np.ndarray:
    """(T, N, D) as (n_x, m, T_x)."""
    return np.ascontiguousarray(x.transpose(2, 1, 0))


def time_first(array: Any) -> np.ndarray:
    """(n, m, T_x) of theirs as (T, N, n)."""
    got = tensor(array)
    return got.transpose(2, 1, 0) if got.ndim == 3 else got


def across(array: Any) -> np.ndarray:
    """(n, m) of theirs as (N, n)."""
    got = tensor(array)
    return got.T if got.ndim == 2 else got


# ---- networks of one tanh ----


def _rnn_given(question: Question) -> tuple[np.ndarray, np.ndarray, dict[str, np.ndarray]]:
    """x, a0 and the parameters of a case."""
    arrays = question.case.arrays
    x, h_0 = arrays["x"], arrays["h_0"]
    a0 = np.zeros((x.shape[1], len(arrays["W_hh"]))) if h_0 is None else h_0
    parameters = {
        "Waa": arrays["W_hh"],
        "Wax": arrays["W_xh"],
        "Wya": arrays["W_hy"],
        "ba": column(arrays["b_h"]),
        "by": column(arrays["b_y"]),
    }
    return x, a0.T, parameters


def bind_rnn_cell_forward(maker: Maker) -> Binding | Unbound:
    theirs = function(maker.member, "xt a_prev parameters")
    if theirs is None:
        return _unbound(maker, "xt, a_prev, parameters")

    def ask(host: Host, question: Question) -> Answer:
        a_next, yt, _ = _rnn_cell(theirs, host, question)
        return outputs(question, {"a_next": a_next, "yt_pred": yt})

    return maker.binding("rnn_with_output", ask, formula=formulas.rnn_cell_predicted, abilities=NO_OPTIONS)


def _rnn_cell(theirs: Function, host: Host, question: Question) -> tuple[Any, Any, Ref]:
    x, a_prev, parameters = _rnn_given(question)
    returned = theirs(host, xt=x[0].T, a_prev=a_prev, parameters=parameters)
    return across(value(host, returned, 0)), across(value(host, returned, 1)), returned


def bind_rnn_cell_backward(maker: Maker) -> Binding | Unbound:
    theirs, forward = (
        function(maker.member, "da_next cache"),
        maker.other("rnn_cell_forward", "xt a_prev parameters"),
    )
    if theirs is None or forward is None:
        return _unbound(maker, "da_next, cache", "rnn_cell_forward")

    def ask(host: Host, question: Question) -> Answer:
        a_next, _, returned = _rnn_cell(forward, host, question)
        sound(question, forward.name, a_next)
        got = theirs(host, da_next=question.upstream[0].T, cache=item(host, returned, 2))
        names = {name: name for name in ("dxt", "da_prev", "dWax", "dWaa", "dba")}
        return gradients(question, _transposed(entries(host, got, 0, names), "dxt", "da_prev"))

    return maker.binding(
        "rnn_with_output",
        ask,
        formula=formulas.rnn_cell_hidden,
        abilities=NO_OPTIONS,
        beside=("rnn_cell_forward",),
    )


def _transposed(grads: dict[str, Any], *names: str) -> dict[str, Any]:
    return {name: across(grad) if name in names else grad for name, grad in grads.items()}


def _of_characters(maker: Maker) -> Unbound | None:
    """The exercise with a model of characters has functions of the same names, over dictionaries of steps."""
    if not {"X", "Y", "parameters"} <= set(maker.member.takes):
        return None
    reason = "it is that of the character model, with the loss inside, and no layer by itself"
    return Unbound(maker.member.name, reason, maker.member.line, settled=True)


def bind_rnn_forward(maker: Maker) -> Binding | Unbound:
    theirs, namesake = function(maker.member, "x a0 parameters"), _of_characters(maker)
    if namesake is not None:
        return namesake
    if theirs is None:
        return _unbound(maker, "x, a0, parameters")

    def ask(host: Host, question: Question) -> Answer:
        x, a0, parameters = _rnn_given(question)
        returned = theirs(host, x=time_last(x), a0=a0, parameters=parameters)
        a, y = (time_first(value(host, returned, i)) for i in (0, 1))
        return outputs(question, {"a": a, "y_pred": y})

    return maker.binding(
        "rnn_with_output",
        ask,
        formula=formulas.rnn_predicted,
        abilities=NO_OPTIONS,
        beside=("rnn_cell_forward",),
    )


def bind_rnn_backward(maker: Maker) -> Binding | Unbound:
    theirs, forward = function(maker.member, "da caches"), maker.other("rnn_forward", "x a0 parameters")
    namesake = _of_characters(maker)
    if namesake is not None:
        return namesake
    if theirs is None or forward is None:
        return _unbound(maker, "da, caches", "rnn_forward")

    def ask(host: Host, question: Question) -> Answer:
        x, a0, parameters = _rnn_given(question)
        returned = forward(host, x=time_last(x), a0=a0, parameters=parameters)
        sound(question, forward.name, time_first(value(host, returned, 0)))
        got = theirs(host, da=time_last(question.upstream[0]), caches=item(host, returned, 2))
        grads = entries(host, got, 0, {name: name for name in ("dx", "da0", "dWax", "dWaa", "dba")})
        grads["dx"] = time_first(grads["dx"])
        return gradients(question, _transposed(grads, "da0"))

    return maker.binding(
        "rnn_with_output",
        ask,
        formula=formulas.rnn_hidden,
        abilities=NO_OPTIONS,
        beside=("rnn_forward", "rnn_cell_backward"),
    )


# ---- LSTMs ----


def _lstm_parameters(weights: tuple[np.ndarray, np.ndarray, np.ndarray]) -> dict[str, np.ndarray]:
    """Wf, Wi, Wc, Wo beside each other for state and x, with Wy and by."""
    weight_ih, weight_hh, bias = weights
    parameters = {}
    for rows, b, name in zip(
        np.split(np.concatenate([weight_hh, weight_ih], 1), 4), np.split(bias, 4), formulas.GATES, strict=True
    ):
        parameters[f"W{name}"], parameters[f"b{name}"] = rows, column(b)
    Wy, by = formulas.output_layer(weight_hh)
    return {**parameters, "Wy": Wy, "by": column(by)}


GATE_GRADIENTS = [f"d{kind}{gate}" for gate in formulas.GATES for kind in "Wb"]


def bind_lstm_cell_forward(maker: Maker) -> Binding | Unbound:
    theirs = function(maker.member, "xt a_prev c_prev parameters")
    if theirs is None:
        return _unbound(maker, "xt, a_prev, c_prev, parameters")

    def ask(host: Host, question: Question) -> Answer:
        returned = _lstm_cell(theirs, host, question)
        a, c, y = (across(value(host, returned, i)) for i in range(3))
        return outputs(question, {"a_next": a, "c_next": c, "yt_pred": y})

    return maker.binding("lstm_cell", ask, formula=formulas.lstm_cell_predicted)


def _lstm_cell(theirs: Function, host: Host, question: Question) -> Ref:
    arrays = question.case.arrays
    weights = formulas.lstm_weights(arrays["params"], "")
    x, nothing = arrays["x"], np.zeros((len(arrays["x"]), weights[1].shape[1]))
    a, c = (nothing if arrays[name] is None else arrays[name] for name in ("h", "c"))
    return theirs(host, xt=x.T, a_prev=a.T, c_prev=c.T, parameters=_lstm_parameters(weights))


def bind_lstm_cell_backward(maker: Maker) -> Binding | Unbound:
    theirs = function(maker.member, "da_next dc_next cache")
    forward = maker.other("lstm_cell_forward", "xt a_prev c_prev parameters")
    if theirs is None or forward is None:
        return _unbound(maker, "da_next, dc_next, cache", "lstm_cell_forward")

    def ask(host: Host, question: Question) -> Answer:
        returned = _lstm_cell(forward, host, question)
        sound(question, forward.name, *(across(value(host, returned, i)) for i in range(2)))
        da, dc = question.upstream
        got = theirs(host, da_next=da.T, dc_next=dc.T, cache=item(host, returned, 3))
        names = ["dxt", "da_prev", "dc_prev", *GATE_GRADIENTS]
        grads = entries(host, got, 0, {name: name for name in names})
        return gradients(question, _transposed(grads, "dxt", "da_prev", "dc_prev"))

    return maker.binding("lstm_cell", ask, formula=formulas.lstm_cell_states, beside=("lstm_cell_forward",))


def bind_lstm_forward(maker: Maker) -> Binding | Unbound:
    theirs = function(maker.member, "x a0 parameters")
    if theirs is None:
        return _unbound(maker, "x, a0, parameters")

    def ask(host: Host, question: Question) -> Answer:
        returned = _lstm(theirs, host, question)
        a, y, c = (time_first(value(host, returned, i)) for i in range(3))
        return outputs(question, {"a": a, "y": y, "c": c})

    return maker.binding(
        "lstm",
        Reading(ask, formula=formulas.lstm_predicted, narrow=formulas.first_layer),
        beside=("lstm_cell_forward",),
    )


def _lstm(theirs: Function, host: Host, question: Question) -> Ref:
    arrays = question.case.arrays
    weights = formulas.lstm_weights(arrays["params"], "_l0")
    return theirs(host, x=time_last(arrays["x"]), a0=arrays["h_0"][0].T, parameters=_lstm_parameters(weights))


def bind_lstm_backward(maker: Maker) -> Binding | Unbound:
    theirs, forward = function(maker.member, "da caches"), maker.other("lstm_forward", "x a0 parameters")
    if theirs is None or forward is None:
        return _unbound(maker, "da, caches", "lstm_forward")

    def ask(host: Host, question: Question) -> Answer:
        returned = _lstm(forward, host, question)
        sound(question, forward.name, time_first(value(host, returned, 0)))
        got = theirs(host, da=time_last(question.upstream[0]), caches=item(host, returned, 3))
        grads = entries(host, got, 0, {name: name for name in ["dx", "da0", *GATE_GRADIENTS]})
        grads["dx"] = time_first(grads["dx"])
        return gradients(question, _transposed(grads, "da0"))

    return maker.binding(
        "lstm",
        Reading(ask, formula=formulas.lstm_hidden, narrow=formulas.first_layer),
        beside=("lstm_forward", "lstm_cell_backward"),
    )

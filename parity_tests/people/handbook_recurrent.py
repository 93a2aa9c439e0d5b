"""What the handbook's recurrent networks compute, with gradients by the names that the exercises have."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np

from parity_tests.engine.cases import Case
from parity_tests.people.binding import Beyond
from scratch.activations import softmax, tanh
from scratch.linear import linear
from scratch.recurrent import lstm_step

Params = Mapping[str, Any]
Pair = tuple[Any, Callable[..., Any]]


class Cell(NamedTuple):
    """What ``rnn_cell_forward`` returns."""

    a_next: Any
    yt_pred: Any


class LSTMCell(NamedTuple):
    """What ``lstm_cell_forward`` returns."""

    a_next: Any
    c_next: Any
    yt_pred: Any


class LSTMStates(NamedTuple):
    """What ``lstm_cell_backward`` goes back through."""

    a_next: Any
    c_next: Any


class Run(NamedTuple):
    """What ``rnn_forward`` returns, timesteps first."""

    a: Any
    y_pred: Any


class LSTMRun(NamedTuple):
    """What ``lstm_forward`` returns, timesteps first."""

    a: Any
    y: Any
    c: Any


def _rnn(x: Any, Wax: Any, Waa: Any, ba: Any, a0: Any) -> Pair:
    """a (T, N, H) with a way back by the names of the exercise."""
    a, hidden, back = a0, [], []
    for xt in x:
        from_x, through_x = linear(xt, Wax, ba)
        from_a, through_a = linear(a, Waa)
        a, through_f = tanh(from_x + from_a)
        hidden.append(a)
        back.append((through_x, through_a, through_f))

    def backward(da: Any) -> dict[str, Any]:
        grads: dict[str, Any] = {}
        carried = np.zeros_like(a0)
        dx: list[Any] = []
        for t in reversed(range(len(back))):
            through_x, through_a, through_f = back[t]
            dZ = through_f(da[t] + carried)["x"]
            of_x, of_a = through_x(dZ), through_a(dZ)
            carried = of_a["input"]
            dx.insert(0, of_x["input"])
            for name, grad in (("dWax", of_x["weight"]), ("dWaa", of_a["weight"]), ("dba", of_x["bias"])):
                grads[name] = grads[name] + grad if name in grads else grad
        return {"dx": np.stack(dx), "da0": carried, **grads}

    return np.stack(hidden), backward


def _no_state(x: Any, W_hh: Any, h_0: Any) -> Any:
    return np.zeros_like(W_hh, shape=(x.shape[1], W_hh.shape[1])) if h_0 is None else h_0


def rnn_cell_predicted(x: Any, W_xh: Any, W_hh: Any, b_h: Any, W_hy: Any, b_y: Any, h_0: Any = None) -> Any:
    """One timestep: a_next = tanh(Wax x + Waa a + ba), yt_pred = softmax(Wya a_next + by)."""
    a, _ = _rnn(x[:1], W_xh, W_hh, b_h, _no_state(x, W_hh, h_0))
    return Cell(a[0], softmax(linear(a[0], W_hy, b_y)[0])[0])


def rnn_predicted(x: Any, W_xh: Any, W_hh: Any, b_h: Any, W_hy: Any, b_y: Any, h_0: Any = None) -> Any:
    """All timesteps, from a0."""
    a, _ = _rnn(x, W_xh, W_hh, b_h, _no_state(x, W_hh, h_0))
    return Run(a, softmax(linear(a, W_hy, b_y)[0])[0])


def rnn_hidden(x: Any, W_xh: Any, W_hh: Any, b_h: Any, W_hy: Any, b_y: Any, h_0: Any = None) -> Pair:
    """The hidden states alone, which is what ``rnn_backward(da, caches)`` goes back through."""
    a, through = _rnn(x, W_xh, W_hh, b_h, _no_state(x, W_hh, h_0))

    def backward(da: Any) -> dict[str, Any]:
        return through(da)

    return a, backward


def rnn_cell_hidden(x: Any, W_xh: Any, W_hh: Any, b_h: Any, W_hy: Any, b_y: Any, h_0: Any = None) -> Pair:
    """a_next alone, which is what ``rnn_cell_backward(da_next, cache)`` goes back through."""
    a, through = _rnn(x[:1], W_xh, W_hh, b_h, _no_state(x, W_hh, h_0))

    def backward(da_next: Any) -> dict[str, Any]:
        grads = through(da_next[None])
        return {
            "dxt": grads["dx"][0],
            "da_prev": grads["da0"],
            **{n: grads[n] for n in ("dWax", "dWaa", "dba")},
        }

    return a[0], backward


GATES = ("i", "f", "c", "o")  # in the order of the rows of scratch's parameters


def output_layer(weight_hh: Any) -> tuple[Any, Any]:
    """Wy (K, H) and by (K,), which the cases do not have."""
    return weight_hh[:3], weight_hh[:3, 0]


def _lstm(x: Any, weights: tuple[Any, Any, Any], a0: Any, c0: Any) -> tuple[Any, Any, Callable[..., Any]]:
    weight_ih, weight_hh, bias = weights
    a, c, hidden, cells, back = a0, c0, [], [], []
    nothing = np.zeros_like(bias)
    for xt in x:
        from_x, through_x = linear(xt, weight_ih, bias)
        before = a
        (a, c), through = lstm_step(from_x, (a, c), weight_hh, nothing)
        hidden.append(a)
        cells.append(c)
        back.append((before, through_x, through))

    def backward(da: Any, dc_last: Any) -> dict[str, Any]:
        d_a, d_c = np.zeros_like(a0), dc_last
        dx: list[Any] = []
        total: dict[str, Any] = {}
        for t in reversed(range(len(back))):
            before, through_x, through = back[t]
            dZ, _, (d_a, d_c) = through(da[t] + d_a, d_c)
            of_x = through_x(dZ)
            dx.insert(0, of_x["input"])
            # Their weights stand side by side: first those of the state, then those of x.
            dW = np.concatenate([dZ.T @ before, of_x["weight"]], -1)
            for name, rows, db in zip(GATES, np.split(dW, 4), np.split(of_x["bias"], 4), strict=True):
                for key, grad in ((f"dW{name}", rows), (f"db{name}", db)):
                    total[key] = total[key] + grad if key in total else grad
        return {"dx": np.stack(dx), "da0": d_a, "dc0": d_c, **total}

    return np.stack(hidden), np.stack(cells), backward


def lstm_weights(params: Params, suffix: str) -> tuple[Any, Any, Any]:
    """The weights of one layer, and the sum of its two biases."""
    weight_ih, weight_hh = params["weight_ih" + suffix], params["weight_hh" + suffix]
    if "bias_ih" + suffix not in params:
        return weight_ih, weight_hh, np.zeros_like(weight_ih[:, 0])
    return weight_ih, weight_hh, params["bias_ih" + suffix] + params["bias_hh" + suffix]


def _state(given: Any, weight_hh: Any, N: int) -> Any:
    return np.zeros_like(weight_hh, shape=(N, weight_hh.shape[1])) if given is None else given


def lstm_cell_predicted(x: Any, params: Params, h: Any = None, c: Any = None, *, bias: bool = True) -> Any:
    """One timestep of ``lstm_cell_forward``."""
    weights = lstm_weights(params, "")
    a0, c0 = _state(h, weights[1], len(x)), _state(c, weights[1], len(x))
    a, c_next, _ = _lstm(x[None], weights, a0, c0)
    return LSTMCell(a[0], c_next[0], softmax(linear(a[0], *output_layer(weights[1]))[0])[0])


def lstm_cell_states(x: Any, params: Params, h: Any = None, c: Any = None, *, bias: bool = True) -> Pair:
    """Both states, which ``lstm_cell_backward(da_next, dc_next, cache)`` goes back through."""
    weights = lstm_weights(params, "")
    a0, c0 = _state(h, weights[1], len(x)), _state(c, weights[1], len(x))
    a, c_next, through = _lstm(x[None], weights, a0, c0)

    def backward(da_next: Any, dc_next: Any) -> dict[str, Any]:
        grads = through(da_next[None], dc_next)
        own = {"dxt": grads.pop("dx")[0], "da_prev": grads.pop("da0"), "dc_prev": grads.pop("dc0")}
        return {**own, **grads}

    return LSTMStates(a[0], c_next[0]), backward


def first_layer(case: Case) -> Case:
    """A case of an `lstm` without all but its first layer, from a cell state of zeros."""
    x = case.arrays["x"]
    if np.isnan(x).any():
        raise Beyond("it takes no lengths")
    params = {name: param for name, param in case.arrays["params"].items() if name.endswith("_l0")}
    h_0 = case.arrays.get("h_0")
    if h_0 is None or h_0.shape[1] != x.shape[1]:
        h_0 = np.zeros((1, x.shape[1], params["weight_hh_l0"].shape[1]))
    return replace(case, arrays={"x": x, "params": params, "h_0": h_0[:1]}, options={})


def _layer(params: Params, h_0: Any) -> tuple[tuple[Any, Any, Any], Any, Any]:
    return lstm_weights(params, "_l0"), h_0[0], np.zeros_like(h_0[0])


def lstm_predicted(x: Any, params: Params, h_0: Any) -> Any:
    """All timesteps of ``lstm_forward``, from a0 and a cell state of zeros."""
    weights, a0, c0 = _layer(params, h_0)
    a, c, _back = _lstm(x, weights, a0, c0)
    return LSTMRun(a, softmax(linear(a, *output_layer(weights[1]))[0])[0], c)


def lstm_hidden(x: Any, params: Params, h_0: Any) -> Pair:
    """The hidden states alone, which ``lstm_backward(da, caches)`` goes back through."""
    weights, a0, c0 = _layer(params, h_0)
    a, _, through = _lstm(x, weights, a0, c0)

    def backward(da: Any) -> dict[str, Any]:
        grads = through(da, np.zeros_like(c0))
        return {name: grad for name, grad in grads.items() if name != "dc0"}

    return a, backward

"""rnn_layers.py: cells and sequences of RNNs and LSTMs, sequences first, gates i, f, o, g."""

from __future__ import annotations

from typing import Any

import numpy as np

from parity_tests.engine.cases import Case
from parity_tests.people.cs231n_pairs import Array, Layer, changed, given, rng_of
from scratch.recurrent import lstm, rnn

NAMES = ("weight_ih", "weight_hh", "bias_ih")


def _parameters(case: Case, suffix: str = "") -> dict[str, Array]:
    """The parameters of the first layer; its second bias, which theirs have not, is zero."""
    params = case.arrays["params"]
    rows = len(params[f"weight_hh{suffix}"])
    bias = params.get(f"bias_ih{suffix}")
    if bias is None:
        bias = 0.5 * rng_of(case, "bias").standard_normal(rows)
    kept = {f"{name}{suffix}": params[f"{name}{suffix}"] for name in NAMES[:2]}
    return {**kept, f"bias_ih{suffix}": bias, f"bias_hh{suffix}": np.zeros(rows)}


def _units(case: Case, suffix: str = "") -> int:
    return int(case.arrays["params"][f"weight_hh{suffix}"].shape[1])


def _reordered(gates: Array) -> Array:
    """The rows of i, f, g, o as those of i, f, o, g, and back."""
    i, f, third, fourth = np.split(gates, 4, 0)
    return np.concatenate([i, f, fourth, third], 0)


def _matrices(case: Case, suffix: str = "") -> list[Array]:
    """Wx (D, H), Wh (H, H) and b (H,), or with the columns of four gates."""
    params = [case.arrays["params"][f"{name}{suffix}"] for name in NAMES]
    if len(params[1]) != params[1].shape[1]:
        params = [_reordered(array) for array in params]
    return [array.T for array in params]


def _back(suffix: str) -> Any:
    """Gradients of Wx, Wh, b as those of params; both biases have the same."""

    def back(case: Case, grads: dict[str, Array]) -> dict[str, Array]:
        params = case.arrays["params"]
        gated = len(params[f"weight_hh{suffix}"]) != _units(case, suffix)
        by_name: dict[str, Array] = {}
        for name, grad in grads.items():
            if name in NAMES:
                turned = _reordered(grad.T) if gated else grad.T
                by_name[f"params.{name}{suffix}"] = turned
                if name == "bias_ih":
                    by_name[f"params.bias_hh{suffix}"] = turned
            else:
                by_name[name] = grad.reshape(case.arrays[name].shape)
        return by_name

    return back


# ---- cells ----


def _cell_case(case: Case) -> Case:
    N, H = len(case.arrays["x"]), _units(case)
    states: dict[str, Any] = {name: given(case, name, N, H) for name in ("h", "c") if name in case.arrays}
    return changed(case, {"x": case.arrays["x"], "params": _parameters(case), **states})


def _cell(case: Case) -> list[Any]:
    states = [case.arrays[name] for name in ("h", "c") if name in case.arrays]
    return [case.arrays["x"], *states, *_matrices(case)]


RNN_STEP = Layer(
    "rnn_cell",
    "rnn_step_forward(x, prev_h, Wx, Wh, b)",
    _cell_case,
    _cell,
    tuple((name, place) for place, name in enumerate(("x", "h", *NAMES))),
    back=_back(""),
)
LSTM_STEP = Layer(
    "lstm_cell",
    "lstm_step_forward(x, prev_h, prev_c, Wx, Wh, b)",
    _cell_case,
    _cell,
    tuple((name, place) for place, name in enumerate(("x", "h", "c", *NAMES))),
    out=lambda case, values, settings: {"h": values[0], "c": values[1]},
    back=_back(""),
    returns=2,
)


# ---- sequences ----


def _sequence_case(case: Case) -> Case:
    """One layer in one direction, of sequences that are all as long; x (N, T, D), h_0 (1, N, H)."""
    x = case.arrays["x"] if case.options.get("batch_first") else case.arrays["x"].swapaxes(0, 1)
    if np.isnan(x).any():
        x = np.where(np.isnan(x), rng_of(case, "x").standard_normal(x.shape), x)
    h_0 = case.arrays.get("h_0")
    h_0 = given(case, "h_0", 1, len(x), _units(case, "_l0")) if h_0 is None else h_0[:1]
    return changed(case, {"x": x, "params": _parameters(case, "_l0"), "h_0": h_0})


def _sequence(case: Case) -> list[Any]:
    return [case.arrays["x"], case.arrays["h_0"][0], *_matrices(case, "_l0")]


def _rnn(x: Any, params: Any, h_0: Any) -> Any:
    """scratch's rnn, whose output is all that comes back."""
    (output, h_n), through = rnn(x, params, h_0, batch_first=True)

    def backward(d_output: Any) -> Any:
        return through(d_output, np.zeros_like(h_n))

    return output, backward


def _lstm(x: Any, params: Any, h_0: Any) -> Any:
    """The same of lstm, whose cell state begins at zero."""
    (output, h_n, c_n), through = lstm(x, params, h_0, np.zeros_like(h_0), batch_first=True)

    def backward(d_output: Any) -> Any:
        grads = dict(through(d_output, np.zeros_like(h_n), np.zeros_like(c_n)))
        grads.pop("c_0")
        return grads

    return output, backward


SEQUENCE = tuple((name, place) for place, name in enumerate(("x", "h_0", *NAMES)))
RNN = Layer(
    "rnn",
    "rnn_forward(x, h0, Wx, Wh, b)",
    _sequence_case,
    _sequence,
    SEQUENCE,
    back=_back("_l0"),
    formula=_rnn,
)
LSTM = Layer(
    "lstm",
    "lstm_forward(x, h0, Wx, Wh, b)",
    _sequence_case,
    _sequence,
    SEQUENCE,
    back=_back("_l0"),
    formula=_lstm,
)

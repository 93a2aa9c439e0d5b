"""Recurrent networks: cells, layers and directions, first states, sequences of all lengths."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from parity_tests.catalogue._entry import Operation, chapter
from parity_tests.engine.cases import Array, Case, Draw, round_to
from parity_tests.engine.trees import flatten

GATES = {"rnn": 1, "lstm": 4, "gru": 3}


def inputs(d: Draw, *shape: int) -> Array:
    return d.array("x", shape, d.regime("large", "tiny"))


def parameters(d: Draw, suffix: str, rows: int, D: int, H: int, *, bias: bool = True) -> dict[str, Array]:
    """The parameters of a cell, of an order that keeps its gates moderate.

    Against x up to 1000 its weight is small: the error of e^−Z, which is larger than e^−Z itself, must not
    overflow, and float32 must not underflow.
    """
    against_large = suffix.removesuffix("_reverse") in ("", "_l0") and d.answers["regime"] == "large"
    scales = {"weight_ih": 0.03 / D if against_large else 0.7 * D**-0.5, "weight_hh": 0.6 * H**-0.5}
    shapes: dict[str, tuple[int, ...]] = {"weight_ih": (rows, D), "weight_hh": (rows, H)}
    shapes |= {"bias_ih": (rows,), "bias_hh": (rows,)} if bias else {}
    values = {name: scales.get(name, 0.5) * d.array(name + suffix, shape) for name, shape in shapes.items()}
    return {name + suffix: round_to(array, d.dtype) for name, array in values.items()}


def first(d: Draw, names: tuple[str, ...], *shape: int, needed: str = "") -> dict[str, Array | None]:
    """Each of the states to start from, or none."""
    given = {name: name == needed or d.choice(f"with_{name}", True, False) for name in names}
    return {name: d.array(name, shape) if given[name] else None for name in names}


def nonlinearity(d: Draw) -> dict[str, str]:
    return {"nonlinearity": d.choice("nonlinearity", "tanh", "relu")}


def finish(d: Draw, arrays: dict[str, Any], options: dict[str, Any], outputs: tuple[str, ...] = ()) -> Case:
    """The case, with the gradients that may be zero in it and, for relu, the `outputs` that may.

    The gradients of a single unit are single sums, which may cancel: no case to demand tight bounds of.
    """
    gradients = [f"grad {name}" for name in flatten(arrays)]
    allow_zero = {}
    if d.answers["regime"] == "large":
        allow_zero = dict.fromkeys(gradients, "saturated units pass nothing on")
    if options.get("nonlinearity") == "relu":
        d.smooth = False
        allow_zero = dict.fromkeys((*outputs, *gradients), "units that are off pass nothing on")
    return d.case(arrays, options, allow_zero=allow_zero, benign=d.answers["H"] > 1)


def cell(kind: str) -> Callable[[Draw], Case]:
    def draw(d: Draw) -> Case:
        N, D, H = d.integer("N", 1, 5), d.integer("D", 1, 6), d.integer("H", 1, 5)
        x, bias = inputs(d, N, D), d.choice("bias", True, False)
        params = parameters(d, "", GATES[kind] * H, D, H, bias=bias)
        state = first(d, ("h", "c") if kind == "lstm" else ("h",), N, H)
        options = {"bias": bias, **(nonlinearity(d) if kind == "rnn" else {})}
        case = finish(d, {"x": x, "params": params, **state}, options, ("y",))
        if state["h"] is None:
            case.allow_zero["grad params.weight_hh"] = "it has no h to meet"
        return case

    return draw


def network(kind: str) -> Callable[[Draw], Case]:
    """Either a state or two timesteps: the recurrent weights must meet an h that is not zero."""

    def draw(d: Draw) -> Case:
        T, N, D, H = d.integer("T", 1, 8), d.integer("N", 1, 4), d.integer("D", 1, 5), d.integer("H", 1, 5)
        num_layers, bidirectional = d.integer("num_layers", 1, 3), d.choice("bidirectional", False, True)
        bias, batch_first = d.choice("bias", True, False), d.choice("batch_first", False, True)
        suffixes = [f"_l{i}{end}" for i in range(num_layers) for end in ("", "_reverse")[: 1 + bidirectional]]
        F = (1 + bidirectional) * H
        x = inputs(d, T, N, D)
        params: dict[str, Array] = {}
        for suffix in suffixes:
            features = D if suffix.startswith("_l0") else F
            params |= parameters(d, suffix, GATES[kind] * H, features, H, bias=bias)
        names = ("h_0", "c_0") if kind == "lstm" else ("h_0",)
        state = first(d, names, len(suffixes), N, H, needed="h_0" if T == 1 else "")
        arrays: dict[str, Any] = {"x": x, "params": params, **state}
        options: dict[str, Any] = {"num_layers": num_layers, "bidirectional": bidirectional, "bias": bias}
        options |= {"batch_first": batch_first, **(nonlinearity(d) if kind == "rnn" else {})}
        if d.choice("with_lengths", False, True):
            arrays["lengths"] = lengths = 1 + d.integers("lengths", (N,), T)
            lengths[0] = max(lengths[0], min(T, 2))
            if d.choice("padding", "noise", "nan") == "nan":
                x[np.arange(T)[:, None] >= lengths] = np.nan
        if num_layers > 1 and d.choice("with_dropout", False, True):
            options["dropout"] = d.real("dropout", 0.1, 0.8)
            arrays["dropout_mask"] = mask = d.mask("dropout_mask", (num_layers - 1, T, N, F))
            mask[..., 0] = True  # something must get through
        if batch_first:
            time = {"x": (0, 1), "dropout_mask": (1, 2)}
            arrays |= {name: arrays[name].swapaxes(*axes) for name, axes in time.items() if name in arrays}
        return finish(d, arrays, options, ("output", "h_n"))

    return draw


def with_output(d: Draw) -> Case:
    T, N, D, H = d.integer("T", 1, 8), d.integer("N", 1, 4), d.integer("D", 1, 5), d.integer("H", 1, 5)
    x, cell = inputs(d, T, N, D), parameters(d, "", H, D, H)
    K = d.integer("K", 1, 4)
    arrays = {
        "x": x,
        "W_xh": cell["weight_ih"],
        "W_hh": cell["weight_hh"],
        "b_h": cell["bias_ih"],
        "W_hy": d.array("W_hy", (K, H)),
        "b_y": d.array("b_y", (K,)),
        **first(d, ("h_0",), N, H, needed="h_0" if T == 1 else ""),
    }
    return finish(d, arrays, nonlinearity(d), ("h_n",))


def residual(kind: str) -> Callable[[Draw], Case]:
    def draw(d: Draw) -> Case:
        T, N, H = d.integer("T", 1, 8), d.integer("N", 1, 4), d.integer("H", 1, 5)
        x, params = inputs(d, T, N, H), parameters(d, "_l0", GATES[kind] * H, H, H)
        names = ("h_0", "c_0") if kind == "lstm" else ("h_0",)
        state = first(d, names, 1, N, H, needed="h_0" if T == 1 else "")
        return finish(d, {"x": x, "params": params, **state}, nonlinearity(d) if kind == "rnn" else {})

    return draw


CELLS: tuple[Mapping[str, Any], ...] = (
    {"regime": "normal", "N": 3, "D": 4, "H": 2, "bias": True, "with_h": True, "with_c": True},
    {"regime": "normal", "N": 1, "D": 5, "H": 3, "bias": False, "with_h": True, "with_c": True},
    {"regime": "normal", "N": 2, "D": 1, "H": 4, "bias": True, "with_h": False, "with_c": False},
    {"regime": "large", "N": 5, "D": 3, "H": 2, "bias": True, "with_h": True, "with_c": True},
)
LAYER = {"regime": "normal", "num_layers": 1, "bidirectional": False, "with_lengths": False}
BOTH_WAYS = {"regime": "normal", "num_layers": 2, "bidirectional": True, "with_lengths": True}
GIVEN = {"with_h_0": True, "with_c_0": True}
NETWORKS: tuple[Mapping[str, Any], ...] = (
    {**LAYER, **GIVEN, "T": 7, "N": 3, "D": 4, "H": 2, "bias": True, "batch_first": False},
    {**LAYER, "T": 5, "N": 1, "D": 3, "H": 5, "with_h_0": False, "with_c_0": False, "bias": False},
    {**LAYER, **GIVEN, "T": 1, "N": 2, "D": 1, "H": 3},
    {**BOTH_WAYS, **GIVEN, "T": 6, "N": 4, "D": 3, "H": 2, "padding": "noise", "with_dropout": True},
    {**BOTH_WAYS, "T": 4, "N": 3, "D": 2, "H": 3, "padding": "nan", "batch_first": True},
    {**LAYER, "T": 5, "N": 2, "D": 3, "H": 4, "num_layers": 3, "with_dropout": True, "batch_first": True},
    {**LAYER, "T": 3, "N": 2, "D": 2, "H": 3, "num_layers": 4, "with_dropout": True},
    {"regime": "large", "T": 5, "N": 3, "D": 3, "H": 4},
)
LONG = {**LAYER, **GIVEN, "T": 50, "N": 2, "D": 3, "H": 4, "bias": True, "batch_first": False}
SEQUENCES: tuple[Mapping[str, Any], ...] = (
    {"regime": "normal", "T": 6, "N": 3, "D": 4, "H": 2, "K": 3, "with_h_0": True, "nonlinearity": "tanh"},
    {"regime": "normal", "T": 5, "N": 2, "D": 3, "H": 4, "K": 2, "with_h_0": False, "nonlinearity": "relu"},
    {"regime": "normal", "T": 1, "N": 1, "D": 2, "H": 3, "K": 1, "nonlinearity": "tanh"},
    {"regime": "large", "T": 4, "N": 2, "D": 1, "H": 5, "K": 4, "nonlinearity": "tanh"},
)

OPTIONS: tuple[Mapping[str, Any], ...] = (
    {"num_layers": 0},
    {"dropout": 1.5},
    {"bidirectional": True},
    {"batch_first": True},
)
NONLINEARITY = {"nonlinearity": "sigmoid"}

CHAPTER = chapter(
    "recurrent",
    Operation(
        "rnn_cell",
        "torch.nn.RNNCell",
        "004 ch. 8; 000",
        cell("rnn"),
        CELLS,
        bad_options=(NONLINEARITY, {"bias": False}),
    ),
    Operation(
        "lstm_cell",
        "torch.nn.LSTMCell",
        "004 ch. 8; 000",
        cell("lstm"),
        CELLS,
        bad_options=({"bias": False},),
    ),
    Operation(
        "gru_cell", "torch.nn.GRUCell", "000; 004 ch. 9", cell("gru"), CELLS, bad_options=({"bias": False},)
    ),
    Operation(
        "rnn",
        "torch.nn.RNN",
        "004 ch. 8; 000",
        network("rnn"),
        NETWORKS,
        family="sums",
        seed_row=True,
        bad_options=(*OPTIONS, NONLINEARITY),
        through_time=True,
    ),
    Operation(
        "rnn_with_output",
        "torch.nn.RNN + Linear",
        "004 ch. 8; 000",
        with_output,
        SEQUENCES,
        family="sums",
        seed_row=True,
        bad_options=(NONLINEARITY,),
        through_time=True,
    ),
    Operation(
        "lstm",
        "torch.nn.LSTM",
        "004 ch. 8; 000",
        network("lstm"),
        (*NETWORKS, LONG),
        family="sums",
        seed_row=True,
        bad_options=OPTIONS,
        through_time=True,
    ),
    Operation(
        "gru",
        "torch.nn.GRU",
        "000; 004 ch. 9",
        network("gru"),
        NETWORKS,
        family="sums",
        seed_row=True,
        bad_options=OPTIONS,
        through_time=True,
    ),
    Operation(
        "residual_rnn",
        "torch.nn.RNN, x + F(x)",
        "004 ch. 6",
        residual("rnn"),
        SEQUENCES,
        family="sums",
        seed_row=True,
        bad_options=(NONLINEARITY,),
        through_time=True,
    ),
    Operation(
        "residual_lstm",
        "torch.nn.LSTM, x + F(x)",
        "004 ch. 6",
        residual("lstm"),
        SEQUENCES,
        family="sums",
        seed_row=True,
        through_time=True,
    ),
)

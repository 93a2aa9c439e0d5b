"""Recurrent networks (handbook, chapters 6, 8 and 9; post 000).

T timesteps, N sequences, D features, H hidden units. Parameters are a flat dict with the keys and the
layouts of torch's `state_dict`: for a cell

    weight_ih (gates·H, D)   weight_hh (gates·H, H)   bias_ih (gates·H,)   bias_hh (gates·H,)

with 1 gate for an RNN, 4 for an LSTM (i, f, g, o) and 3 for a GRU (r, z, n), one below the other; for a
network the same with a suffix for each layer and direction, ``_l0``, ``_l0_reverse``, ``_l1``, …, and as
features of a layer above the first the outputs of the one below.  With bias=False there are no biases.

`rnn`, `lstm` and `gru` take the options of torch's modules:

- num_layers, bidirectional: layer on layer, and each in both directions, whose outputs stand side by side.
- h_0, c_0 (num_layers · directions, N, H): the states to start from, zero if left out.
- batch_first: x, output and mask have the axes (N, T, ...); the states remain as they are.
- lengths (N,), at least 1: sequence n ends after lengths[n] timesteps. Beyond, its output is zero; its
  last state is that of its own end, and backwards it starts there, as torch's pack_padded_sequence has it.
- dropout_mask (num_layers − 1, T, N, directions · H): what is kept, True, of the outputs of each layer but
  the last, and divided by 1 − dropout. Without a mask nothing is dropped, as in torch's eval mode.

All raise ValueError, with both shapes, for what does not fit together.
"""

from functools import partial
from typing import NamedTuple

import numpy as np

from scratch._shapes import shapes
from scratch._stacked import Layout, Weights, cell, check_timesteps, scan, stack
from scratch.activations import relu, sigmoid, tanh
from scratch.linear import linear, residual_connection

NONLINEARITIES = {"tanh": tanh, "relu": relu}


class Sequences(NamedTuple):
    """The outputs of all timesteps (T, N, directions · H) and the last states (layers, N, H)."""

    output: np.ndarray
    h_n: np.ndarray


class LSTMSequences(NamedTuple):
    """The outputs of all timesteps (T, N, directions · H) and the last states (layers, N, H)."""

    output: np.ndarray
    h_n: np.ndarray
    c_n: np.ndarray


class LSTMState(NamedTuple):
    """The hidden state h (N, H) and the cell state c (N, H) of an LSTM."""

    h: np.ndarray
    c: np.ndarray


class Predictions(NamedTuple):
    """What the output layer makes of every timestep, y (T, N, K), and the last state h_n (N, H)."""

    y: np.ndarray
    h_n: np.ndarray


# ---- one timestep ----


def rnn_step(from_x, state, weight_hh, bias_hh, *, f):
    """h_t = f(W_ih x_t + b_ih + W_hh h_{t−1} + b_hh), where from_x is W_ih x_t + b_ih."""
    (h,) = state
    Z = from_x + (h @ weight_hh.T + bias_hh)
    h_next, through_f = f(Z)

    def backward(dh_next):
        dZ = through_f(dh_next)["x"]
        return dZ, dZ, (dZ @ weight_hh,)

    return (h_next,), backward


def lstm_step(from_x, state, weight_hh, bias_hh):
    """Gates i, f, o = σ(…) and the candidate g = tanh(…) of W_ih x_t + b_ih + W_hh h_{t−1} + b_hh, then

    c_t = f · c_{t−1} + i · g,  h_t = o · tanh(c_t).
    """
    h, c = state
    Z = from_x + (h @ weight_hh.T + bias_hh)
    Z_i, Z_f, Z_g, Z_o = np.split(Z, 4, -1)
    i, _ = sigmoid(Z_i)
    f, _ = sigmoid(Z_f)
    g = np.tanh(Z_g)
    o, _ = sigmoid(Z_o)
    c_next = f * c + i * g
    tanh_c = np.tanh(c_next)
    h_next = o * tanh_c

    def backward(dh_next, dc_next):
        dc = dc_next + dh_next * o * (1 - tanh_c**2)  # from the timestep after, and from h_t
        dZ_i = dc * g * i * (1 - i)
        dZ_f = dc * c * f * (1 - f)
        dZ_g = dc * i * (1 - g**2)
        dZ_o = dh_next * tanh_c * o * (1 - o)
        dZ = np.concatenate([dZ_i, dZ_f, dZ_g, dZ_o], -1)
        return dZ, dZ, (dZ @ weight_hh, dc * f)

    return (h_next, c_next), backward


def gru_step(from_x, state, weight_hh, bias_hh):
    """r, z = σ(W_ih x_t + b_ih + W_hh h_{t−1} + b_hh),

    n = tanh(W_in x_t + b_in + r · (W_hn h_{t−1} + b_hn)),  h_t = (1 − z) · n + z · h_{t−1}.
    """
    (h,) = state
    x_r, x_z, x_n = np.split(from_x, 3, -1)
    u_r, u_z, u_n = np.split(h @ weight_hh.T + bias_hh, 3, -1)
    r, _ = sigmoid(x_r + u_r)
    z, _ = sigmoid(x_z + u_z)
    n = np.tanh(x_n + r * u_n)
    h_next = (1 - z) * n + z * h

    def backward(dh_next):
        dZ_n = dh_next * (1 - z) * (1 - n**2)
        dZ_z = dh_next * (h - n) * z * (1 - z)
        dZ_r = dZ_n * u_n * r * (1 - r)
        d_from_x = np.concatenate([dZ_r, dZ_z, dZ_n], -1)
        d_from_h = np.concatenate([dZ_r, dZ_z, dZ_n * r], -1)
        return d_from_x, d_from_h, (d_from_h @ weight_hh + dh_next * z,)

    return (h_next,), backward


def _nonlinear(function, nonlinearity):
    """The step of an RNN with that nonlinearity."""
    if nonlinearity not in NONLINEARITIES:
        raise ValueError(f"{function}: nonlinearity must be 'tanh' or 'relu', got {nonlinearity!r}")
    return partial(rnn_step, f=NONLINEARITIES[nonlinearity])


@shapes(x="N D", h="N H")
def rnn_cell(x, params, h=None, *, bias=True, nonlinearity="tanh"):
    """h′ = f(W_ih x + b_ih + W_hh h + b_hh), one timestep of an RNN; f is tanh or relu.

    x (N, D), h (N, H), zero if left out, 1 gate -> h′ (N, H).  Handbook, ch. 8; post 000.
    Raises ValueError for another nonlinearity and for parameters that do not fit.
    """
    step = _nonlinear("rnn_cell", nonlinearity)
    (h_next,), through_cell = cell("rnn_cell", step, x, params, {"h": h}, gates=1, bias=bias)

    def backward(dh_next):
        return through_cell(dh_next)

    return h_next, backward


@shapes(x="N D", h="N H", c="N H")
def lstm_cell(x, params, h=None, c=None, *, bias=True):
    """One timestep of an LSTM, with the gates i (input), f (forget), o (output) and the candidate g:

    i, f, o = σ(W_ih x + b_ih + W_hh h + b_hh), each with its rows,  g = tanh(…) with its own,
    c′ = f · c + i · g,  h′ = o · tanh(c′).

    x (N, D), h and c (N, H), zero if left out, 4 gates i, f, g, o -> h′ (N, H), c′ (N, H).
    Handbook, ch. 8; Hochreiter & Schmidhuber 1997, Gers et al. 2000.  Raises ValueError for parameters
    that do not fit.
    """
    state, through_cell = cell("lstm_cell", lstm_step, x, params, {"h": h, "c": c}, gates=4, bias=bias)

    def backward(dh_next, dc_next):
        return through_cell(dh_next, dc_next)

    return LSTMState(*state), backward


@shapes(x="N D", h="N H")
def gru_cell(x, params, h=None, *, bias=True):
    """One timestep of a GRU, with the gates r (reset), z (update) and the candidate n:

    r, z = σ(W_ih x + b_ih + W_hh h + b_hh), each with its rows,
    n = tanh(W_in x + b_in + r · (W_hn h + b_hn)),  h′ = (1 − z) · n + z · h.

    x (N, D), h (N, H), zero if left out, 3 gates r, z, n -> h′ (N, H).  Post 000; Cho et al. 2014,
    whose r multiplies h before the matmul; after it, as in torch, W_hh h is one matmul for all gates.
    Raises ValueError for parameters that do not fit.
    """
    (h_next,), through_cell = cell("gru_cell", gru_step, x, params, {"h": h}, gates=3, bias=bias)

    def backward(dh_next):
        return through_cell(dh_next)

    return h_next, backward


# ---- sequences ----


@shapes(x="T N D", h_0="layers batch H", lengths="int batch", dropout_mask="bool between T N F")
def rnn(
    x,
    params,
    h_0=None,
    lengths=None,
    dropout_mask=None,
    *,
    nonlinearity="tanh",
    num_layers=1,
    bias=True,
    batch_first=False,
    dropout=0.0,
    bidirectional=False,
):
    """h_t = f(W_ih x_t + b_ih + W_hh h_{t−1} + b_hh) for t = 1 … T, each layer on the h_t of the one below.

    x (T, N, D), h_0 (layers, N, H), f tanh or relu -> output (T, N, directions · H), h_n (layers, N, H).
    Handbook, ch. 8; post 000.  Raises ValueError for another nonlinearity.
    """
    step = _nonlinear("rnn", nonlinearity)
    layout = Layout(1, num_layers, bias, batch_first, dropout, bidirectional)
    first = {"h_0": h_0}
    (output, h_n), through_layers = stack("rnn", step, layout, x, params, first, lengths, dropout_mask)

    def backward(d_output, d_h_n):
        return through_layers(d_output, d_h_n)

    return Sequences(output, h_n), backward


@shapes(
    x="T N D",
    h_0="layers batch H",
    c_0="layers batch H",
    lengths="int batch",
    dropout_mask="bool between T N F",
)
def lstm(
    x,
    params,
    h_0=None,
    c_0=None,
    lengths=None,
    dropout_mask=None,
    *,
    num_layers=1,
    bias=True,
    batch_first=False,
    dropout=0.0,
    bidirectional=False,
):
    """`lstm_cell` for t = 1 … T, each layer on the h_t of the one below.

    x (T, N, D), h_0 and c_0 (layers, N, H) -> output (T, N, directions · H), h_n and c_n (layers, N, H).
    Handbook, ch. 8; post 000.
    """
    layout = Layout(4, num_layers, bias, batch_first, dropout, bidirectional)
    first = {"h_0": h_0, "c_0": c_0}
    (output, h_n, c_n), through_layers = stack(
        "lstm", lstm_step, layout, x, params, first, lengths, dropout_mask
    )

    def backward(d_output, d_h_n, d_c_n):
        return through_layers(d_output, d_h_n, d_c_n)

    return LSTMSequences(output, h_n, c_n), backward


@shapes(x="T N D", h_0="layers batch H", lengths="int batch", dropout_mask="bool between T N F")
def gru(
    x,
    params,
    h_0=None,
    lengths=None,
    dropout_mask=None,
    *,
    num_layers=1,
    bias=True,
    batch_first=False,
    dropout=0.0,
    bidirectional=False,
):
    """`gru_cell` for t = 1 … T, each layer on the h_t of the one below.

    x (T, N, D), h_0 (layers, N, H) -> output (T, N, directions · H), h_n (layers, N, H).  Post 000.
    """
    layout = Layout(3, num_layers, bias, batch_first, dropout, bidirectional)
    first = {"h_0": h_0}
    (output, h_n), through_layers = stack("gru", gru_step, layout, x, params, first, lengths, dropout_mask)

    def backward(d_output, d_h_n):
        return through_layers(d_output, d_h_n)

    return Sequences(output, h_n), backward


# ---- with something around them ----


@shapes(x="T N D", W_xh="H D", W_hh="H H", b_h="H", W_hy="K H", b_y="K", h_0="N H")
def rnn_with_output(x, W_xh, W_hh, b_h, W_hy, b_y, h_0=None, *, nonlinearity="tanh"):
    """h_t = f(W_xh x_t + W_hh h_{t−1} + b_h),  y_t = W_hy h_t + b_y  for t = 1 … T.

    x (T, N, D), h_0 (N, H), zero if left out, f tanh or relu -> y (T, N, K), h_n (N, H), the last h_t.
    Handbook, ch. 8, Algorithm 1; post 000.  Raises ValueError for another nonlinearity.
    """
    step = _nonlinear("rnn_with_output", nonlinearity)
    check_timesteps("rnn_with_output", len(x))
    weights = Weights(W_xh, W_hh, b_h, np.zeros_like(b_h))
    h, (h_n,), through_time = scan(step, x, weights, (h_0,))
    y, through_output = linear(h, W_hy, b_y)

    def backward(dy, dh_n):
        d_output = through_output(dy)
        dx, d_weights, (d_h_0,) = through_time(d_output["input"], (dh_n,))
        grads = {
            "x": dx,
            "W_xh": d_weights.weight_ih,
            "W_hh": d_weights.weight_hh,
            "b_h": d_weights.bias_ih,
            "W_hy": d_output["weight"],
            "b_y": d_output["bias"],
        }
        return grads if h_0 is None else {**grads, "h_0": d_h_0}

    return Predictions(y, h_n), backward


@shapes(x="T N H", h_0="1 N H")
def residual_rnn(x, params, h_0=None, *, nonlinearity="tanh"):
    """y_t = x_t + F(x)_t, where F is an `rnn` of one layer.

    x (T, N, H), params as for `rnn`, with as many units as features, h_0 (1, N, H) -> y (T, N, H).
    Handbook, ch. 6.
    """

    def branch(x):
        (output, h_n), through_rnn = rnn(x, params, h_0, nonlinearity=nonlinearity)

        def backward(d_output):
            return through_rnn(d_output, np.zeros_like(h_n))

        return output, backward

    return residual_connection(x, branch)


@shapes(x="T N H", h_0="1 N H", c_0="1 N H")
def residual_lstm(x, params, h_0=None, c_0=None):
    """y_t = x_t + F(x)_t, where F is an `lstm` of one layer.

    x (T, N, H), params as for `lstm`, with as many units as features, h_0 and c_0 (1, N, H)
    -> y (T, N, H).  Handbook, ch. 6.
    """

    def branch(x):
        (output, h_n, c_n), through_lstm = lstm(x, params, h_0, c_0)

        def backward(d_output):
            return through_lstm(d_output, np.zeros_like(h_n), np.zeros_like(c_n))

        return output, backward

    return residual_connection(x, branch)

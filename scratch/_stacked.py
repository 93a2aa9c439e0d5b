"""What all recurrent networks share: the scan over time, and layers on layers in one direction or both.

A *step* is a cell whose input is projected already, so that one matmul serves all timesteps:

    state, backward = step(from_x, state, weight_hh, bias_hh)       from_x (N, gates·H) = x W_ihᵀ + b_ih
    d_from_x, d_from_h, d_state = backward(*d_state)                from_h (N, gates·H) = h W_hhᵀ + b_hh

A state is a tuple: h (N, H) and, for an LSTM, the cell state c (N, H) after it.
T timesteps, N sequences, D features, H hidden units; arrays over time are (T, N, ...).
"""

from typing import NamedTuple

import numpy as np

from scratch._params import check_keys
from scratch.linear import linear
from scratch.regularization import dropout


class Weights(NamedTuple):
    """The weights (gates·H, D) and (gates·H, H) and the biases (gates·H,) of a cell."""

    weight_ih: np.ndarray
    weight_hh: np.ndarray
    bias_ih: np.ndarray
    bias_hh: np.ndarray


class Layout(NamedTuple):
    """How many gates a cell has, and the options of torch.nn.RNN, LSTM and GRU."""

    gates: int
    num_layers: int
    bias: bool
    batch_first: bool
    dropout: float
    bidirectional: bool

    @property
    def directions(self):
        return ("", "_reverse") if self.bidirectional else ("",)

    @property
    def suffixes(self):
        """What the keys of the parameters end in, in the order of the states."""
        return [f"_l{layer}{direction}" for layer in range(self.num_layers) for direction in self.directions]


def cell(function, step, x, params, first, *, gates, bias):
    """One timestep.  first: {"h": (N, H) or None, …} -> the state after it, and backward(*d_after)."""
    H = _hidden_size(params, "")
    wanted = _weight_shapes("", gates, x.shape[-1], H, bias)
    _check_params(function, x, params, wanted)
    _check_shapes(function, x, {**params, **first}, {**wanted, **dict.fromkeys(first, (len(x), H))})
    weights = _weights(params, "")
    from_x, through_input = linear(x, weights.weight_ih, weights.bias_ih)
    state = _zeros_for_none(first.values(), from_x, H)
    after, through_step = step(from_x, state, weights.weight_hh, weights.bias_hh)

    def backward(*d_after):
        d_from_x, d_from_h, d_first = through_step(*d_after)
        grads = through_input(d_from_x)
        d_weight_hh = d_from_h.T @ state[0]
        d_weights = Weights(grads["weight"], d_weight_hh, grads["bias"], d_from_h.sum(0))
        return _gradients(grads["input"], params, d_weights._asdict(), first, d_first)

    return after, backward


def scan(step, x, weights, state, *, lengths=None, reverse=False):
    """One layer in one direction:  state_t = step(x_t W_ihᵀ + b_ih, state_{t−1}),  output_t = h_t.

    x (T, N, D), the parts of the state (N, H) or None for zeros -> output (T, N, H), the last state, and
    backward(d_output, d_last), backpropagation through time, which returns the gradients of x, of the
    weights and of the first state.

    With lengths (N,), a sequence that has ended keeps its state, its output is zero, and what x holds
    there does not matter. `reverse` goes from T − 1 down to 0; there such a sequence keeps its first state
    until its last timestep comes.
    """
    T, N, D = x.shape
    order = range(T)[::-1] if reverse else range(T)
    running = None if lengths is None else np.arange(T)[:, None, None] < lengths[:, None]  # (T, N, 1)
    x = x if running is None else np.where(running, x, 0)
    from_x, through_input = linear(x.reshape(T * N, D), weights.weight_ih, weights.bias_ih)
    from_x = from_x.reshape(T, N, -1)
    state = _zeros_for_none(state, from_x[0], weights.weight_hh.shape[1])
    h_before, h_after, through_step = [None] * T, [None] * T, [None] * T
    for t in order:
        step_t = step if running is None else _where(running[t], step)
        h_before[t] = state[0]
        state, through_step[t] = step_t(from_x[t], state, weights.weight_hh, weights.bias_hh)
        h_after[t] = state[0]
    output = np.stack(h_after)

    def backward(d_output, d_state):
        d_output = d_output if running is None else np.where(running, d_output, 0)
        d_from_x, d_from_h = [None] * T, [None] * T
        for t in reversed(order):
            dh, *dc = d_state
            d_from_x[t], d_from_h[t], d_state = through_step[t](dh + d_output[t], *dc)
        grads = through_input(np.concatenate(d_from_x))
        dZ = np.concatenate(d_from_h)  # (T·N, gates·H)
        d_weight_hh = dZ.T @ np.concatenate(h_before)
        d_weights = Weights(grads["weight"], d_weight_hh, grads["bias"], dZ.sum(0))
        return grads["input"].reshape(T, N, D), d_weights, d_state

    return output if running is None else np.where(running, output, 0), state, backward


def _where(running, step):
    """The step for the sequences that are running (N, 1); the others keep their state."""

    def select(stepped, kept):
        return tuple(np.where(running, new, old) for new, old in zip(stepped, kept, strict=True))

    def step_or_stay(from_x, state, weight_hh, bias_hh):
        after, through_step = step(from_x, state, weight_hh, bias_hh)

        def backward(*d_after):
            d_stepped = (np.where(running, d, 0) for d in d_after)
            d_from_x, d_from_h, d_before = through_step(*d_stepped)
            return d_from_x, d_from_h, select(d_before, d_after)

        return select(after, state), backward

    return step_or_stay


def stack(function, step, layout, x, params, first, lengths, dropout_mask):
    """Layers on layers: each is a `scan` of what the one below put out, in one direction or in both.

    first: {"h_0": (layers, N, H) or None, …} with a state for each direction of layer 0, then of layer 1, …
    Both directions of a layer stand side by side in its output; the mask drops from what goes up.
    -> (output, h_n, …) and backward(d_output, d_h_n, …), which returns the gradients by name.
    Raises ValueError, in the name of `function`, for what does not fit together.
    """
    _check(function, layout, x, params, {**first, "lengths": lengths, "dropout_mask": dropout_mask})
    below, mask = x, dropout_mask
    if layout.batch_first:
        below = below.swapaxes(0, 1)
        mask = None if mask is None else mask.swapaxes(1, 2)
    state = {
        suffix: [None if part is None else part[k] for part in first.values()]
        for k, suffix in enumerate(layout.suffixes)
    }
    through_scan, through_dropout = {}, {}
    for layer in range(layout.num_layers):
        if layer > 0 and mask is not None:
            below, through_dropout[layer] = dropout(below, mask[layer - 1], p=layout.dropout)
        outputs = []
        for direction in layout.directions:
            suffix, how = f"_l{layer}{direction}", {"lengths": lengths, "reverse": direction == "_reverse"}
            weights = _weights(params, suffix)
            output, state[suffix], through_scan[suffix] = scan(step, below, weights, state[suffix], **how)
            outputs.append(output)
        below = np.concatenate(outputs, -1)

    def backward(d_output, *d_last):
        d_below = d_output.swapaxes(0, 1) if layout.batch_first else d_output
        d_state = {suffix: [part[k] for part in d_last] for k, suffix in enumerate(layout.suffixes)}
        d_params = {}
        for layer in reversed(range(layout.num_layers)):
            d_outputs, d_inputs = np.split(d_below, len(layout.directions), -1), []
            for direction, d_out in zip(layout.directions, d_outputs, strict=True):
                suffix = f"_l{layer}{direction}"
                d_input, d_weights, d_state[suffix] = through_scan[suffix](d_out, d_state[suffix])
                d_inputs.append(d_input)
                d_params |= {name + suffix: d for name, d in d_weights._asdict().items()}
            d_below = sum(d_inputs)
            if layer in through_dropout:
                d_below = through_dropout[layer](d_below)["x"]
        dx = d_below.swapaxes(0, 1) if layout.batch_first else d_below
        return _gradients(dx, params, d_params, first, _stacked(d_state))

    output = below.swapaxes(0, 1) if layout.batch_first else below
    return (output, *_stacked(state)), backward


def _stacked(state):
    """From the states by suffix: all h (layers, N, H) and, for an LSTM, all c."""
    return [np.stack(parts) for parts in zip(*state.values(), strict=True)]


def _hidden_size(params, suffix):
    """H, or 0 where the parameter that tells it is missing: the check of the keys is to say so."""
    key = f"weight_hh{suffix}"
    return params[key].shape[-1] if key in params else 0


def _weights(params, suffix):
    """The weights and biases of one layer and direction; without biases, zeros for them."""
    weights = [params.get(f"{name}{suffix}") for name in Weights._fields]
    no_bias = np.zeros_like(weights[0][:, 0])
    return Weights(*(no_bias if part is None else part for part in weights))


def _zeros_for_none(state, from_x, H):
    return tuple(np.zeros_like(from_x[:, :H]) if part is None else part for part in state)


def _gradients(dx, params, d_params, first, d_first):
    """The gradients by name, of what was given: a bias or a state that was left out has none."""
    given = {name: d for (name, part), d in zip(first.items(), d_first, strict=True) if part is not None}
    return {"x": dx, "params": {key: d_params[key] for key in params}, **given}


# ---- refusals ----


def check_timesteps(function, T):
    if T == 0:
        raise ValueError(f"{function}: x must have one timestep or more, got none")


def _check(function, layout, x, params, others):
    """others: the first states, the lengths and the mask."""
    if not layout.num_layers >= 1:
        raise ValueError(f"{function}: num_layers must be 1 or more, got {layout.num_layers}")
    if not 0 <= layout.dropout <= 1:
        raise ValueError(f"{function}: dropout must lie in [0, 1], got {layout.dropout}")
    N, T = x.shape[:2] if layout.batch_first else x.shape[1::-1]
    check_timesteps(function, T)
    H, directions = _hidden_size(params, "_l0"), len(layout.directions)
    wanted = {}
    for k, suffix in enumerate(layout.suffixes):
        features = x.shape[-1] if k < directions else directions * H
        wanted |= _weight_shapes(suffix, layout.gates, features, H, layout.bias)
    _check_params(function, x, params, wanted)
    wanted |= dict.fromkeys(others, (len(layout.suffixes), N, H))
    wanted |= {"lengths": (N,), "dropout_mask": (layout.num_layers - 1, *x.shape[:2], directions * H)}
    _check_shapes(function, x, {**params, **others}, wanted)
    lengths = others["lengths"]
    if lengths is not None and not ((lengths >= 1) & (lengths <= T)).all():
        raise ValueError(f"{function}: lengths must lie in 1 … {T}, the timesteps of x, got {lengths}")


def _weight_shapes(suffix, gates, features, H, bias):
    shapes = {"weight_ih": (gates * H, features), "weight_hh": (gates * H, H)}
    shapes |= dict.fromkeys(("bias_ih", "bias_hh"), (gates * H,)) if bias else {}
    return {name + suffix: shape for name, shape in shapes.items()}


def _check_params(function, x, params, wanted):
    check_keys(function, params, wanted)
    for key, array in params.items():
        if array.dtype != x.dtype:
            raise TypeError(f"{function}: x is {x.dtype} and {key} is {array.dtype}; cast one of them")


def _check_shapes(function, x, arrays, wanted):
    for name, shape in wanted.items():
        array = arrays[name]
        if array is not None and array.shape != shape:
            to_go = f"must be {shape} to go with x {x.shape}"
            raise ValueError(f"{function}: {name} has shape {array.shape}, but {to_go}")

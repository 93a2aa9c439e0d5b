"""Where the weights of a recurrent cell lie in somebody's class: gate by gate, or one below the other."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

import numpy as np

from parity_tests.people.binding import Beyond
from parity_tests.people.torch_layouts import Layout, Run, Shape, Sources, words

GATES: dict[str, tuple[tuple[str, tuple[str, ...]], ...]] = {
    "rnn": (("", ("",)),),
    "lstm": (
        ("i", ("input", "in", "ingate", "i", "update")),
        ("f", ("forget", "f")),
        ("g", ("cell", "candidate", "cand", "tilde", "g", "c", "new", "gate", "memory", "cc")),
        ("o", ("output", "out", "o")),
    ),
    "gru": (
        ("r", ("reset", "r")),
        ("z", ("update", "z", "u")),
        ("n", ("new", "candidate", "cand", "n", "h", "tilde", "hat", "hidden")),
    ),
}
SQUARE = (5, 3)  # input and hidden sizes that no shape can confuse


def recurrent_layout(
    kind: str,
    shapes: tuple[int, int],
    theirs: Mapping[str, Shape],
    probe: Mapping[str, Shape],
    *,
    suffix: str = "",
    linear: frozenset[str] = frozenset(),
    bias: bool = True,
    hidden_first: bool = False,
    order: str = "",
) -> Layout:
    """The layout of a cell, whose roles are read from `probe`: the same cell with sizes that differ.

    Args:
        kind: "rnn", "lstm" or "gru".
        shapes: the sizes D and H of this case.
        hidden_first: whether in what is concatenated the state comes before the input.
        order: the order of the gates in fused parameters, where it is not torch's.
    """
    gates = GATES[kind]
    D, H = shapes
    G = len(gates)
    ours: dict[str, Shape] = {f"weight_ih{suffix}": (G * H, D), f"weight_hh{suffix}": (G * H, H)}
    ours |= {f"bias_ih{suffix}": (G * H,), f"bias_hh{suffix}": (G * H,)} if bias else {}
    run = Run(ours)
    rows = _rows(kind, H, order)
    x, h = run.of(f"weight_ih{suffix}"), run.of(f"weight_hh{suffix}")
    biases = [run.of(f"bias_{end}{suffix}") for end in ("ih", "hh")] if bias else []
    sources: dict[str, Sources] = {}
    shared = _biases(probe)
    flipped = _flipped(probe, G, linear)
    for name, shape in theirs.items():
        gate, wide = _gate(kind, name, probe[name], G), max(probe[name])
        take = rows if gate is None else np.arange(gate * H, (gate + 1) * H)
        width = SQUARE[1] * (G if gate is None else 1)
        if len([n for n in probe[name] if n != 1]) == 1 and wide == width:
            if not bias:
                found = [run.constant(0.0, (len(take),))]
            elif shared(name):
                found = [positions[take] for positions in biases]
            else:
                found = [biases[_of_state(name)][take]]
            sources[name] = [positions.reshape(shape) for positions in found]
            continue
        columns = next((n for n in probe[name] if n != width), width)
        matrix = {SQUARE[0]: x, SQUARE[1]: h, sum(SQUARE): np.hstack([h, x] if hidden_first else [x, h])}
        if kind == "rnn" and len(probe[name]) == 2 and probe[name] == (SQUARE[1], SQUARE[1]):
            columns = SQUARE[1]
        if columns not in matrix and probe[name] == (width, width):
            columns = width
        if len(shape) != 2 or columns not in matrix:
            raise Beyond(f"nothing here belongs to its parameter {name} of shape {shape}")
        chosen = matrix[columns][take]
        sources[name] = [chosen.T if name in flipped else chosen]
        if sources[name][0].shape != shape:
            raise Beyond(f"its parameter {name} has shape {shape}, where {chosen.shape} was expected")
    if order and not any(SQUARE[1] * G in shape for shape in probe.values()):
        raise Beyond("its gates lie apart")
    if hidden_first and not any(sum(SQUARE) in shape for shape in probe.values()):
        raise Beyond("its input and its state lie apart")
    covered = np.concatenate([np.ravel(p) for found in sources.values() for p in found] or [np.zeros(0, int)])
    if len(np.unique(covered[covered < run.size])) < run.size:
        raise Beyond("its parameters are not those of the formula: some have no counterpart")
    return Layout(run, sources)


def _rows(kind: str, H: int, order: str) -> np.ndarray:
    names = [gate for gate, _ in GATES[kind]]
    return np.concatenate([np.arange(names.index(g) * H, (names.index(g) + 1) * H) for g in order or names])


def _gate(kind: str, name: str, shape: Shape, gates: int) -> int | None:
    """Which gate a parameter belongs to; None if to all of them."""
    if kind == "rnn" or SQUARE[1] * gates in shape:
        return None
    parts = [word for word in words(name) if word not in ("weight", "bias", "gate", "linear")] or words(name)
    for position, (_, called) in enumerate(GATES[kind]):
        if any(word in called and len(word) > 1 for word in parts):
            return position
    last = re.sub(r"\d+$", "", parts[-1])[-1:]
    for position, (_, called) in enumerate(GATES[kind]):
        if last in called:
            return position
    raise Beyond(f"to which gate its parameter {name} belongs can't be told from its name")


def _of_state(name: str) -> int:
    """1 for a bias that goes with the state, 0 for one that goes with the input."""
    parts = [word for word in words(name) if word not in ("weight", "bias", "b")]
    told = "".join(parts)
    if {"state", "recurrent"} & set(parts) and not any(word.startswith(("in", "x")) for word in parts):
        return 1
    return int("hh" in told or told.startswith(("h2", "hid", "state", "rec", "u", "wh", "h")))


def _biases(probe: Mapping[str, Shape]) -> Callable[[str], bool]:
    """Whether a bias stands for both of torch's: it has no sibling of the same gate."""
    count = sum(len([n for n in shape if n != 1]) == 1 for shape in probe.values())
    matrices = sum(len([n for n in shape if n != 1]) == 2 for shape in probe.values())
    wide = any(sum(SQUARE) in shape for shape in probe.values())
    return lambda name: wide or count * 2 == matrices


def _flipped(probe: Mapping[str, Shape], gates: int, linear: frozenset[str]) -> set[str]:
    """The matrices that lie as (in, out): all of one's own, if one that is not square does."""
    rows = (SQUARE[1], SQUARE[1] * gates)
    own = {name: shape for name, shape in probe.items() if name not in linear and len(shape) == 2}
    telling = [shape for shape in own.values() if shape[0] in (SQUARE[0], sum(SQUARE)) and shape[1] in rows]
    return set(own) if telling else set()

"""Classes of recurrent cells and attention whose objects have matrices of their own layout."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from parity_tests.catalogue import Algorithm
from parity_tests.people.native_matrices import (
    GATES,
    LETTERS,
    Itself,
    Layout,
    layouts,
    params_view,
    to_itself,
)
from parity_tests.people.native_views import FIRST, FirstOnly, View
from parity_tests.people.signatures import Match

# The orders in which the gates of an LSTM stand in one matrix, torch's first.
ORDERS = ("ifgo", "ifog", "figo", "fiog")


def class_views(entry: Algorithm, called: Match) -> list[View]:
    """The layouts that an object may have its matrices in, besides torch's."""
    if entry.name == "multi_head_attention":
        return _attention(entry, called)
    if entry.name not in GATES:
        return []
    found: list[tuple[Layout, ResetBefore | None]] = [(layout, None) for layout in layouts(entry.name)[1:]]
    if entry.name == "lstm_cell":
        found += [(_joined(order, parts), None) for order in ORDERS for parts in ("xh", "hx")]
    apart = _apart(GATES[entry.name])
    if entry.name == "gru_cell":
        found += [(apart, ResetBefore(swapped=swapped)) for swapped in (False, True)]
    else:
        found.append((apart, None))
    views = []
    for layout, formula in found:
        with_bias = any(name.startswith("b") for name in layout.names)
        for transposed in (False, True):
            view = params_view(layout, transposed, with_bias, None)
            said = [layout.convention, formula.said if formula else ""]
            said.append("its weights are (in, out)" if transposed else "")
            views.append(replace(view, convention="; ".join(filter(None, said)), formula=formula))
    return views


def _attention(entry: Algorithm, called: Match) -> list[View]:
    itself = not {"key", "value"} <= set(called.theirs)
    scratch: Any = Itself(entry.scratch) if itself else entry.scratch
    views = []
    for first in (False, True):
        formula = FirstOnly(scratch) if first else scratch
        for layout in layouts(entry.name):
            with_bias = any(name.startswith("b") for name in layout.names)
            for transposed in (False, True):
                said = [
                    "it attends to itself" if itself else "",
                    FIRST if first else "",
                    "" if with_bias else "it has no biases",
                    "its weights are (in, out)" if transposed else "",
                ]
                view = params_view(layout, transposed, with_bias, to_itself if itself else None)
                views.append(replace(view, convention="; ".join(filter(None, said)), formula=formula))
    return views


# ---- one matrix for all, or one for each gate and input ----


def _joined(order: str, parts: str) -> Layout:
    """W (4H, D + H) on [x, h], or on [h, x], with its gates in this order, and one bias."""
    rows = ["ifgo".index(gate) for gate in order]
    names = {
        "W": ("w", "weight", "weights", "kernel", "w_all", "wg"),
        "b": ("b", "bias", "biases", "b_all"),
    }

    def turned(array: Any, places: Sequence[int]) -> np.ndarray:
        blocks = np.split(np.asarray(array), 4)
        return np.concatenate([blocks[place] for place in places])

    def split(params: Mapping[str, Any]) -> dict[str, Any]:
        halves = {"x": params["weight_ih"], "h": params["weight_hh"]}
        weight = np.concatenate([halves[part] for part in parts], 1)
        return {"W": turned(weight, rows), "b": turned(params["bias_ih"] + params["bias_hh"], rows)}

    def join(gradients: Mapping[str, Any], params: Mapping[str, Any]) -> dict[str, Any]:
        back = [rows.index(place) for place in range(4)]
        joined: dict[str, Any] = dict.fromkeys(params)
        if gradients.get("W") is not None:
            weight = turned(gradients["W"], back)
            width = params["weight_ih"].shape[1] if parts == "xh" else params["weight_hh"].shape[1]
            halves = weight[:, :width], weight[:, width:]
            joined["weight_ih"], joined["weight_hh"] = halves if parts == "xh" else halves[::-1]
        if gradients.get("b") is not None:
            joined["bias_ih"] = joined["bias_hh"] = turned(np.reshape(gradients["b"], -1), back)
        return joined

    said = f"its gates stand in the order {', '.join(order)}, on [{', '.join(parts)}]"
    return Layout(said, names, split, join)


def _apart(gates: Sequence[str]) -> Layout:
    """W_z, U_z and b_z, and so on: a matrix for each gate and input, one bias for each gate."""
    names: dict[str, Sequence[str]] = {}
    for gate in gates:
        letters = [letter for letter in LETTERS[gate] if letter]
        names[f"x{gate}"] = [form + letter for letter in letters for form in ("w", "wx", "wi")]
        names[f"h{gate}"] = [form + letter for letter in letters for form in ("u", "wh", "r")]
        names[f"b{gate}"] = [f"b{letter}" for letter in letters]

    def split(params: Mapping[str, Any]) -> dict[str, Any]:
        told = {"x": params["weight_ih"], "h": params["weight_hh"]}
        told["b"] = params["bias_ih"] + params["bias_hh"]
        return {
            f"{kind}{gate}": block
            for kind, array in told.items()
            for gate, block in zip(gates, np.split(array, len(gates)), strict=True)
        }

    def join(gradients: Mapping[str, Any], params: Mapping[str, Any]) -> dict[str, Any]:
        joined: dict[str, Any] = dict.fromkeys(params)
        for kind, targets in (("x", ["weight_ih"]), ("h", ["weight_hh"]), ("b", ["bias_ih", "bias_hh"])):
            blocks: list[Any] = [gradients.get(f"{kind}{gate}") for gate in gates]
            if all(block is not None for block in blocks):
                whole = [np.reshape(block, -1) if kind == "b" else block for block in blocks]
                joined |= dict.fromkeys(targets, np.concatenate(whole))
        return joined

    return Layout("it has a matrix for each gate and input", names, split, join)


# ---- the GRU as it was published ----


@dataclass(frozen=True)
class ResetBefore:
    """A GRU whose r multiplies h before the matmul; `swapped`: z is the share of what is new."""

    swapped: bool

    @property
    def said(self) -> str:
        said = "its r multiplies h before the matrix does (Cho et al. 2014), and not after, as in torch"
        return f"{said}; its z is the share of the candidate, torch's 1 − z" if self.swapped else said

    def __call__(self, x: Any, params: Mapping[str, Any], h: Any = None, *, bias: bool = True) -> Any:
        h = np.zeros((len(x), params["weight_hh"].shape[1])) if h is None else h
        zero = np.zeros(len(params["weight_hh"]))  # where there are no biases, this is not asked
        biases = params.get("bias_ih", zero) + params.get("bias_hh", zero)
        x_r, x_z, x_n = np.split(x @ params["weight_ih"].T + biases, 3, -1)
        W_r, W_z, W_n = np.split(params["weight_hh"], 3)
        r, z = 1 / (1 + np.exp(-(x_r + h @ W_r.T))), 1 / (1 + np.exp(-(x_z + h @ W_z.T)))
        n = np.tanh(x_n + (r * h) @ W_n.T)
        kept, sign = (1 - z, -1.0) if self.swapped else (z, 1.0)

        def backward(dy: Any) -> dict[str, Any]:
            d_n = dy * (1 - kept) * (1 - n**2)
            d_rh = d_n @ W_n
            d_r, d_z = d_rh * h * r * (1 - r), sign * dy * (h - n) * z * (1 - z)
            d_all = np.concatenate([d_r, d_z, d_n], -1)
            d_hh = np.concatenate([d_r.T @ h, d_z.T @ h, d_n.T @ (r * h)])
            gradients = {"weight_ih": d_all.T @ x, "weight_hh": d_hh}
            gradients |= dict.fromkeys(("bias_ih", "bias_hh"), d_all.sum(0))
            return {
                "x": d_all @ params["weight_ih"],
                "h": dy * kept + d_rh * r + d_r @ W_r + d_z @ W_z,
                "params": {name: gradients[name] for name in params},
            }

        return kept * h + (1 - kept) * n, backward

"""Native recurrent cells and attention with a matrix for each use, in place of torch's stacked ones."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from parity_tests.catalogue import Algorithm
from parity_tests.engine.cases import Case
from parity_tests.people.binding import Beyond, Binding, Member, Reading, Unbound
from parity_tests.people.finding import Wanted
from parity_tests.people.native_backward import partner_of
from parity_tests.people.native_narrow import BOOLEANS, masks_of_booleans
from parity_tests.people.native_operations import (
    Asking,
    Names,
    abilities,
    default_remarks,
    partners_for,
    wanting,
)
from parity_tests.people.native_views import FIRST, FirstOnly, View
from parity_tests.people.signatures import SYNONYMS, match

# Gates from torch's order, by the letters that people use for them.
GATES = {"rnn_cell": ("h",), "lstm_cell": ("i", "f", "g", "o"), "gru_cell": ("r", "z", "n")}
LETTERS = {
    "g": ("c", "g", "a", "ct"),
    "i": ("i", "u"),
    "n": ("n", "h", "c"),
    "h": ("h", ""),
    "f": ("f",),
    "o": ("o",),
    "r": ("r",),
    "z": ("z", "u"),
}


@dataclass(frozen=True)
class Layout:
    """One way to take the parameters apart.

    Args:
        convention: what is to be said of it.
        names: the new names, with what people call them.
        split: the new arrays, out of torch's params.
        join: torch's gradients, out of those of the new arrays.
    """

    convention: str
    names: Mapping[str, Sequence[str]]
    split: Callable[[Mapping[str, Any]], dict[str, Any]]
    join: Callable[[Mapping[str, Any], Mapping[str, Any]], dict[str, Any]]


def _stacked(two_biases: bool) -> Layout:
    names = {
        "weight_ih": ("w_ih", "wx", "w_x", "w_xh", "wxh", "u", "wax", "wi", "w", "w_in", "w_input"),
        "weight_hh": ("w_hh", "wh", "w_h", "whh", "waa", "u", "w_rec", "w_hidden"),
    }
    if two_biases:
        names |= {"bias_ih": ("b_ih", "bx", "bi"), "bias_hh": ("b_hh", "bh")}
    else:
        names |= {"bias": ("b", "bh", "ba", "b_h", "b_ih")}

    def split(params: Mapping[str, Any]) -> dict[str, Any]:
        weights = {"weight_ih": params["weight_ih"], "weight_hh": params["weight_hh"]}
        if two_biases:
            return {**weights, "bias_ih": params["bias_ih"], "bias_hh": params["bias_hh"]}
        return {**weights, "bias": params["bias_ih"] + params["bias_hh"]}

    def join(gradients: Mapping[str, Any], params: Mapping[str, Any]) -> dict[str, Any]:
        both = {} if two_biases else {"bias_ih": gradients.get("bias"), "bias_hh": gradients.get("bias")}
        return {**{name: gradients.get(name) for name in names if name != "bias"}, **both}

    return Layout("", names, split, join)


def _by_gate(gates: Sequence[str], order: str) -> Layout:
    """W_f (H, H + D) on [h, x], and so on; one bias for each gate."""
    names: dict[str, Sequence[str]] = {}
    for gate in gates:
        names[f"W{gate}"] = tuple(f"W{letter}" for letter in LETTERS[gate])
    for gate in gates:
        names[f"b{gate}"] = tuple(f"b{letter}" for letter in LETTERS[gate])

    def split(params: Mapping[str, Any]) -> dict[str, Any]:
        halves = {"x": params["weight_ih"], "h": params["weight_hh"]}
        weights = np.split(np.concatenate([halves[part] for part in order], 1), len(gates))
        biases = np.split(params["bias_ih"] + params["bias_hh"], len(gates))
        return {
            **{f"W{gate}": w for gate, w in zip(gates, weights, strict=True)},
            **{f"b{gate}": b for gate, b in zip(gates, biases, strict=True)},
        }

    def join(gradients: Mapping[str, Any], params: Mapping[str, Any]) -> dict[str, Any]:
        weights: list[Any] = [gradients.get(f"W{gate}") for gate in gates]
        biases: list[Any] = [gradients.get(f"b{gate}") for gate in gates]
        joined: dict[str, Any] = dict.fromkeys(params)
        if all(w is not None for w in weights):
            both = np.concatenate(weights)
            features = params["weight_ih"].shape[1] if order == "xh" else params["weight_hh"].shape[1]
            first, second = both[:, :features], both[:, features:]
            joined["weight_ih"], joined["weight_hh"] = (first, second) if order == "xh" else (second, first)
        if all(b is not None for b in biases):
            joined["bias_ih"] = joined["bias_hh"] = np.concatenate([np.reshape(b, -1) for b in biases])
        return joined

    said = "its weights take [h, x]" if order == "hx" else "its weights take [x, h]"
    return Layout(said, names, split, join)


def _attention(with_bias: bool) -> Layout:
    parts = ("q", "k", "v", "o")
    names: dict[str, Sequence[str]] = {
        f"W{part}": (
            f"w{part}",
            f"w_{part}",
            f"{part}_proj",
            f"{part}_weight",
            f"weight_{part}",
            *(("w_out", "w", "out_proj", "wout") if part == "o" else ()),
        )
        for part in parts
    }
    if with_bias:
        names |= {
            f"b{part}": (f"b{part}", f"{part}_bias", *(("b_out",) if part == "o" else ())) for part in parts
        }

    def split(params: Mapping[str, Any]) -> dict[str, Any]:
        if "in_proj_weight" not in params:
            raise Beyond("its queries, keys and values are as wide as its output")
        weights = [*np.split(params["in_proj_weight"], 3), params["out_proj.weight"]]
        found = {f"W{part}": w for part, w in zip(parts, weights, strict=True)}
        if with_bias:
            biases = [*np.split(params["in_proj_bias"], 3), params["out_proj.bias"]]
            found |= {f"b{part}": b for part, b in zip(parts, biases, strict=True)}
        return found

    def join(gradients: Mapping[str, Any], params: Mapping[str, Any]) -> dict[str, Any]:
        joined: dict[str, Any] = dict.fromkeys(params)
        for kind, full in (("W", "weight"), *([("b", "bias")] if with_bias else [])):
            each: list[Any] = [gradients.get(kind + part) for part in parts]
            if all(g is not None for g in each[:3]):
                joined[f"in_proj_{full}"] = np.concatenate(each[:3])
            joined[f"out_proj.{full}"] = each[3]
        return joined

    return Layout("", names, split, join)


def layouts(algorithm: str) -> list[Layout]:
    """The ways in which the parameters of an algorithm are taken apart, the usual first."""
    if algorithm == "multi_head_attention":
        return [_attention(True), _attention(False)]
    found = [_stacked(True), _stacked(False)]
    gates = GATES[algorithm]
    if len(gates) > 1 and algorithm == "lstm_cell":
        found += [_by_gate(gates, "hx"), _by_gate(gates, "xh")]
    return found


def bind_matrices(
    entry: Algorithm, member: Member, members: Mapping[str, Member], wanted: Wanted
) -> Binding | Unbound | None:
    """Bind a function that takes matrices one by one; None where it takes `params`."""
    names = Names.of(entry)
    if match(
        member.parameters, ("params",), synonyms={"params": ("parameters", "p", "state_dict", "weights")}
    ).theirs:
        return None
    for layout in layouts(entry.name):
        inputs = [name for name in names.arrays if name != "params"]
        after = (
            inputs.index("h") + 1 if "h" in inputs else inputs.index("value") + 1 if "value" in inputs else 1
        )
        after = inputs.index("c") + 1 if "c" in inputs else after
        own = replace(
            names,
            arrays=(*inputs[:after], *layout.names, *inputs[after:]),
            required=names.required | set(layout.names),
        )
        synonyms = {
            **SYNONYMS,
            **layout.names,
            "x": ("xt", "x_t", "input", "inputs"),
            "query": ("q", "queries", "x"),
        }
        order = (*(name for name in inputs[:after] if name not in ("key", "value")), *layout.names)
        found = match(
            member.parameters,
            (*order, *inputs[after:], *names.options),
            by_position=order,
            synonyms=synonyms,
            map_=dict(wanted.map),
        )
        if found.unknown or not set(layout.names) <= set(found.theirs):
            continue
        return _bound(entry, member, members, layout, own, found)
    return None


def _bound(
    entry: Algorithm, member: Member, members: Mapping[str, Member], layout: Layout, names: Names, found: Any
) -> Binding:
    other = partner_of(member, entry.name, members)
    with_bias = any(name.startswith("b") for name in layout.names)
    same_input = entry.name == "multi_head_attention" and not {"key", "value"} <= set(found.theirs)
    readings = []
    forms: list[tuple[str, Any]] = [("", None)]
    attention = entry.name == "multi_head_attention"
    if attention:
        forms = (
            [("it attends to itself", to_itself)] if same_input else [*forms, (BOOLEANS, masks_of_booleans)]
        )
    for first_only in (False, True) if attention else (False,):
        scratch: Any = Itself(entry.scratch) if same_input else entry.scratch
        scratch = FirstOnly(scratch) if first_only else scratch
        formula = None if scratch is entry.scratch else scratch
        for said, narrow in forms:
            for transposed in (False, True):
                view = params_view(layout, transposed, with_bias, narrow)
                told = [
                    layout.convention,
                    said,
                    FIRST if first_only else "",
                    "its weights are (in, out)" if transposed else "",
                ]
                for partner in partners_for(entry, names, other, found):
                    asking = Asking(
                        member.name,
                        found,
                        names,
                        view,
                        partner,
                        scratch,
                        *wanting(member.parameters, found),
                    )
                    readings.append(
                        Reading(asking, "; ".join(filter(None, told)), formula, view.narrowed(found.theirs))
                    )
    can = abilities(names, found)
    if can.options is not None and "bias" in can.options:
        can = replace(can, options=can.options - {"bias"})
    members_ = (member.name, *([other.name] if other else ()))
    remarks = default_remarks(member, names, found)
    return Binding(entry.name, "native", members_, tuple(readings), can, member.line, remarks=remarks)


def params_view(layout: Layout, transposed: bool, with_bias: bool, narrow: Any) -> View:
    def give(values: dict[str, Any]) -> dict[str, Any]:
        params = values["params"]
        if any("bias" in name for name in params) != with_bias:
            raise Beyond("it always has biases" if with_bias else "it has no biases")
        parts = layout.split(params)
        if transposed:
            parts = {name: part.T if np.ndim(part) == 2 else part for name, part in parts.items()}
        return {**{name: value for name, value in values.items() if name != "params"}, **parts}

    def offered(gradients: dict[str, Any]) -> dict[str, Any]:
        rest = {name: gradient for name, gradient in gradients.items() if name != "params"}
        return {**rest, **dict.fromkeys(layout.names, 0.0)}

    def back(gradients: dict[str, Any], arrays: dict[str, Any]) -> dict[str, Any]:
        parts = {name: gradients.pop(name, None) for name in layout.names}
        if transposed:
            parts = {name: part if np.ndim(part) != 2 else np.transpose(part) for name, part in parts.items()}
        joined = layout.join(parts, arrays["params"])
        return {**gradients, **{f"params.{name}": gradient for name, gradient in joined.items()}}

    return View(give=give, offered=offered, back=back, narrow=narrow, parts=layout.names)


@dataclass(frozen=True)
class Itself:
    """Attention of a sequence to itself: one input for query, key and value."""

    formula: Callable[..., Any]

    def __call__(self, query: Any, key: Any, value: Any, params: Any, *masks: Any, **options: Any) -> Any:
        y, backward = self.formula(query, query, query, params, *masks, **options)

        def through(*dy: Any) -> dict[str, Any]:
            gradients = backward(*dy)
            return {
                "query": gradients["query"] + gradients["key"] + gradients["value"],
                "params": gradients["params"],
            }

        return y, through


def to_itself(case: Case, taken: frozenset[str]) -> Case:
    query = case.arrays["query"]
    length = query.shape[-2]
    causal = np.tril(np.ones((length, length), bool)) if case.arrays["attn_mask"] is not None else None
    hidden = {"attn_mask": causal, "key_padding_mask": None, "dropout_mask": None}
    return replace(case, arrays={**case.arrays, "key": query, "value": query, **hidden})

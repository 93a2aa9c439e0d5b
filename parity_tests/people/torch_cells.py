"""Recurrent cells and layers: how their gates lie is read from the names and shapes of their parameters."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np

from parity_tests.catalogue import Algorithm
from parity_tests.engine.questions import Answer, Question
from parity_tests.people.answers import answer
from parity_tests.people.binding import Abilities, Absent, Beyond, Binding, Member, Reading, Unbound
from parity_tests.people.finding import Wanted
from parity_tests.people.host import Host
from parity_tests.people.signatures import Match, match
from parity_tests.people.torch_cases import one_layer, with_biases
from parity_tests.people.torch_gates import SQUARE, recurrent_layout
from parity_tests.people.torch_names import FORBIDDEN
from parity_tests.people.torch_operations import WIDENED, expected_only, forward_of, is_function, tell
from parity_tests.people.torch_words import NAMES

BATCH_FIRST = "the batch comes first, before time"


@dataclass(frozen=True)
class Way:
    """How a cell may be meant."""

    hidden_first: bool = False
    order: str = ""
    batch_first: bool = False
    flat_states: bool = False
    widen: bool = False

    @property
    def said(self) -> str:
        said = [f"its gates lie in the order {', '.join(self.order)}"] if self.order else []
        said += [BATCH_FIRST] if self.batch_first else []
        return "; ".join([*said, *([WIDENED] if self.widen else [])])


@dataclass(frozen=True)
class Cell:
    """A class that takes one step, or all of them."""

    entry: Algorithm
    member: Member
    construct: Match
    call: Match
    states: tuple[str, ...]

    @property
    def kind(self) -> str:
        return self.entry.name.removesuffix("_cell")

    @property
    def one_step(self) -> bool:
        return self.entry.name.endswith("_cell")

    def ask(self, way: Way, host: Host, question: Question) -> Answer:
        told = tell(host, self.send, way, host, question, list(question.upstream))
        if all(output is None for output in told["outputs"]):
            raise Absent("it returns None")
        part = question.parts[0]
        names, outputs = list(part.expected), list(told["outputs"])
        if self.one_step and len(names) > 1 and _hidden_twice(outputs):
            dh, dc = question.upstream
            told = tell(host, self.send, way, host, question, [dh / 2, dh / 2, dc])
            outputs = list(told["outputs"])[1:]
        if len(outputs) > len(names) and np.shape(outputs[0]) == np.shape(outputs[1]):
            outputs = outputs[: len(names)]
        if way.batch_first and not self.one_step:
            outputs[0] = np.swapaxes(outputs[0], 0, 1)
        outputs = outputs[: len(names)]
        found = dict(zip(names, outputs, strict=False)) if len(names) > 1 else outputs[0]
        return answer(question, found, told["gradients"] and expected_only(question, told["gradients"]))

    def build(self, host: Host, D: int, H: int, options: Mapping[str, Any], *, widen: bool) -> dict[str, Any]:
        sizes = {"input_size": D, "hidden_size": H}
        args, kwargs = self.construct.place({**options, **sizes})
        return dict(host.tensors("build", self.member.name, args, kwargs, widen=widen))

    def send(self, way: Way, host: Host, question: Question, upstream: list[Any]) -> dict[str, Any]:
        arrays = {name: value for name, value in question.case.arrays.items() if value is not None}
        options = dict(question.case.options)
        suffix = "" if self.one_step else "_l0"
        params = arrays.pop("params")
        if set(params) - {f"{k}_{e}{suffix}" for k in ("weight", "bias") for e in ("ih", "hh")}:
            raise Beyond("it has one layer and one direction")
        H, D = params[f"weight_hh{suffix}"].shape[1], params[f"weight_ih{suffix}"].shape[1]
        built = self.build(host, D, H, options, widen=way.widen)
        probe = self.build(host, *SQUARE, options, widen=way.widen)
        layout = recurrent_layout(
            *(self.kind, (D, H)),
            {name: tuple(shape) for name, shape in built["parameters"].items()},
            {name: tuple(shape) for name, shape in probe["parameters"].items()},
            suffix=suffix,
            linear=frozenset(built["linear"]),
            bias=f"bias_ih{suffix}" in params,
            hidden_first=way.hidden_first,
            order=way.order,
        )
        x = arrays["x"]
        if way.batch_first and not self.one_step:
            x, upstream[0] = np.swapaxes(x, 0, 1), np.swapaxes(upstream[0], 0, 1)
        N = question.case.arrays["x"].shape[0 if self.one_step or options.get("batch_first") else 1]
        given = {"x": x}
        for name in self.states:
            needed = name in self.needed
            if name in arrays or (needed or (len(self.states) > 1 and any(s in arrays for s in self.states))):
                state = arrays.get(name, np.zeros((N, H) if self.one_step else (1, N, H)))
                given[name] = state[0] if way.flat_states else state
        marked: dict[str, Any] = {name: {"$": name} for name in given}
        if len(self.states) > 1 and self.states[1] not in self.call.theirs and self.states[0] in marked:
            marked[self.states[0]] = (marked[self.states[0]], marked.pop(self.states[1]))
        args, kwargs = self.call.place({**options, **marked})
        told = dict(
            host.tensors(
                *("call", built["instance"], args, kwargs),
                arrays=given,
                values=layout.values({name: params[name] for name in layout.run.shapes}),
                algorithm=self.entry.name,
                forbidden=list(FORBIDDEN[self.entry.name]),
                upstream=upstream,
                training=True,
                widen=way.widen,
            )
        )
        gradients = told["gradients"]
        if gradients is not None:
            for name in self.states if way.flat_states else ():
                if name in gradients:
                    gradients[name] = np.asarray(gradients[name])[None]
            if way.batch_first and not self.one_step:
                gradients["x"] = np.swapaxes(gradients["x"], 0, 1)
            gradients |= {f"params.{name}": g for name, g in layout.gradients(told["learnt"]).items()}
        return told

    @property
    def needed(self) -> set[str]:
        """The states that it can't do without."""
        required = {p.name for p in forward_of(self.member) or () if p.required}
        first = [name for name in self.states if self.call.theirs.get(name) in required]
        return set(self.states) if first else set()


def _hidden_twice(outputs: Sequence[Any]) -> bool:
    """Whether a cell returned ``h, (h, c)``: its output, and the states for the next step."""
    if len(outputs) != 3 or any(np.asarray(output).dtype.kind != "f" for output in outputs):
        return False
    h, again, c = outputs
    return np.shape(h) == np.shape(c) and np.array_equal(h, again, equal_nan=True)


def bind_cell(entry: Algorithm, member: Member, wanted: Wanted) -> Binding | Unbound:
    """Bind a class with (input_size, hidden_size), called with x and its state."""
    forward = forward_of(member)
    if is_function(member) or forward is None:
        return Unbound(member.name, "a class with forward is expected for a recurrent network", member.line)
    one_step = entry.name.endswith("_cell")
    states: tuple[str, ...] = ("h", "c") if one_step else ("h_0", "c_0")
    states = states if "lstm" in entry.name else states[:1]
    options = ["bias", "nonlinearity", *([] if one_step else ["batch_first", "num_layers"])]
    made = match(
        *(member.parameters or (), ["input_size", "hidden_size", *options]),
        by_position=("input_size", "hidden_size"),
        synonyms=NAMES,
        map_=dict(wanted.map),
    )
    call = match(
        *(forward, ("x", *states)), by_position=("x", *states), synonyms=NAMES, map_=dict(wanted.map)
    )
    unknown = (*made.unknown, *call.unknown)
    if unknown or not {"input_size", "hidden_size"} <= set(made.theirs) or "x" not in call.theirs:
        which = ", ".join(unknown) or "its sizes"
        return Unbound(
            member.name,
            f"what {which} is can't be told; (input_size, hidden_size) and (x, h) are known",
            member.line,
        )
    cell = Cell(entry, member, made, call, states)
    ways = [Way(), Way(hidden_first=True)]
    if not one_step:
        ways = [replace(way, flat_states=flag) for flag in (False, True) for way in ways]
        ways = [replace(way, batch_first=flag) for flag in (False, True) for way in ways]
    narrow = None
    if not one_step and "num_layers" not in made.theirs:
        narrow = one_layer
    elif one_step and "bias" not in made.theirs:
        narrow = with_biases
    own = not member.uses & {"weight_ih", "weight_ih_l0", "weight_hh"}
    orders = {"lstm": ("ifog", "iofg", "figo", "fiog", "figo", "fogi"), "gru": ("zrn",)}.get(cell.kind, ())
    if own:
        ways += [replace(way, order=order) for order in orders for way in list(ways)]
    ways += [replace(way, widen=True) for way in ways if not way.order]
    readings = tuple(Reading(partial(cell.ask, way), way.said, narrow=narrow) for way in ways)
    taken = frozenset(name for name in options if name in made.theirs)
    arrays = frozenset(states) if set(states) & set(call.theirs) else frozenset()
    return Binding(*(entry.name, "torch", (member.name,), readings, Abilities(taken, arrays), member.line))

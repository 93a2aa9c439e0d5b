"""The handbook's optimizers and schedules: ``update_parameters_with_adam(parameters, grads, v, s, t, …)``."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from parity_tests.catalogue.optimizers import SHAPES
from parity_tests.engine.cases import Case
from parity_tests.engine.questions import Answer, Question
from parity_tests.people.answers import empty, named, tensor
from parity_tests.people.binding import Abilities, Absent, Beyond, Binding, Reading, Unbound
from parity_tests.people.handbook_functions import Function, Maker, column, function, item, made
from parity_tests.people.host import Host, TheirError
from parity_tests.sandbox.wire import Ref
from scratch import optimizers

KEYS = ("W1", "b1", "W2", "b2")  # for the parameters of a case, in their order
NAMES = dict(zip((f"param.{ours}" for ours in SHAPES), KEYS, strict=True))
ROWS = np.array([1.0, -0.5, 0.25])
CHARACTERS = {"W1": "Wax", "b1": "b", "W2": "Waa", "b2": "by"}  # of the character model, which has Wya, too


@dataclass(frozen=True)
class Update:
    """What is known of one optimizer.

    Args:
        algorithm: its name in the catalogue.
        state: the dictionaries that it carries along, in the order in which it returns them.
        options: which of its parameters take scratch's option.
        initialize: the function that makes its state.
        conventions: other definitions that go by the same name, and what to say of them.
    """

    algorithm: str
    state: tuple[str, ...] = ()
    options: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    initialize: str = ""
    conventions: tuple[tuple[Any, str], ...] = ()


def weights_alone_decay(param: Any, grad: Any, state: Any, **options: Any) -> Any:
    """A step of AdamW that leaves the biases, which have one axis at most, out of the decay."""
    decay = options if param.ndim > 1 else {**options, "weight_decay": 0.0}
    return optimizers.adamw(param, grad, state, **decay)


MOMENTS = {"betas": ("beta1", "beta2"), "eps": ("epsilon",)}
UPDATES = {
    "gd": Update("gradient_descent"),
    "sgd": Update("gradient_descent"),
    "": Update("gradient_descent"),
    "momentum": Update(
        "momentum_ema",
        ("v",),
        {"momentum": ("beta",)},
        "initialize_velocity",
        (
            (optimizers.sgd, "v = beta * v + grad, without the factor 1 - beta, as torch has it"),
            (
                optimizers.momentum_lr_inside,
                "v = beta * v + learning_rate * grad, the formula of the handbook",
            ),
        ),
    ),
    "rmsprop": Update("rmsprop", ("s",), {"alpha": ("beta",), "eps": ("epsilon",)}, "initialize_rmsprop"),
    "adagrad": Update("adagrad", ("s",), {"eps": ("epsilon",)}, "initialize_adagrad"),
    "adam": Update("adam", ("v", "s"), MOMENTS, "initialize_adam"),
    "adamw": Update(
        "adamw",
        ("v", "s", "w"),
        {**MOMENTS, "weight_decay": ("weight_decay",)},
        "initialize_adamw",
        ((weights_alone_decay, "the biases are not decayed"),),
    ),
}
MAY_BE_FIXED = frozenset({"epsilon", "w"})  # all other parameters must be there


def bind_update(maker: Maker, kind: str) -> Binding | Unbound:
    """Bind ``update_parameters_with_…``."""
    update, member = UPDATES[kind], maker.member
    m_and_v = "m" in member.takes and "v" in member.takes
    state = tuple({"v": "m", "s": "v"}.get(name, name) for name in update.state) if m_and_v else update.state
    settings = [theirs for names in update.options.values() for theirs in names]
    needed = [
        "parameters",
        "grads",
        *state,
        *(["t"] if "beta1" in settings else []),
        "learning_rate",
        *settings,
    ]
    theirs = function(
        member,
        " ".join(name for name in needed if name not in MAY_BE_FIXED),
        " ".join(name for name in needed if name in MAY_BE_FIXED),
    )
    if theirs is None:
        return Unbound(member.name, f"it would do as {member.name}({', '.join(needed)})", member.line)
    taken = {ours for ours, names in update.options.items() if all(map(theirs.takes, names))}
    run = Run(theirs, update, state, maker.other(update.initialize, "parameters"))
    binding = maker.binding(
        update.algorithm,
        Reading(run.ask, narrow=with_rows),
        *(Reading(run.ask, convention, formula, with_rows) for formula, convention in update.conventions),
        abilities=Abilities(options=frozenset({"lr", *taken}), missing_gradients=False),
        beside=(update.initialize,) if run.initialize else (),
    )
    return replace(binding, names=NAMES)


def with_rows(case: Case) -> Case:
    """The case with as many elements in b2 as W2 has rows: a state may be made from the shape of W2."""
    (last,) = (ours for ours, theirs in zip(SHAPES, KEYS, strict=True) if theirs == "b2")

    def spread(tensors: Mapping[str, Any]) -> dict[str, Any]:
        value = tensors[last]
        return {**tensors, last: value if value is None else value * ROWS}

    arrays = case.arrays
    grads = [spread(given) for given in arrays["grads"]]
    return replace(case, arrays={**arrays, "params": spread(arrays["params"]), "grads": grads})


@dataclass(frozen=True)
class Run:
    """A training with somebody's optimizer."""

    function: Function
    update: Update
    state: tuple[str, ...]
    initialize: Function | None

    def ask(self, host: Host, question: Question) -> Answer:
        """In the layers' dictionaries, or else in those of the character model."""
        try:
            return self._run(host, question, {})
        except TheirError as error:
            # What is a layer's, such as W3 where there are two, is missing by mistake.
            if error.kind != "KeyError" or re.search(r"'d?[Wb]\d+'", str(error)):
                raise
            names = CHARACTERS if "Wa" in str(error) or "Wya" in str(error) else None
            if names is None:
                raise Beyond(f"its dictionaries have other entries: {error}") from None
            return self._run(host, question, names)

    def _run(self, host: Host, question: Question, names: Mapping[str, str]) -> Answer:
        case = question.case
        keys = dict(zip(KEYS, case.arrays["params"], strict=True))
        start = {names.get(key, key): _two_axes(case.arrays["params"][ours]) for key, ours in keys.items()}
        spare = {"Wya": np.ones((3, 2))} if names else {}
        parameters = host.put({**start, **spare})
        state = self._first_state(host, parameters, {**start, **spare})
        settings = {
            name: part
            for ours, theirs in self.update.options.items()
            if ours in case.options
            for name, part in zip(theirs, _parts(case.options[ours], len(theirs)), strict=True)
        }
        answers: list[Any] = []
        before = start
        for number, (part, given, lr) in enumerate(
            zip(question.parts, case.arrays["grads"], case.extra["lrs"], strict=True), start=1
        ):
            grads = {"d" + names.get(key, key): _two_axes(given[ours]) for key, ours in keys.items()}
            grads |= {f"d{name}": np.zeros_like(array) for name, array in spare.items()}
            returned = self.function(
                host, parameters=parameters, grads=grads, t=number, learning_rate=lr, **state, **settings
            )
            if returned.type != "NoneType":
                parameters = item(host, returned, 0)
                state = self._next_state(host, returned, state)
            after = self._read(host, parameters, list(start))
            if returned.type == "NoneType" and all(np.array_equal(after[n], before[n]) for n in start):
                raise Absent("it returns None and changes nothing")
            before = after
            values = {f"param.{ours}": after[names.get(key, key)] for key, ours in keys.items()}
            answers.append(named(part, values))
        return answers

    def _first_state(self, host: Host, parameters: Ref, start: Mapping[str, np.ndarray]) -> dict[str, Any]:
        """From their own function, if it is finished, or zeros; AdamW's w is a copy of the parameters."""
        if not self.state:
            return {}
        if self.initialize is not None:
            own = self._initialized(host, self.initialize, parameters)
            host.note(self.initialize.name, own is not None)
            if own is not None:
                return own
            host.remark(f"{self.initialize.name} returns nothing yet, so that its state began as zeros")
        zeros = {f"d{name}": np.zeros_like(array) for name, array in start.items()}
        return {name: host.put(dict(start) if name == "w" else dict(zeros)) for name in self.state}

    def _initialized(self, host: Host, initialize: Function, parameters: Ref) -> dict[str, Any] | None:
        """What their function makes, or None where that is unfinished."""
        wanted = [name for name in self.state if self.function.takes(name)]
        try:
            returned = initialize(host, parameters=parameters)
        except Absent:
            return None
        except TheirError as error:
            if error.absent:
                return None
            raise
        if returned.type == "NoneType":
            return None
        several = returned.type in ("tuple", "list")
        length = host.get(host.operate("length_hint", returned)) if several else 1
        if length < len(wanted):
            names = ", ".join(wanted)
            values = f"{length} value{'s' if length != 1 else ''}"
            raise TheirError("TypeError", f"{initialize.name} returned {values}, where {names} were expected")
        parts = [item(host, returned, i) for i in range(len(wanted))]
        if any(empty(host.get(part)) for part in parts):
            return None
        return dict(zip(wanted, parts, strict=True))

    def _next_state(self, host: Host, returned: Ref, state: dict[str, Any]) -> dict[str, Any]:
        """What was returned behind the parameters; what was not is kept in place."""
        if returned.type not in ("tuple", "list"):
            return state
        count = host.operate("length_hint", returned)
        length = host.get(count)
        kept = dict(state)
        for index, name in enumerate(self.state, start=1):
            # Behind v and s come v_corrected and s_corrected, or w alone.
            if isinstance(length, int) and index < length and (name != "w" or length == 4):
                kept[name] = item(host, returned, index)
        return kept

    def _read(self, host: Host, parameters: Ref, names: list[str]) -> dict[str, np.ndarray]:
        got = host.get(parameters)
        if empty(got):
            raise Absent("it returns None")
        if not isinstance(got, Mapping):
            raise TheirError(
                "TypeError", f"it returned a {type(got).__name__}, where parameters were expected"
            )
        for name in names:
            if name not in got:
                raise TheirError("ValueError", f"the parameters that it returned have no {name}")
            if got[name] is None:
                raise Absent(f"{name} is still None")
        return {name: tensor(got[name]) for name in names}


def _two_axes(array: np.ndarray) -> np.ndarray:
    return array.copy() if array.ndim == 2 else column(array).copy()


def _parts(value: Any, count: int) -> tuple[Any, ...]:
    return tuple(value) if count > 1 else (value,)


# ---- schedules ----

INTERVAL = 7


def stepped_time_decay(step: int, *, lr: float, decay: float) -> float:
    """η₀ / (1 + d · ⌊t / interval⌋)."""
    return lr / (1 + decay * (step // INTERVAL))


def bind_time_decay(maker: Maker) -> Binding | Unbound:
    """Bind ``update_lr(learning_rate0, epoch_num, decay_rate)``."""
    theirs = function(maker.member, "learning_rate0 epoch_num decay_rate")
    if theirs is None:
        reason = "it would do as update_lr(learning_rate0, epoch_num, decay_rate)"
        return Unbound(maker.member.name, reason, maker.member.line)
    return maker.binding("time_based_decay", lambda host, question: _rates(theirs, host, question))


def bind_stepped_decay(maker: Maker) -> Binding | Unbound:
    """Bind ``schedule_lr_decay(learning_rate0, epoch_num, decay_rate, time_interval)``."""
    theirs = function(maker.member, "learning_rate0 epoch_num decay_rate time_interval")
    if theirs is None:
        reason = "it would do as schedule_lr_decay(learning_rate0, epoch_num, decay_rate, time_interval)"
        return Unbound(maker.member.name, reason, maker.member.line)
    return maker.binding(
        "time_based_decay",
        lambda host, question: _rates(theirs, host, question),
        formula=stepped_time_decay,
    )


def _rates(theirs: Function, host: Host, question: Question) -> Answer:
    options = question.case.options
    rates = [
        host.get(
            theirs(
                host,
                learning_rate0=options["lr"],
                epoch_num=epoch,
                decay_rate=options["decay"],
                time_interval=INTERVAL,
            )
        )
        for epoch in range(options["step"] + 1)
    ]
    if empty(rates):
        raise Absent("it returns None")
    return [{"lr": np.array([tensor(rate).reshape(()) for rate in rates])}]


# ---- clipping ----


def bind_clip(maker: Maker) -> Binding | Unbound:
    """Bind ``clip(gradients, maxValue)`` of the character model."""
    theirs = function(maker.member, "grads maxValue")
    if theirs is None:
        return Unbound(maker.member.name, "it would do as clip(gradients, maxValue)", maker.member.line)
    keys = {"a": "dWaa", "b": "dWax", "c": "dWya"}

    def ask(host: Host, question: Question) -> Answer:
        given = question.case.arrays["grads"]
        sent = {
            theirs_: np.zeros((1, 1)) if given[ours] is None else np.atleast_2d(given[ours]).copy()
            for ours, theirs_ in keys.items()
        }
        sent |= {"db": np.full((2, 1), 3.0), "dby": np.full((1, 1), -3.0)}
        kept = host.put(sent)
        returned = made(host, theirs.name, *_placed(theirs, kept, question.case.options["clip_value"]))
        got = host.get(kept if returned.type == "NoneType" else returned)
        if returned.type == "NoneType" and all(np.array_equal(got[name], sent[name]) for name in sent):
            raise Absent("it returns None and changes nothing")
        if empty(got):
            raise Absent("it returns None")
        if not isinstance(got, Mapping):
            raise TheirError(
                "TypeError", f"it returned a {type(got).__name__}, where gradients were expected"
            )
        values = {ours: got.get(name) for ours, name in keys.items() if given[ours] is not None}
        (part,) = question.parts
        return [named(part, values)]

    return maker.binding("clip_grad_value", ask)


def _placed(theirs: Function, *values: Any) -> list[Any]:
    """Arguments in the order of their parameters."""
    by_name = dict(zip((theirs.match.theirs["grads"], theirs.match.theirs["maxValue"]), values, strict=True))
    return [by_name[name] for name in theirs.member.takes if name in by_name]

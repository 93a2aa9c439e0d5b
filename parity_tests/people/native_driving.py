"""Drive somebody's optimizer through a trajectory.

A `Way` says how an optimizer is to be called, as far as names tell; what they leave open (a list or a dict
of parameters, a state of None or of zeros) is found out by trying.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import Any

import numpy as np

from parity_tests.engine.cases import Case
from parity_tests.engine.questions import Answer, Question
from parity_tests.people.answers import named
from parity_tests.people.binding import Absent
from parity_tests.people.host import Asked, Host, Target, TheirError, Turn
from parity_tests.people.native_attributes import attributes_of
from parity_tests.people.native_holding import HOLDERS, Arrays, Held, MisfitError, Way, items_of, placed
from parity_tests.people.native_in_place import same_numbers
from parity_tests.sandbox.wire import Record, Ref

# What parameters are called in a dict: what code that counts layers asks for, too.
KEYS = ("W1", "b1", "W2", "b2")
TWINS = {"W3": "W1", "b3": "b1"}
# What a state without a function that makes one may be asked for.
ZEROS = (
    "m",
    "v",
    "s",
    "u",
    "velocity",
    "cache",
    "v_max",
    "vhat",
    "exp_avg",
    "exp_avg_sq",
    "G",
    "mean",
    "var",
)
COUNTS = ("t", "step", "iteration")
# Ways of handing over gradients in which the arrays can be the same at every step.
REUSED = ("list", "dict", "d", "array")
CHANGES_GRADIENTS = "it changes the gradients that it is given"


@dataclass
class Run:
    """One optimizer with the parameters that it has to step."""

    host: Host
    way: Way
    helds: list[Held]
    options: dict[str, Any]
    lr: float | None
    t: int = 1
    owner: Ref | None = None
    grads: dict[str, Ref] = field(default_factory=dict)
    buffers: dict[str, Ref] = field(default_factory=dict)
    moved: bool = False

    def __post_init__(self) -> None:
        way, held = self.way, self.helds[0]
        zero = {key: np.zeros_like(value) for h in self.helds for key, value in h.values.items()}
        if way.constructor is not None:
            values: dict[str, Any] = {**self.options, "lr": self.lr}
            if "param" in way.constructor.theirs:
                values["param"] = held.arguments(zero)["param"]
            if "grad" in way.constructor.theirs:
                refs = {key: self.host.put(value) for key, value in zero.items()}
                self.grads = refs
                values["grad"] = held.packed(refs)
            args, kwargs = placed(way.constructor, values)
            self.owner = self.host.make(way.member, *args, **kwargs)
        for each in self.helds:
            self._begin(each)

    def _begin(self, held: Held) -> None:
        """The state before the first step."""
        way, host = self.way, self.host
        for name in way.begins:  # kept there, since they may be changed in place
            held.carry(name, host.put(held.zeros()))
        if way.start == "none":
            held.carry("state", None)
        elif way.start == "empty":
            held.carry("state", host.put({}))
        elif way.start == "zeros":
            counts = dict.fromkeys(COUNTS, self.t - 1)
            held.carry("state", host.put({**{name: held.zeros() for name in ZEROS}, **counts}))
        elif way.start:
            ref = host.make(
                way.start, held.arguments({})["param"] if held.way.packing == "objects" else held.ref
            )
            made = host.get(ref)
            fields = [name for name in way.slots if name != "t"]
            if "state" in way.slots:
                held.carry("state", ref)
            elif isinstance(made, Mapping) and all(name in made for name in fields):
                for name in fields:
                    held.carry(name, host.operate("getitem", ref, name))
            elif isinstance(made, list | tuple | Record):
                for i, name in enumerate(fields):
                    held.carry(name, host.operate("getitem", ref, i))
            else:
                for name in fields:
                    held.carry(name, ref)

    def asked(self, grads: Arrays, lr: float | None) -> list[Asked]:
        """The calls of the next step: one for all parameters, or one for each group of them."""
        if self.owner is not None and lr is not None and lr != self.lr:
            self._set_rate(lr)
        self.lr = lr
        for hook in self.way.around[0]:
            self.host.make((self.owner, hook))
        return [self._asked(held, {key: grads[key] for key in held.keys}) for held in self.helds]

    def take(self, turns: Iterable[Turn], grads: Arrays) -> None:
        """Take in what became of those calls."""
        for held, turn in zip(self.helds, turns, strict=True):
            self._take(held, turn, grads)
        for hook in self.way.around[1]:
            self.host.make((self.owner, hook))
        self.t += 1

    def _set_rate(self, lr: float) -> None:
        """Change the rate where the object holds the one that it has had."""
        for name in self.way.rates:
            try:
                has = self.host.get((self.owner, name))
            except TheirError:
                continue
            if isinstance(has, int | float | np.number) and has == self.lr:
                self.host.assign((self.owner, name), lr)

    def _asked(self, held: Held, grads: Arrays) -> Asked:
        way = self.way
        given = held.arguments(grads)
        fill: list[tuple[Ref, np.ndarray]] = []
        if way.packing in REUSED and "grad" in given:
            given["grad"], fill = self._reused(held, grads)
        values = {**given, **({} if way.method else self.options), "t": self.t, "lr": self.lr}
        values |= {name: value for name, value in self.options.items() if name in way.call.theirs}
        values |= {name: value for name, value in held.carried.items() if name not in ("param", "bias")}
        again = bool(fill)
        assign: list[tuple[Target, Any]] = []
        if way.gradients:
            assign = [((self.owner, way.gradients), values["grad"])]
        fill += [(ref, grads[key]) for key, ref in self.grads.items()]
        unasked = {name for name in way.slots if name not in held.carried and name != "t"}
        args, kwargs = placed(way.call, {n: v for n, v in values.items() if n not in unasked})
        target: Target = (self.owner, way.method) if way.method else way.member
        # After the first step alone: what it does to its gradients, it does to all of them.
        buffers = [] if again else [self.buffers[key] for key in grads if key in self.buffers]
        return Asked(target, args, kwargs, assign, fill, [*self._own_places(), *held.places(), *buffers])

    def _own_places(self) -> list[Target]:
        """The attributes of the optimizer that may hold its parameters."""
        return [(self.owner, name) for name in self.way.kept] if self.owner is not None else []

    def _take(self, held: Held, turn: Turn, grads: Arrays) -> None:
        then = iter(turn.then)
        kept = [held.unpacked(next(then)) for _ in self._own_places()]
        there = held.read([next(then) for _ in held.places()])
        now = next((arrays for arrays in kept if arrays is not None), there)
        given = [grads[key] for key in held.keys if key in self.buffers]
        if any(_changed(was, grad) for was, grad in zip(then, given, strict=False)):
            self.host.remark(CHANGES_GRADIENTS)
        before = held.values
        self._absorb(held, turn, now)
        self.moved = self.moved or turn.value is not None or _differ(held.values, before)

    def _reused(self, held: Held, grads: Arrays) -> tuple[Any, list[tuple[Ref, np.ndarray]]]:
        """The gradients in the same arrays at every step, so that a state that is one of them shows.

        Returns the arrays, and which of them have to be filled anew.
        """
        fill = [(self.buffers[key], grad) for key, grad in grads.items() if key in self.buffers]
        for key, grad in grads.items():
            if key not in self.buffers:
                self.buffers[key] = self.host.put(np.array(grad))
        given = {key: self.buffers[key] for key in grads}
        return held.packed(given, "d" if self.way.packing == "d" else ""), fill

    def _absorb(self, held: Held, turn: Turn, now: Arrays | None) -> None:
        """Find the new parameters, and the state, in what was returned, or in what is there now."""
        slots, value = self.way.slots, turn.value
        new = held.unpacked(value)
        if new is not None:
            held.values = new
            held.replace(turn.ref)
            if "state" in slots and "state" not in held.carried and self.way.keeps_state:
                raise MisfitError("it returns no state, and was given none that it could change")
            return
        if now is None:
            raise MisfitError("a parameter has another shape after the step")
        items = items_of(value)
        if items and len(items) != len(turn.items):
            raise MisfitError("what came back is no answer")
        first = held.unpacked(items[0]) if items else None
        in_place = _differ(now, held.values)
        # (m, v) beside parameters that were changed in place would pass for (param, state), too.
        alone = first is not None and in_place and len(items) == len(slots) and _differ(now, first)
        if first is not None and not alone:
            held.values = first
            held.replace(turn.items[0])
            self._carry(held, turn.items[1:])
            return
        held.values = now
        if items and slots:
            self._carry(held, turn.items)
        elif isinstance(value, Mapping) and slots == ("state",):
            held.carry("state", turn.ref)
        elif (items or (isinstance(value, np.ndarray) and value.ndim)) and not in_place:
            what = f"an array of shape {value.shape}" if isinstance(value, np.ndarray) else "something else"
            raise MisfitError(f"it returned {what}, and no new parameters")

    def _carry(self, held: Held, items: Sequence[Ref]) -> None:
        """Hand what was returned besides the parameters to the next call."""
        slots = self.way.slots
        if not slots:
            return
        for names in (slots, [name for name in slots if name != "t"]):
            if len(names) == len(items):
                for name, item in zip(names, items, strict=True):
                    held.carry(name, item)
                return
        if items:
            raise MisfitError(
                f"it returned {len(items)} values besides the parameters, and takes {len(slots)} of them"
            )


def _changed(was: Any, grad: np.ndarray) -> bool:
    numbers = isinstance(was, np.ndarray) and was.dtype.kind in "fiub"
    return not (numbers and np.array_equal(was, grad, equal_nan=True))


def _differ(now: Arrays, before: Arrays) -> bool:
    return any(not np.array_equal(now[key], before[key], equal_nan=True) for key in before)


def starting(way: Way, host: Host, question: Question, t: int) -> Iterator[Run]:
    """The optimizers of one trajectory: one for all parameters, or one for each."""
    case = question.case
    params = {key: np.atleast_1d(p) for key, p in zip(KEYS, case.arrays["params"].values(), strict=True)}
    if way.together:
        params |= with_twins(params)
    holder = HOLDERS.get(way.packing, Held)
    lr = (case.extra.get("lrs") or [None])[0]
    if way.packing == "pair" or (way.packing == "layers" and "layer" in way.call.theirs):
        keys = list(params)
        groups = [{k: params[k] for k in keys[i : i + 2]} for i in range(0, len(keys), 2)]
    elif way.packing in ("list", "dict", "d", "objects", "layers"):
        groups = [params]
    else:
        groups = [{key: value} for key, value in params.items()]
    helds = [holder(host, way, group) for group in groups]
    options = dict(case.options)
    if "betas" in options:
        options["beta1"], options["beta2"] = options["betas"]
    for some in [helds] if way.together else [[held] for held in helds]:
        yield Run(host, way, some, options, lr, t)


def with_twins(arrays: Mapping[str, np.ndarray]) -> Arrays:
    """Two parameters more, of the shapes that two others have: each is one of those backwards.

    An optimizer that tells parameters apart by their shapes gives them one state.
    """
    return {twin: np.flip(arrays[key]) for twin, key in TWINS.items()}


def trajectory(way: Way, host: Host, question: Question, t: int) -> Answer:
    """The parameters after every step."""
    case = question.case
    names = dict(zip(KEYS, case.arrays["params"], strict=True))
    runs = list(starting(way, host, question, t))
    lrs = case.extra.get("lrs") or [None] * len(case.arrays["grads"])
    parts = []
    for part, given, lr in zip(question.parts, case.arrays["grads"], lrs, strict=True):
        grads = {key: np.atleast_1d(given[name]) for key, name in names.items()}
        if way.together:
            grads |= with_twins(grads)
        values: Arrays = {}
        calls = [run.asked(grads, lr) for run in runs]
        turns = iter(host.turns([call for asked in calls for call in asked]))
        for run, asked in zip(runs, calls, strict=True):
            run.take(islice(turns, len(asked)), grads)
            for held in run.helds:
                values |= held.values
        expected = {key: np.atleast_1d(part.expected[f"param.{name}"]) for key, name in names.items()}
        merged = {f"param.{names[key]}": _worse(values, key, expected[key]) for key in names}
        parts.append(named(part, merged))
    if not any(run.moved for run in runs) and not _worked(runs, list(starting(way, host, question, t))):
        raise Absent("it returns nothing and changes nothing")
    return parts


def _worked(runs: Iterable[Run], unused: Iterable[Run]) -> bool:
    """Whether the optimizers have counted or averaged anything: one that is still to be written has not.

    Parameters that stay what they are all the same are wrong: `p = p - …` gives another array that name.
    """
    return any(
        not same_numbers(attributes_of(run.host, run.owner), attributes_of(other.host, other.owner))
        for run, other in zip(runs, unused, strict=True)
        if run.owner is not None and other.owner is not None
    )


def beside_twins(question: Question, answered: Callable[[Case], Answer]) -> Answer:
    """What `trajectory` says of an optimizer that takes all parameters together, with their twins."""
    case = question.case
    names = dict(zip(KEYS, case.arrays["params"], strict=True))

    def beside(arrays: Mapping[str, Any]) -> dict[str, Any]:
        given = {key: np.atleast_1d(arrays[name]) for key, name in names.items()}
        return {names.get(key, key): array for key, array in {**given, **with_twins(given)}.items()}

    arrays = {"params": beside(case.arrays["params"]), "grads": list(map(beside, case.arrays["grads"]))}
    parts = []
    for part, step in zip(question.parts, answered(replace(case, arrays=arrays)), strict=True):
        there = step or {}
        values = {key: there[f"param.{names.get(key, key)}"] for key in (*KEYS, *TWINS)}
        expected = {key: np.atleast_1d(part.expected[f"param.{name}"]) for key, name in names.items()}
        merged = {f"param.{name}": _worse(values, key, expected[key]) for key, name in names.items()}
        parts.append(named(part, merged))
    return parts


def _worse(values: Arrays, key: str, expected: np.ndarray) -> np.ndarray:
    """The values of a parameter; where its twin is further from what is expected, those of the twin."""
    value = values[key]
    for twin in [twin for twin, of in TWINS.items() if of == key and twin in values]:
        other = np.flip(values[twin])
        with np.errstate(all="ignore"):
            further = ~(np.abs(other - expected) <= np.abs(value - expected))
        value = np.where(further & (other != value), other, value)
    return value


@dataclass
class Trial:
    """Several ways to call one optimizer; the first that works at the first question is the one."""

    ways: Sequence[Way]
    found: Way | None = None

    def asked(self, t: int) -> Callable[[Host, Question], Answer]:
        def ask(host: Host, question: Question) -> Answer:
            if self.found is not None:
                return trajectory(self.found, host, question, t)
            first: Exception | None = None
            for way in self.ways:
                try:
                    answer = trajectory(way, host, question, t)
                except (TheirError, Absent) as error:
                    if isinstance(error, TheirError) and error.kind == "NotImplementedError":
                        raise
                    first = error if first is None or isinstance(error, Absent) else first
                    continue
                self.found = way
                return answer
            assert first is not None
            raise first

        return ask

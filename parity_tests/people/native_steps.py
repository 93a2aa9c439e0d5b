"""Native optimizers: functions with a state, classes with a step, in the forms that people give them."""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from parity_tests.catalogue import Algorithm
from parity_tests.people.binding import Abilities, Binding, Member, Parameter, Reading, Unbound
from parity_tests.people.finding import Wanted
from parity_tests.people.native_conventions import conventions
from parity_tests.people.native_driving import Trial
from parity_tests.people.native_holding import Way
from parity_tests.people.native_schedules import bind_schedule
from parity_tests.people.native_vocabulary import (
    GRADIENTS,
    KEPT,
    RATES,
    SLOTS,
    STEP_INPUTS,
    STEP_OPTIONS,
    STEPS,
)
from parity_tests.people.signatures import Match, match, plain

__all__ = ["bind_optimizer", "bind_schedule"]

INPUTS = ("param", "grad", "state", "t", "key", "pairs", "layer", "bias", "dbias")
OBJECTS = tuple(
    (data, grad) for grad in ("grad", "gradient") for data in ("data", "value", "val", "array", "values")
)
LAYERS = (
    (("weights", "dweights"), ("biases", "dbiases")),
    (("weights", "dweights"), ("bias", "dbias")),
    (("W", "dW"), ("b", "db")),
    (("w", "dw"), ("b", "db")),
    (("weights", "grad_weights"), ("bias", "grad_bias")),
    (("weights", "grad_weights"), ("biases", "grad_biases")),
    (("weight", "grad_weight"), ("bias", "grad_bias")),
    (("weights", "weights_grad"), ("bias", "bias_grad")),
    (("W", "grad_W"), ("b", "grad_b")),
)
PLURAL = ("s", "list", "dict", "vars")
TRIED = "(param, grad, state, lr=…), (params, grads, m, v, t, lr), or a class with params and step(grads)"


def bind_optimizer(
    entry: Algorithm, member: Member, members: Mapping[str, Member], wanted: Wanted
) -> Binding | Unbound:
    """Bind an optimizer in any of the forms that its parameters tell."""
    shape = _Shape.of(entry, member, members, wanted)
    if isinstance(shape, str):
        return Unbound(member.name, f"{shape}; forms that would do are {TRIED}", member.line)
    ways = tuple(_ways(shape, entry, members))
    if not ways:
        return Unbound(
            member.name,
            f"nothing says how its parameters go in; forms that would do are {TRIED}",
            member.line,
        )
    lr_in_calls = "lr" in shape.call.theirs or shape.call.takes_any
    abilities = Abilities(
        options=None if shape.takes_all else frozenset(shape.options),
        missing_gradients=False,
        changing_lr=lr_in_calls or bool(ways[0].rates),
    )
    trial = Trial(ways)
    readings: list[Reading] = []
    for said in conventions(entry, member, abilities, explicit=bool(wanted.as_)):
        readings.append(Reading(trial.asked(1), said.text, said.formula, said.narrow))
        if shape.counts:
            text = "t counts the steps from 0" + (f"; {said.text}" if said.text else "")
            readings.append(Reading(trial.asked(0), text, said.formula, said.narrow))
    names = tuple(dict.fromkeys((member.name, *(way.start for way in ways if way.start in members))))
    return Binding(entry.name, "native", names, tuple(readings), abilities, member.line)


@dataclass(frozen=True)
class _Shape:
    """What the parameters of a function, or of a constructor and its method, are for."""

    member: Member
    call: Match
    parameters: tuple[Parameter, ...]
    constructor: Match | None
    method: str
    options: tuple[str, ...]
    takes_all: bool
    slots: tuple[str, ...]
    begins: tuple[str, ...]
    uses: frozenset[str]

    @property
    def counts(self) -> bool:
        """Whether it is told the number of the step."""
        return "t" in self.call.theirs

    def required(self, ours: str) -> bool:
        theirs = self.call.theirs.get(ours)
        return any(p.name == theirs and p.required for p in self.parameters)

    @classmethod
    def of(
        cls, entry: Algorithm, member: Member, members: Mapping[str, Member], wanted: Wanted
    ) -> _Shape | str:
        """The shape; or why there is none."""
        known = _options(entry)
        map_ = dict(wanted.map)
        constructor: Match | None = None
        method = ""
        parameters = member.parameters
        if member.kind == "class":
            found = [name for name in (map_.get("step", ""), *STEPS) if name in member.methods]
            if not found:
                return f"it has no method {', '.join(STEPS[:3])} or {STEPS[4]}"
            method, parameters = found[0], member.methods[found[0]]
            constructor = _matched(member.parameters or (), known, map_, positions=())
            takes = [p for p in parameters or () if p.required]
            if takes and len(constructor.unknown) == 1 and "param" not in constructor.theirs:
                alone = {**map_, "param": constructor.unknown[0]}  # what else has to be given it
                constructor = _matched(member.parameters or (), known, alone, positions=())
            if constructor.unknown:
                return f"nothing is known to pass for {_few(constructor.unknown)} of its constructor"
        if parameters is None:
            return "Python can't tell its parameters"
        has_param = constructor is not None and "param" in constructor.theirs
        positions = ("grad",) if has_param else ("param", "grad")
        call = _matched(parameters, known, map_, positions=positions)
        taken = set(call.theirs.values())
        slots = tuple(p.name for p in parameters if p.name not in taken and plain(p.name) in SLOTS)
        unknown = [name for name in call.unknown if name not in slots]
        if unknown:
            return f"nothing is known to pass for {_few(unknown)}" + (f" of {method}" if method else "")
        theirs = {**(constructor.theirs if constructor else {}), **call.theirs}
        options = tuple(name for name in known if name in theirs)
        if "beta1" in theirs and "beta2" in theirs:
            options = (*options, "betas")
        takes_any = call.takes_any or (constructor is not None and constructor.takes_any)
        takes_all = takes_any and not options
        if "lr" not in options and not takes_all and entry.name != "adadelta":
            return "it takes no learning rate"
        plain_call = Match(
            {**call.theirs, **{n: n for n in slots}}, (), call.positional, takes_all and call.takes_any
        )
        if constructor is not None:
            constructor = Match(
                constructor.theirs, (), constructor.positional, takes_all and constructor.takes_any
            )
        carried = tuple(
            next((ours for ours in ("state", "t") if call.theirs.get(ours) == p.name), p.name)
            for p in parameters
            if p.name in slots or p.name in (call.theirs.get("state"), call.theirs.get("t"))
        )
        return cls(
            member,
            plain_call,
            tuple(parameters),
            constructor,
            method,
            tuple(name for name in options if name not in ("beta1", "beta2")),
            takes_all,
            carried,
            tuple(p.name for p in parameters if p.name in slots and p.required),
            _uses(member, members),
        )


def _options(entry: Algorithm) -> list[str]:
    """The options of scratch's function; two betas may come one by one."""
    parameters = inspect.signature(entry.scratch).parameters.values()
    names = [p.name for p in parameters if p.kind is p.KEYWORD_ONLY]
    return [*names, "beta1", "beta2"] if "betas" in names else names


def _matched(
    parameters: Sequence[Parameter],
    options: Sequence[str],
    map_: Mapping[str, str],
    *,
    positions: Sequence[str],
) -> Match:
    synonyms = {**STEP_INPUTS, **STEP_OPTIONS}
    names = {plain(p.name) for p in parameters}
    rates = {plain(name) for name in ("lr", *synonyms["lr"]) if name != "alpha"}
    if "alpha" in options and "alpha" in names and not names & rates:
        map_ = {"lr": "alpha", **map_}  # the letter of papers for the rate, and torch's for the decay
    ours = [*options, *INPUTS]
    if not names & {"b", "biases", "bias"} or not names & {plain(name) for name in synonyms["dbias"]}:
        ours = [name for name in ours if name not in ("bias", "dbias")]
    matched = match(parameters, ours, synonyms=synonyms, map_=map_)
    by_position = [name for name in matched.unknown if plain(name) not in SLOTS]
    if positions and not set(positions) & set(matched.theirs) and len(by_position) >= len(positions):
        map_ = {**map_, **dict(zip(positions, by_position, strict=False))}
        matched = match(parameters, ours, synonyms=synonyms, map_=map_)
    return matched


def _uses(member: Member, members: Mapping[str, Member]) -> frozenset[str]:
    """The names that its code mentions, and that of the classes it is made of."""
    bases = [members[name] for base in member.bases if (name := base.rpartition(".")[2]) in members]
    return member.uses.union(*(base.uses for base in bases))


def _few(names: Sequence[str]) -> str:
    return ", ".join(names[:4])


# ---- what is to be tried ----


def _ways(shape: _Shape, entry: Algorithm, members: Mapping[str, Member]) -> Iterator[Way]:
    """The ways of calling it that names leave open, the likeliest first."""
    called, built = shape.call.theirs, shape.constructor.theirs if shape.constructor else {}
    for packing, attributes in _packings(shape):
        gradients = ""
        if "grad" not in called and "pairs" not in called and "grad" not in built and not attributes:
            gradients = next((name for name in GRADIENTS if name in shape.uses), "")
            if not gradients or not shape.method:
                continue
        for start in _starts(shape, members):
            yield Way(
                shape.member.name,
                shape.call,
                packing,
                shape.constructor,
                shape.method,
                tuple(name for name in shape.slots),
                shape.begins,
                start,
                attributes,
                gradients,
                tuple(name for name in RATES if name in shape.uses) if "lr" in built else (),
                tuple(name for name in KEPT if name in shape.uses) if "param" in built else (),
                _around(shape.member),
                entry.name not in ("gradient_descent", "sgd"),
            )


def _around(member: Member) -> tuple[tuple[str, ...], tuple[str, ...]]:
    names = [
        name for name, parameters in member.methods.items() if not any(p.required for p in parameters or ())
    ]
    return tuple(n for n in names if n.startswith("pre_")), tuple(n for n in names if n.startswith("post_"))


def _packings(shape: _Shape) -> Iterator[tuple[str, tuple[tuple[str, str], ...]]]:
    called, built = shape.call.theirs, shape.constructor.theirs if shape.constructor else {}
    if "layer" in called or "layer" in built:
        yield from [
            ("layers", pairs) for pairs in LAYERS if {n for pair in pairs for n in pair} <= shape.uses
        ]
        return
    if "bias" in called and "dbias" in called and "grad" in called:
        yield "pair", ()
        return
    if "grad" not in called and "pairs" not in called and "grad" not in built:
        yield from [("objects", (names,)) for names in OBJECTS if set(names) <= shape.uses]
    theirs = called.get("param") or built.get("param") or called.get("pairs", "")
    if not theirs:
        return
    if "pairs" in called or "grad" in built:
        yield "list", ()
        return
    several = ("list", "dict", "d")
    many = plain(theirs).endswith(PLURAL) or plain(called.get("grad", "")).endswith(PLURAL)
    if "key" in called:
        yield "array", ()
        return
    for packing in (*several, "array") if many else ("array", *several):
        yield packing, ()


def _starts(shape: _Shape, members: Mapping[str, Member]) -> Iterator[str]:
    """How a state may begin."""
    makers = _makers(shape.member, members) if not shape.method else []
    if "state" not in shape.call.theirs:
        yield from makers if shape.begins else ()
        yield ""
        return
    yield from makers
    if not shape.required("state"):
        yield ""
    else:
        yield "none"
    yield from ("empty", "zeros")


def _makers(member: Member, members: Mapping[str, Member]) -> list[str]:
    """The functions of the file that make the state before the first step."""
    base = plain(member.name)
    for ending in ("step", "update", "optimizer"):
        base = base.removesuffix(ending) or base
    base = base.removeprefix("update")
    found = []
    for name, other in members.items():
        words = plain(name)
        about = base in words or words in (
            "initstate",
            "initializestate",
            "initoptimizer",
            "initoptimizerstate",
        )
        makes = "init" in words or words.endswith("state") or words.startswith(("make", "create", "new"))
        takes = [p for p in other.parameters or () if p.required and not p.variadic]
        if other.kind == "function" and name != member.name and about and makes and len(takes) == 1:
            found.append(name)
    return found

"""Native initializers: functions of a shape, or of the fans."""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from parity_tests.catalogue import Algorithm
from parity_tests.people.answers import tensor
from parity_tests.people.binding import Abilities, Absent, Beyond, Binding, Member, Parameter, Unbound
from parity_tests.people.finding import Wanted
from parity_tests.people.host import Host, TheirError
from parity_tests.people.native_vocabulary import DRAWS
from parity_tests.people.signatures import Match, match, plain
from parity_tests.sandbox.wire import Record, Rng

INPUTS = ("shape", "fan_in", "fan_out", "rng", "seed", "tensor", "dtype")
# Without these a person's constants, which are theirs to choose, are all that could be checked.
NEEDED = {
    "normal": ("std",),
    "uniform": ("a", "b"),
    "trunc_normal": ("std", "a", "b"),
    "constant": ("val",),
}
SHAPED = {"shape", "fan_in", "tensor"}
METHODS = ("__call__", "initialize", "init", "sample", "forward", "init_weights")
TRIED = "(shape, rng), (fan_in, fan_out, rng), (shape)"


def bind_initializer(
    entry: Algorithm, member: Member, members: Mapping[str, Member], wanted: Wanted
) -> Binding | Unbound:
    """Bind an initializer by what its parameters are called."""
    if member.kind != "function":
        return _bind_class(entry, member, wanted)
    reason, matched = _parts(entry, member.parameters, wanted, INPUTS)
    reason = reason or _lacks(entry, matched.theirs if matched else {})
    if matched is None or reason:
        return Unbound(member.name, f"{reason}; forms that would do are {TRIED}", member.line)

    def call(host: Host, values: Mapping[str, Any]) -> Any:
        args, kwargs = matched.place(values)
        return host.call(member.name, *args, **kwargs)

    return _binding(entry, member, [matched], call, wanted)


def _bind_class(entry: Algorithm, member: Member, wanted: Wanted) -> Binding | Unbound:
    """An initializer that is built with its options and called with a shape."""
    method = next((name for name in METHODS if member.methods.get(name)), "")
    reason, built = _parts(entry, member.parameters, wanted, ("rng", "seed", "dtype"))
    called_reason, called = _parts(entry, member.methods.get(method) or (), wanted, INPUTS)
    if built is None or called is None:
        return Unbound(member.name, reason or called_reason, member.line)
    reason = _lacks(entry, {**built.theirs, **called.theirs})
    if reason:
        return Unbound(member.name, f"{reason}; forms that would do are {TRIED}", member.line)

    def call(host: Host, values: Mapping[str, Any]) -> Any:
        args, kwargs = built.place(values)
        made = host.make(member.name, *args, **kwargs)
        args, kwargs = called.place(values)
        return host.call((made, method), *args, **kwargs)

    return _binding(entry, member, [built, called], call, wanted)


def _options(entry: Algorithm) -> list[str]:
    parameters = inspect.signature(entry.scratch).parameters.values()
    return [p.name for p in parameters if p.kind is p.KEYWORD_ONLY and p.name not in ("rng", "dtype")]


def _parts(
    entry: Algorithm, parameters: Sequence[Parameter] | None, wanted: Wanted, inputs: Sequence[str]
) -> tuple[str, Match | None]:
    """What the parameters are for; or why that can't be told."""
    if parameters is None:
        return "Python can't tell its parameters", None
    options = _options(entry)
    names = [*options, *(name for name in inputs if name not in options)]
    matched = match(parameters, names, synonyms=DRAWS, map_=dict(wanted.map))
    if "shape" in inputs and len(matched.unknown) == 1 and not SHAPED & matched.theirs.keys():
        matched = match(parameters, names, synonyms=DRAWS, map_=dict(wanted.map), by_position=("shape",))
    if matched.unknown:
        return f"nothing is known to pass for {', '.join(matched.unknown[:4])}", None
    return "", Match(matched.theirs, (), matched.positional)


def _lacks(entry: Algorithm, theirs: Mapping[str, str]) -> str:
    if not SHAPED & theirs.keys():
        return "it takes no shape"
    missing = [name for name in NEEDED.get(entry.name, ()) if name not in theirs]
    few = " and no ".join(missing)
    return f"it takes no {few}: what is written into its code can't be asked about" if missing else ""


@dataclass(frozen=True)
class Draws:
    """Calls somebody's initializer.

    `either` says that its name leaves open whether its distribution is normal or uniform.
    """

    entry: Algorithm
    theirs: frozenset[str]
    call: Callable[[Host, Mapping[str, Any]], Any]
    either: bool = False

    def __call__(self, host: Host, shape: tuple[int, ...], *, rng: Rng, **options: Any) -> Any:
        values = {**options, "shape": shape, "rng": rng, "seed": rng.seed}
        if self.theirs & {"fan_in", "fan_out"}:
            if len(shape) != 2 and "shape" not in self.theirs:
                raise Beyond("it takes fans, and so a matrix alone")
            kernel = math.prod(shape[2:])
            values |= {"fan_in": shape[1] * kernel, "fan_out": shape[0] * kernel}
        filled = None
        if "tensor" in self.theirs:
            filled = host.put(np.zeros(shape))
            values["tensor"] = filled
        try:
            returned = self.call(host, values)
        except TheirError as error:
            if error.kind == "AttributeError" and "Generator" in str(error):
                raise Beyond("its rng is to be something else than a np.random.Generator") from None
            raise
        if filled is not None and returned is None:
            returned = host.get(filled)
        return _outputs(self.entry, returned, shape)


def _binding(
    entry: Algorithm,
    member: Member,
    matches: Sequence[Match],
    call: Callable[[Host, Mapping[str, Any]], Any],
    wanted: Wanted,
) -> Binding:
    theirs = frozenset(ours for matched in matches for ours in matched.theirs)
    generated = {"rng"} if theirs & {"rng", "seed"} else set()
    told = any(word in plain(wanted.as_ or member.name) for word in ("normal", "uniform", "gauss"))
    options = frozenset(name for name in _options(entry) if name in theirs)
    return Binding(
        entry.name,
        "native",
        (member.name,),
        abilities=Abilities(options=options | generated),
        line=member.line,
        draw=Draws(entry, theirs, call, not told),
    )


def _outputs(entry: Algorithm, returned: Any, shape: tuple[int, ...]) -> Any:
    """One array, or weight and bias; a matrix that came as (in, out) is turned."""
    if returned is None:
        raise Absent("it returns None")
    if isinstance(returned, Record):
        returned = tuple(returned.fields.values())
    if entry.name == "linear_default":
        if isinstance(returned, Mapping):
            returned = tuple(returned.values())
        if not isinstance(returned, list | tuple) or len(returned) != 2:
            raise TheirError("TypeError", "it returned no pair of a weight and a bias")
        weight, bias = returned
        return {"weight": _turned(tensor(weight), shape), "bias": tensor(bias).ravel()}
    if isinstance(returned, list | tuple) and len(returned) == 2 and np.ndim(returned[0]) == len(shape):
        returned = returned[0]  # beside a bias
    return _turned(tensor(returned), shape)


def _turned(array: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    return array.T if len(shape) == 2 and shape[0] != shape[1] and array.shape == shape[::-1] else array

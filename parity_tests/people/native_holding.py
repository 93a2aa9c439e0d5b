"""How parameters and gradients go into somebody's optimizer, and how new parameters are read again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from parity_tests.people.answers import tensor
from parity_tests.people.host import Host, Target, TheirError
from parity_tests.people.signatures import Match
from parity_tests.sandbox.wire import Record, Ref

Arrays = dict[str, np.ndarray]


class MisfitError(TheirError):
    """It returned something that is no new parameters, or no state, in this way of calling it."""

    def __init__(self, message: str) -> None:
        super().__init__("TypeError", message)


@dataclass(frozen=True)
class Way:
    """One way to call an optimizer.

    Args:
        member: the function or class.
        call: which parameters of the function or of the method take what.
        packing: how parameters travel: "list", "dict", "d" (a dict, its gradients as dW1), "objects" (with a
            gradient as an attribute), "layers" (objects with two parameters each), "array" (each on its own)
            or "pair" (weight and bias, each with a parameter of its own).
        constructor: the same as `call` for the constructor of a class.
        method: the method of a class that makes a step.
        slots: what is handed from call to call, by their names and in their order; "state" and "t" by ours.
        begins: which of the slots have to be there at the first call.
        start: how a state begins: "" (there is none, or it is left out), "none", "empty", "zeros", or the
            name of the function that makes it.
        attributes: pairs of names for a parameter and its gradient, of objects and layers.
        gradients: the attribute of the optimizer where a step without arguments finds its gradients.
        rates: the attributes of an object that may hold its rate.
        kept: the attributes of an object that may hold its parameters.
        around: methods to be called before and after every step.
        keeps_state: whether the algorithm needs a memory.
    """

    member: str
    call: Match
    packing: str
    constructor: Match | None = None
    method: str = ""
    slots: tuple[str, ...] = ()
    begins: tuple[str, ...] = ()
    start: str = ""
    attributes: tuple[tuple[str, str], ...] = ()
    gradients: str = ""
    rates: tuple[str, ...] = ()
    kept: tuple[str, ...] = ()
    around: tuple[tuple[str, ...], tuple[str, ...]] = ((), ())
    keeps_state: bool = True

    @property
    def together(self) -> bool:
        """Whether one optimizer has all the parameters."""
        return self.packing in ("list", "dict", "d", "objects", "layers") or "key" in self.call.theirs


def placed(match: Match, values: Mapping[str, Any]) -> tuple[list[Any], dict[str, Any]]:
    """Arguments for a call: those that it has a parameter for, and of the rest none."""
    ours_alone = ("beta1", "beta2", "t", "key", "pairs", "layer", "bias", "dbias", "state")
    known = {
        ours: value
        for ours, value in values.items()
        if ours in match.theirs or (match.takes_any and ours not in ours_alone)
    }
    return match.place(known)


def items_of(value: Any) -> list[Any]:
    """What is in a tuple, named or not, or in a list."""
    if isinstance(value, Record):
        return list(value.fields.values())
    return list(value) if isinstance(value, list | tuple) else []


class Held:
    """Some parameters, as the optimizer gets them: in a list, in a dict, or one array alone."""

    def __init__(self, host: Host, way: Way, params: Arrays) -> None:
        self.host, self.way, self.keys = host, way, list(params)
        self.values = params
        self.ref: Ref = host.put(self.packed(params))
        self.carried: dict[str, Any] = {}

    def packed(self, values: Mapping[str, Any], prefix: str = "") -> Any:
        match self.way.packing:
            case "list":
                return list(values.values())
            case "array":
                return next(iter(values.values()))
        return {prefix + key: value for key, value in values.items()}

    def unpacked(self, value: Any) -> Arrays | None:
        """The arrays of what came back; None if it is no parameters of ours."""
        if self.way.packing == "array":
            items: Sequence[Any] = [value]
        elif isinstance(value, Mapping):
            items = [value.get(key) for key in self.keys]
        else:
            items = items_of(value) if self.way.packing not in ("dict", "d") else []
        if len(items) != len(self.keys):
            return None
        try:
            arrays = [tensor(item) for item in items]
        except TheirError:
            return None
        fits = {}
        for key, array in zip(self.keys, arrays, strict=True):
            shape = self.values[key].shape
            if array.shape != shape and (array.ndim or shape != (1,)):
                return None
            fits[key] = array.reshape(shape)
        return fits

    def arguments(self, grads: Arrays) -> dict[str, Any]:
        """What goes in, by our names."""
        key = self.keys[0]
        given = self.packed(grads, "d" if self.way.packing == "d" else "")
        values = {"param": self.ref, "grad": given, "key": key}
        if "pairs" in self.way.call.theirs:
            refs = [self.host.operate("getitem", self.ref, i) for i in range(len(self.keys))]
            values["pairs"] = list(zip(given, refs, strict=True))
        return values

    def places(self) -> list[Target]:
        """Where the parameters are that were handed over."""
        return [self.ref]

    def read(self, found: list[Any]) -> Arrays | None:
        """The parameters, from what is found in those places."""
        return self.unpacked(found[0])

    def replace(self, ref: Ref) -> None:
        self.ref = ref

    def zeros(self) -> Any:
        """A state array for each parameter, packed as they are."""
        return self.packed({key: np.zeros_like(value) for key, value in self.values.items()})

    def carry(self, name: str, value: Any) -> None:
        self.carried[name] = value


class HeldObjects(Held):
    """Parameters as objects that have an array and its gradient: one object each, or one for a layer."""

    def __init__(self, host: Host, way: Way, params: Arrays) -> None:
        self.host, self.way, self.keys, self.values = host, way, list(params), params
        self.carried = {}
        width = len(way.attributes)
        self.objects = []
        self.attributes: dict[str, tuple[Ref, str, str]] = {}
        for first in range(0, len(self.keys), width):
            keys = self.keys[first : first + width]
            given: dict[str, Any] = {}
            for key, (name, gradient) in zip(keys, way.attributes, strict=True):
                given |= {name: params[key], gradient: np.zeros_like(params[key]), "shape": params[key].shape}
            ref = host.thing(**given)
            self.objects.append(ref)
            self.attributes |= {key: (ref, *names) for key, names in zip(keys, way.attributes, strict=True)}

    def arguments(self, grads: Arrays) -> dict[str, Any]:
        for key, grad in grads.items():
            ref, _, name = self.attributes[key]
            self.host.assign((ref, name), grad)
        return {"param": self.objects, "layer": self.objects[0]}

    def places(self) -> list[Target]:
        return [(ref, name) for ref, name, _ in self.attributes.values()]

    def read(self, found: list[Any]) -> Arrays | None:
        return self.unpacked(dict(zip(self.attributes, found, strict=True)))

    def unpacked(self, value: Any) -> Arrays | None:
        return super().unpacked(value) if isinstance(value, Mapping) else None


class HeldPair(Held):
    """A weight and a bias, each an argument of its own."""

    def arguments(self, grads: Arrays) -> dict[str, Any]:
        (weight, bias), (dw, db) = self.values.values(), grads.values()
        refs = {} if self.carried else {"param": self.host.put(weight), "bias": self.host.put(bias)}
        self.carried |= refs
        return {**self.carried, "grad": dw, "dbias": db}

    def places(self) -> list[Target]:
        return [self.carried[name] for name in ("param", "bias")] if self.carried else []

    def read(self, found: list[Any]) -> Arrays | None:
        return self.unpacked(found) if found else self.values

    def unpacked(self, value: Any) -> Arrays | None:
        return super().unpacked(list(value)) if isinstance(value, list | tuple) else None

    def replace(self, ref: Ref) -> None:
        self.carried = {
            name: self.host.operate("getitem", ref, i) for i, name in enumerate(("param", "bias"))
        }


HOLDERS: dict[str, type[Held]] = {"objects": HeldObjects, "layers": HeldObjects, "pair": HeldPair}

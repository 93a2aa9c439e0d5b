"""Answer requests about somebody's code: load it, call it by name, keep what can't travel."""

from __future__ import annotations

import operator
import traceback
import warnings
from typing import Any

import numpy as np

from parity_tests.sandbox import loading, seeding
from parity_tests.sandbox.wire import Record, Ref, WireError, pack, unpack

LONGEST = 2000  # characters of somebody else's text


class Server:
    """One loaded file and the objects of it that were asked for.

    A request is a dict with "do", and the answer one with "value" or "error".
    """

    def __init__(self) -> None:
        self.loaded = loading.Loaded()
        self.kept: list[Any] = []
        self.changed: list[str] = []

    def answer(self, message: bytes) -> bytes:
        """What to reply to a request; never raises for what somebody's code does."""
        try:
            request = unpack(message, self._resolve, trusted=True)
            value = self._do(request)
            changed, self.changed = self.changed, []
            return pack({"value": value, "changed": changed}, self.refer)
        except WireError as error:
            reply = {"error": {"type": "WireError", "message": str(error), "file": "", "line": 0}}
        except BaseException as error:  # SystemExit and KeyboardInterrupt of their own, too
            reply = {"error": self._told(error)}
        return pack(reply, self.refer)

    def refer(self, thing: Any) -> Ref:
        self.kept.append(thing)
        return Ref(len(self.kept) - 1, _name(thing), callable(thing))

    def _resolve(self, ref: Ref) -> Any:
        return self.kept[ref.id]

    def _do(self, request: dict[str, Any]) -> Any:  # noqa: PLR0911 (one for each request)
        match request["do"]:
            case "load":
                self.loaded = loading.load(request["sources"], request["main"], request["options"])
                return loading.describe(self.loaded)
            case "call":
                value = self._called(request)
                return self.refer(value) if request["keep"] else value
            case "turns":
                return [self._turn(turn) for turn in request["turns"]]
            case "put":
                return self.refer(_mutable(request["value"]))
            case "thing":
                return self.refer(Thing(request["attributes"]))
            case "get":
                return self._at(request["target"])
            case "assign":
                return self._assign(request["target"], request["value"])
            case "operate":
                return self.refer(getattr(operator, request["name"])(*request["args"]))
            case "seed":
                return seeding.seed(request["value"])
            case "forget":
                self.kept.clear()
                return None
            case "tensors":
                try:
                    from parity_tests.sandbox import tensors  # noqa: PLC0415 (it imports torch)
                except ImportError:
                    message = "it needs torch, which is here for files that import it at their top"
                    raise ModuleNotFoundError(message) from None
                return getattr(tensors, request["name"])(self, *request["args"], **request["kwargs"])
        raise WireError(f"there is no request {request['do']!r}")

    def _called(self, request: dict[str, Any]) -> Any:
        function = self._at(request["target"])
        with np.errstate(all="ignore"), warnings.catch_warnings():  # what overflows shows in the result
            warnings.simplefilter("ignore")
            return self._watched(function, request["args"], request["kwargs"])

    def _assign(self, target: list[Any], value: Any) -> None:
        *path, name = target
        setattr(self._at(path), name, value)

    def _turn(self, turn: dict[str, Any]) -> dict[str, Any]:
        for target, value in turn["assign"]:
            self._assign(target, value)
        for array, values in turn["fill"]:
            array[...] = values
        value = self._called(turn)
        items = map(self.refer, value) if isinstance(value, list | tuple) else ()
        then = [self._tried(target) for target in turn["then"]]
        return {"value": value, "ref": self.refer(value), "items": list(items), "then": then}

    def _tried(self, target: list[Any]) -> Any:
        """What is there; None if nothing is."""
        try:
            return self._at(target)
        except (AttributeError, LookupError, TypeError):
            return None

    def _watched(self, function: Any, args: list[Any], kwargs: dict[str, Any]) -> Any:
        """The value of a call; `changed` says which arrays among its arguments it changed in place.

        What is kept here was put here to be changed.
        """
        named = {**{f"argument {i}": value for i, value in enumerate(args, start=1)}, **kwargs}
        kept = {id(thing) for thing in self.kept}
        before = {
            name: value.copy()
            for name, value in named.items()
            if type(value) is np.ndarray and id(value) not in kept
        }
        value = function(*args, **kwargs)
        self.changed += [name for name, was in before.items() if not _same(was, named[name])]
        return value

    def _at(self, target: list[Any]) -> Any:
        """A member by name or a kept object, and the attributes behind it."""
        first, *path = target
        thing = self.loaded.find(first) if isinstance(first, str) else first
        for name in path:
            thing = (
                thing[name] if isinstance(thing, dict) or not isinstance(name, str) else getattr(thing, name)
            )
        return thing

    def _told(self, error: BaseException) -> dict[str, Any]:
        """An exception as data, with the last line of their own that it went through."""
        file, line = "", 0
        for frame, number in traceback.walk_tb(error.__traceback__):
            if frame.f_code.co_filename in self.loaded.files:
                file, line = frame.f_code.co_filename, number or 0
        try:
            message = str(error)[:LONGEST]
        except BaseException:  # an exception whose text raises
            message = ""
        return {"type": _name(error), "message": message, "file": file, "line": line}


def _name(thing: Any) -> str:
    """The name of its class, whatever a metaclass says."""
    return str(type.__dict__["__name__"].__get__(type(thing)))[:200]


class Thing:
    """An object with the attributes that somebody's code looks for: a parameter, a layer, an optimizer."""

    def __init__(self, attributes: dict[str, Any]) -> None:
        vars(self).update(attributes)


def _same(was: np.ndarray, now: np.ndarray) -> bool:
    if was.shape != now.shape or was.dtype != now.dtype:
        return False
    return np.array_equal(was, now, equal_nan=was.dtype.kind == "f")


def _mutable(value: Any) -> Any:
    return dict(value.fields) if isinstance(value, Record) else value

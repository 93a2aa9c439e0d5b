"""Call somebody's code by name and get values back, wherever it runs.

    with Isolated() as host:
        members = host.load(sources, "my_adam")
        y = host.call("softmax", x)

What they return travels as raw bytes; what can't travel stays there, and comes back as a `Ref` that can be
called, looked into and handed back. `Here` has the same methods for one's own code, in this process.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from parity_tests.people.isolation import Ended, Process
from parity_tests.sandbox.messages import plain
from parity_tests.sandbox.server import Server
from parity_tests.sandbox.wire import Ref, WireError, pack, unpack

MOST_NOTES = 100
MOST_LINES = 10**7
KINDS = ("POSITIONAL_ONLY", "POSITIONAL_OR_KEYWORD", "VAR_POSITIONAL", "KEYWORD_ONLY", "VAR_KEYWORD")
Target = str | Ref | tuple[Any, ...]


class TheirError(Exception):
    """What somebody's code raised, told with its own file and line."""

    def __init__(self, kind: str, message: str, file: str = "", line: int = 0) -> None:
        self.kind, self.file, self.line = kind, file, line
        first = message.strip().partition("\n")[0][:300]
        where = f"  ({file.rpartition('/')[2]}, line {line})" if file else ""
        super().__init__(f"{kind}: {first}{where}" if kind != "WireError" else f"{first}{where}")

    @property
    def absent(self) -> bool:
        """Whether it says itself that it is unfinished."""
        return self.kind == "NotImplementedError"


class Lost(Exception):
    """The process is gone: it took too long, or it ended by itself."""


class Asked(NamedTuple):
    """A call; attributes to be set and arrays to be filled before it, and places to be read after it."""

    target: Target
    args: Sequence[Any]
    kwargs: Mapping[str, Any]
    assign: Sequence[tuple[Target, Any]] = ()
    fill: Sequence[tuple[Ref, np.ndarray]] = ()
    then: Sequence[Target] = ()


class Turn(NamedTuple):
    """What became of a call: its value, the same as it stays there, its items, and what was in the places.

    None stands for a place where nothing is.
    """

    value: Any
    ref: Ref
    items: list[Ref]
    then: list[Any]


class Host:
    """Requests; what carries them is up to the two kinds of host.

    `remarks` is what is worth saying of what was asked so far, and no mistake; it is in a dict for its order.
    `gave` is whether each function that may be unfinished returned anything.
    """

    isolation = "in this process"

    def __init__(self) -> None:
        self.remarks: dict[str, None] = {}
        self.gave: dict[str, bool] = {}

    def remark(self, text: str) -> None:
        """Say this once."""
        self.remarks.setdefault(text)

    def note(self, name: str, gave: bool) -> None:
        """Keep whether a function gave anything.  Raises TheirError for one that does so only sometimes."""
        if self.gave.setdefault(name, gave) != gave:
            raise TheirError("TypeError", f"{name} returns None for some inputs, and not for others")

    def _opened(self, reply: Any) -> Any:
        """The value of a reply.  Raises TheirError for an error, WireError for anything else."""
        if isinstance(reply, dict) and "value" in reply:
            changed = reply.get("changed")
            for name in changed[:8] if isinstance(changed, list) else []:
                self.remark(f"{plain(str(name), 50, lines=False)} was changed in place")
            return reply["value"]
        if isinstance(reply, dict) and isinstance(reply.get("error"), dict):
            told = reply["error"]
            line = told.get("line")
            raise TheirError(
                plain(str(told.get("type")), 100, lines=False),
                plain(str(told.get("message"))),
                plain(str(told.get("file")), lines=False),
                line if isinstance(line, int) and 0 < line < MOST_LINES else 0,
            )
        raise WireError("what came back is no answer")

    def _request(self, **request: Any) -> Any:
        raise NotImplementedError

    def _kept(self, **request: Any) -> Ref:
        """What stays there.  Raises TheirError if something else came back."""
        ref = self._request(**request)
        if not isinstance(ref, Ref):
            raise TheirError("TypeError", "what came back is no answer")
        return ref

    def load(self, sources: Sequence[Mapping[str, Any]], main: str, **options: Any) -> dict[str, Any]:
        """Execute the source called `main`; its members and what is worth telling."""
        found = self._request(
            do="load", sources=[dict(source) for source in sources], main=main, options=options
        )
        return _told(found)

    def call(self, target: Target, /, *args: Any, **kwargs: Any) -> Any:
        """The value of a call: of a member by name, a Ref, or an attribute, as in ``(ref, "step")``."""
        return self._request(do="call", target=_path(target), args=list(args), kwargs=kwargs, keep=False)

    def make(self, target: Target, /, *args: Any, **kwargs: Any) -> Ref:
        """The same, but whatever it returns stays there."""
        return self._kept(do="call", target=_path(target), args=list(args), kwargs=kwargs, keep=True)

    def turns(self, asked: Sequence[Asked]) -> list[Turn]:
        """Calls with what goes before and after each, in one request: many of them are a training."""
        requests = [
            {
                "target": _path(each.target),
                "args": list(each.args),
                "kwargs": dict(each.kwargs),
                "assign": [[_path(place), value] for place, value in each.assign],
                "fill": [list(pair) for pair in each.fill],
                "then": [_path(place) for place in each.then],
            }
            for each in asked
        ]
        told = self._request(do="turns", turns=requests)
        if not isinstance(told, list) or len(told) != len(asked):
            raise TheirError("TypeError", "what came back is no answer")
        return [_turn(one, each) for one, each in zip(told, asked, strict=True)]

    def put(self, value: Any) -> Ref:
        """Something of ours that they may change in place, and that `get` reads again."""
        return self._kept(do="put", value=value)

    def thing(self, **attributes: Any) -> Ref:
        """An object with these attributes, for code that reads and sets them."""
        return self._kept(do="thing", attributes=attributes)

    def get(self, target: Target) -> Any:
        """The value of a Ref, of a member, or of an attribute or item: ``(ref, "params", "W1")``."""
        return self._request(do="get", target=_path(target))

    def assign(self, target: Target, value: Any) -> None:
        """Set an attribute: ``(ref, "lr")``."""
        self._request(do="assign", target=_path(target), value=value)

    def operate(self, name: str, *args: Any) -> Ref:
        """A function of the module `operator` of Refs and numbers: ``operate("add", a, 2.0)``."""
        return self._kept(do="operate", name=name, args=list(args))

    def seed(self, value: int) -> None:
        """Seed the global generators of `random`, NumPy and torch."""
        self._request(do="seed", value=value)

    def tensors(self, name: str, /, *args: Any, **kwargs: Any) -> Any:
        """A function of `sandbox.tensors`, which speaks torch."""
        return self._request(do="tensors", name=name, args=list(args), kwargs=kwargs)

    def forget(self) -> None:
        """Let go of everything that a Ref stands for."""
        self._request(do="forget")


def _path(target: Target) -> list[Any]:
    return list(target) if isinstance(target, tuple) else [target]


def _turn(told: Any, asked: Asked) -> Turn:
    """What was told of a call, if it has the form of that.  Raises TheirError."""
    try:
        turn = Turn(**told)
        formed = len(turn.then) == len(asked.then) and isinstance(turn.then, list)
        formed = formed and isinstance(turn.items, list)
        if formed and all(isinstance(ref, Ref) for ref in (turn.ref, *turn.items)):
            return turn
    except TypeError:
        pass
    raise TheirError("TypeError", "what came back is no answer")


def _told(found: Any) -> dict[str, Any]:
    """What was told of a file, if it has the form of that, and fit to be printed.  Raises Lost."""
    try:
        members = [_member(told) for told in found["members"] if told["name"].isidentifier()]
        return {"members": members, "notes": [_note(told) for told in found["notes"][:MOST_NOTES]]}
    except (TypeError, ValueError, LookupError, AttributeError, OverflowError):
        raise Lost("what came back is no answer") from None


def _note(told: Any) -> dict[str, Any]:
    """What did not run or is stood in for: a "text", and what it is about."""
    about = ("where", "error", "kind", "text", "standin", "supplied")
    note: dict[str, Any] = {
        name: plain(str(told[name]).split("\n")[0], 500, lines=False) for name in about if name in told
    }
    note |= {name: int(told[name]) for name in ("line", "skipped") if name in told}
    return note | (
        {"binds": [plain(str(name), 100, lines=False) for name in told["binds"]]} if "binds" in told else {}
    )


def _member(told: Any) -> dict[str, Any]:
    if told["kind"] not in ("function", "class"):
        raise ValueError("neither a function nor a class")
    return {
        **{name: _name(told[name]) for name in ("name", "kind", "implements")},
        "doc": plain(str(told["doc"]), 4000),
        "line": int(told["line"]) if 0 < told["line"] < MOST_LINES else 0,
        "parameters": _parameters(told["parameters"]),
        "methods": {_name(name): _parameters(each) for name, each in told["methods"].items()},
        **{name: [_name(item) for item in told[name]] for name in ("bases", "uses")},
    }


def _parameters(told: Any) -> list[dict[str, Any]] | None:
    if told is None:
        return None
    if any(each["kind"] not in KINDS for each in told):
        raise ValueError("no kind of parameter")
    return [
        {
            **{name: _name(each[name]) for name in ("name", "kind")},
            "required": bool(each["required"]),
            "default": _default(each["default"]),
        }
        for each in told
    ]


def _default(thing: Any) -> Any:
    """The default of a parameter: a scalar, or a tuple of scalars."""
    if isinstance(thing, tuple):
        return tuple(map(_scalar, thing))
    return _scalar(thing)


def _scalar(thing: Any) -> Any:
    if isinstance(thing, str):
        return plain(thing, lines=False)
    if thing is None or type(thing) in (bool, int, float):
        return thing
    raise TypeError("no scalar")


def _name(thing: Any) -> str:
    if not isinstance(thing, str):
        raise TypeError("no name")
    return plain(thing, 300, lines=False)


def _never(thing: Any) -> Ref:
    raise WireError(f"a {type(thing).__name__} can't be sent")


class Here(Host):
    """One's own objects, called in this process; they see copies all the same."""

    def __init__(self, **members: Any) -> None:
        super().__init__()
        self.server = Server()
        vars(self.server.loaded.module).update(members)

    def _request(self, **request: Any) -> Any:
        message = pack(request, _never)
        return self._opened(unpack(self.server.answer(message)))


class Isolated(Host):
    """Code in a sandbox. A request that takes longer than `timeout` seconds ends the process.

    After `Lost` the host starts afresh at the next `load`. `process` is one that was started before.
    """

    def __init__(self, *, torch: bool = False, timeout: float = 10.0, process: Process | None = None) -> None:
        super().__init__()
        self.torch, self.timeout = torch, timeout
        self.process = process or Process(torch=torch, timeout=timeout)
        self.isolation = self.process.isolation

    def __enter__(self) -> Isolated:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def close(self) -> None:
        self.process.kill()

    def load(self, sources: Sequence[Mapping[str, Any]], main: str, **options: Any) -> dict[str, Any]:
        if self.process.gone or not self.process.begin():
            self.process.kill()
            self.process = Process(torch=self.torch, timeout=self.timeout)
            self.process.begin()
        return super().load(sources, main, **options)

    def _request(self, **request: Any) -> Any:
        try:
            message = self.process.ask(pack(request, _never))
            began = time.monotonic()
            try:
                reply = unpack(message)
            finally:
                self.process.left -= time.monotonic() - began  # reading it is their time, too
            return self._opened(reply)
        except Ended as error:
            raise Lost(str(error)) from None
        except WireError as error:
            self.process.kill()
            raise Lost(str(error)) from None

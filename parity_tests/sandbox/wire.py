"""Values as bytes: a JSON tree and the raw bytes of its arrays. Never pickle.

Numbers, strings, lists, tuples, dicts and arrays travel; anything else stays where it is and travels as a
`Ref`. Bytes that come from somebody else's process are read as data only: a dtype out of a short list, a
shape and a length that fit each other, or a `WireError`.
"""

from __future__ import annotations

import json
import math
import struct
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from parity_tests.sandbox.messages import LARGEST, plain

LARGEST_TREE = 2 * 2**20  # of them JSON in an answer, which takes much more time and memory when it is read
MOST_NODES = 100_000  # of that tree
DEEPEST = 40
DTYPES = {
    np.dtype(code).str for code in ("b1", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "f2", "f4", "f8")
}
DTYPES |= {np.dtype(code).str for code in ("c8", "c16")}
HEAD = struct.Struct("<QQ")


class WireError(Exception):
    """What arrived is no message, or what should be sent can't be."""


@dataclass(frozen=True)
class Ref:
    """Something that stays in the other process."""

    id: int
    type: str
    callable: bool = False


@dataclass(frozen=True)
class Rng:
    """A ``np.random.Generator``, made from its seed where it arrives."""

    seed: int


@dataclass(frozen=True)
class Record:
    """A named tuple of somebody else's making: its fields, by name and in order."""

    fields: dict[str, Any]


def pack(value: Any, refer: Callable[[Any], Ref]) -> bytes:
    """The value as bytes; `refer` is given whatever has to stay."""
    buffers: list[bytes] = []
    tree = json.dumps(_encoded(value, refer, buffers, 0)).encode()
    message = b"".join([HEAD.pack(len(tree), sum(map(len, buffers))), tree, *buffers])
    if len(message) > LARGEST:
        raise WireError(f"it returned {len(message) / 2**20:.0f} MiB, {LARGEST / 2**20:.0f} are allowed")
    return message


def _encoded(  # noqa: PLR0911 (one for each kind of value)
    value: Any, refer: Callable[[Any], Ref], buffers: list[bytes], depth: int
) -> Any:
    if depth > DEEPEST:
        raise WireError("it returned containers nested too deeply")

    def inner(item: Any) -> Any:
        return _encoded(item, refer, buffers, depth + 1)

    kind = type(value)
    if value is None or kind in (bool, str, float) or (kind is int and abs(value) < 2**63):
        return value
    if isinstance(value, Ref):
        return {"r": [value.id, value.type, value.callable]}
    if isinstance(value, Rng):
        return {"g": value.seed}
    if isinstance(value, Record):
        return {"n": [[name, inner(item)] for name, item in value.fields.items()]}
    if isinstance(value, np.generic | np.ndarray) or hasattr(kind, "__array__"):
        return _encoded_array(value, refer, buffers, inner)
    if isinstance(value, tuple) and hasattr(kind, "_fields"):
        return {"n": [[str(name), inner(item)] for name, item in zip(kind._fields, value, strict=True)]}
    if isinstance(value, list | tuple):
        return {"l" if isinstance(value, list) else "t": [inner(item) for item in value]}
    if isinstance(value, dict):
        return {"d": [[inner(key), inner(item)] for key, item in value.items()]}
    return inner(refer(value))


def _encoded_array(value: Any, refer: Callable[[Any], Ref], buffers: list[bytes], inner: Any) -> Any:
    """Whatever it calls itself, its elements are read as a plain array."""
    try:
        plain = value.detach().cpu().resolve_conj().numpy() if hasattr(value, "detach") else value
        array = np.array(plain, subok=False, copy=None)
    except Exception:
        return inner(refer(value))
    if array.dtype.str not in DTYPES:
        if array.dtype == object and array.ndim:
            return {"l": [inner(item) for item in array]}
        if array.dtype == object and not isinstance(array.item(), np.ndarray):
            return inner(array.item())
        if array.dtype.kind == "f":
            array = array.astype(np.float64)
        else:
            return inner(refer(value))
    if array.nbytes > LARGEST:
        raise WireError(f"it returned {array.nbytes / 2**20:.0f} MiB, {LARGEST / 2**20:.0f} are allowed")
    # A transpose stays a transpose on the other side: code that reads memory in order must meet one.
    by_columns = array.ndim > 1 and array.flags.f_contiguous and not array.flags.c_contiguous
    buffers.append(array.tobytes(order="F" if by_columns else "C"))
    return {"a": [array.dtype.str, list(array.shape), by_columns, isinstance(value, np.generic)]}


def unpack(message: bytes, resolve: Callable[[Ref], Any] = lambda ref: ref, *, trusted: bool = False) -> Any:
    """The value of a message; `resolve` may exchange a Ref for what it stands for.

    A request of ours is `trusted`: it may be long, as it has people's sources in it.
    Raises WireError for anything that `pack` would not have written.
    """
    try:
        length, _ = HEAD.unpack_from(message)
        if length > (LARGEST if trusted else LARGEST_TREE):
            raise WireError("what came back is too large")
        reader = _Reader(message, HEAD.size + length, resolve, math.inf if trusted else MOST_NODES)
        value = reader.decoded(json.loads(message[HEAD.size : HEAD.size + length]), 0)
    except WireError:
        raise
    except (
        ValueError,
        TypeError,
        KeyError,
        IndexError,
        AttributeError,
        OverflowError,
        MemoryError,
        struct.error,
        RecursionError,
    ) as error:
        raise WireError(f"what came back is no answer ({type(error).__name__})") from None
    if reader.at != len(message):
        raise WireError("what came back is no answer (it is too long)")
    return value


class _Reader:
    def __init__(self, message: bytes, at: int, resolve: Callable[[Ref], Any], nodes: float) -> None:
        self.message, self.at, self.resolve, self.nodes = message, at, resolve, nodes

    def decoded(self, tree: Any, depth: int) -> Any:  # noqa: PLR0911 (one for each tag)
        if depth > DEEPEST + 1:
            raise WireError("what came back is nested too deeply")
        self.nodes -= 1
        if self.nodes < 0:
            raise WireError(f"what came back has more than {MOST_NODES} parts")
        if tree is None or isinstance(tree, bool | int | float | str):
            return tree
        ((tag, content),) = tree.items()
        match tag:
            case "a":
                return self._array(*content)
            case "l":
                return [self.decoded(item, depth + 1) for item in content]
            case "t":
                return tuple(self.decoded(item, depth + 1) for item in content)
            case "d":
                return {
                    self._key(self.decoded(key, depth + 1)): self.decoded(item, depth + 1)
                    for key, item in content
                }
            case "n":
                return Record({self._key(str(name)): self.decoded(item, depth + 1) for name, item in content})
            case "r":
                number, name, is_callable = content
                return self.resolve(Ref(int(number), plain(str(name), 200, lines=False), bool(is_callable)))
            case "g":
                return np.random.default_rng(int(content))
        raise WireError("what came back is no answer (an unknown tag)")

    @staticmethod
    def _key(key: Any) -> Any:
        if isinstance(key, str):  # a report may name it
            return plain(key, lines=False)
        return key.item() if isinstance(key, np.generic) else key

    def _array(self, dtype: str, shape: list[int], by_columns: bool, scalar: bool) -> Any:
        if dtype not in DTYPES or not all(isinstance(n, int) and n >= 0 for n in shape) or len(shape) > 32:
            raise WireError("what came back is no array of numbers")
        kind = np.dtype(dtype)
        size = math.prod(shape) * kind.itemsize
        if size > len(self.message) - self.at:
            raise WireError("what came back is shorter than it says")
        flat = np.frombuffer(self.message, kind, math.prod(shape), self.at) if size else np.empty(0, kind)
        if dtype == "|b1":
            flat = flat.view(np.uint8) != 0  # a byte of 2 would be neither true nor false
        self.at += size
        array = flat.reshape(shape, order="F" if by_columns else "C").copy(order="K")
        return array[()] if scalar and not shape else array

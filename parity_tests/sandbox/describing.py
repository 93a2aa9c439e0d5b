"""Tell what a module defines: its functions and classes with their signatures, as data."""

from __future__ import annotations

import inspect
import types
from typing import Any

SIMPLE = (bool, int, float, str, type(None))
LONGEST_DOC = 4000
MOST = 2000  # members of one file
NOT_THEIRS = ("torch", "builtins", "typing", "abc", "enum", "numpy")


def describe(loaded: Any) -> dict[str, Any]:
    """What the module defines itself: functions and classes with their signatures."""
    members = []
    for name, thing in list(vars(loaded.module).items())[:MOST]:
        try:
            if _is_own(name, thing, loaded):
                members.append(member(name, thing, loaded.lines.get(name, 0)))
        except Exception as error:  # something that does not like to be looked at
            loaded.notes.append({"text": f"{name} can't be looked at ({type(error).__name__})"})
    return {"members": members, "notes": loaded.notes}


def _is_own(name: str, thing: Any, loaded: Any) -> bool:
    """Whether it is of this file; ``sigmoid = np.vectorize(…)`` is, an import is not."""
    if not isinstance(name, str) or name.startswith("__") or isinstance(thing, types.ModuleType):
        return False
    if not callable(thing):
        return False
    home = getattr(thing, "__module__", None)
    return home == loaded.module.__name__ or (name in loaded.assigned and not inspect.isclass(thing))


def member(name: str, thing: Any, line: int = 0) -> dict[str, Any]:
    """A function or class as data."""
    told: dict[str, Any] = {
        "name": name,
        "kind": "class" if inspect.isclass(thing) else "function",
        "parameters": _parameters(thing),
        "doc": str(inspect.getdoc(thing) or "")[:LONGEST_DOC],
        "line": line or _line(thing),
        "implements": str(getattr(thing, "__parity_implements__", "")),
        "uses": sorted(_names_used(thing)),
        "methods": {},
        "bases": [],
    }
    if inspect.isclass(thing):
        own = [base for base in thing.__mro__ if base is not object]
        told["bases"] = [f"{base.__module__}.{base.__qualname__}" for base in own[1:]]
        for base in reversed(own):
            if base.__module__.partition(".")[0] in NOT_THEIRS:
                continue
            for method, function in vars(base).items():
                if inspect.isfunction(function) or isinstance(function, staticmethod | classmethod):
                    told["methods"][method] = _parameters(getattr(thing, method))
    return told


def _parameters(thing: Any) -> list[dict[str, Any]] | None:
    """Name, kind and default of every parameter, without `self`; None where Python can't tell."""
    try:
        parameters = list(inspect.signature(thing).parameters.values())
    except (ValueError, TypeError):
        return None
    if parameters and parameters[0].name == "self":
        parameters = parameters[1:]
    return [
        {
            "name": p.name,
            "kind": p.kind.name,
            "required": p.default is p.empty and p.kind not in (p.VAR_POSITIONAL, p.VAR_KEYWORD),
            "default": _simple(p.default),
        }
        for p in parameters
    ]


def _simple(default: Any) -> Any:
    if type(default) in SIMPLE:
        return default
    if isinstance(default, tuple | list) and all(type(item) in SIMPLE for item in default):
        return tuple(default)
    return None


def _line(thing: Any) -> int:
    code = getattr(inspect.unwrap(thing), "__code__", None) if callable(thing) else None
    if isinstance(code, types.CodeType):
        return int(code.co_firstlineno)
    functions = vars(thing).values() if inspect.isclass(thing) else ()
    return min((f.__code__.co_firstlineno for f in functions if inspect.isfunction(f)), default=0)


def _names_used(thing: Any) -> set[str]:
    """The global names and attributes that its code mentions."""
    functions = (
        [f for f in vars(thing).values() if inspect.isfunction(f)] if inspect.isclass(thing) else [thing]
    )
    functions = [inspect.unwrap(f) for f in functions]  # decorated with @torch.no_grad(), say
    codes = [f.__code__ for f in functions if isinstance(getattr(f, "__code__", None), types.CodeType)]
    names: set[str] = set()
    while codes:
        code = codes.pop()
        names |= set(code.co_names)
        codes += [constant for constant in code.co_consts if isinstance(constant, types.CodeType)]
    return names

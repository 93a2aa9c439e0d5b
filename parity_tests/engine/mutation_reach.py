"""Which code an algorithm is made of: the functions, classes and constants of its package that it reaches by
name, each a `Unit` that can be compiled again, changed, beside the original.

What only refuses (a ``raise``, what is computed for its message, a call of a function that does nothing
else) is no part of the formula.
"""

from __future__ import annotations

import ast
import functools
import importlib
import inspect
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from types import CodeType, ModuleType
from typing import Any


@dataclass(frozen=True, eq=False)
class Unit:
    """One top-level function, class or assignment of a module."""

    module: str
    name: str
    node: ast.stmt
    source: tuple[str, ...]

    @property
    def file(self) -> str:
        """Where it stands, as package/module.py."""
        return f"{self.module.replace('.', '/')}.py"

    def compiled(self) -> CodeType:
        return compile(ast.Module([self.node], []), self.file, "exec")

    @functools.cached_property
    def code(self) -> CodeType:
        """The compiled original."""
        return self.compiled()


@dataclass(frozen=True, eq=False)
class Source:
    """A module as text: its units by name, and what it imports from its own package, as (module, name);
    of a whole module the name is empty."""

    units: dict[str, Unit]
    imported: dict[str, tuple[str, str]]


@functools.cache
def source_of(module: str) -> Source:
    loaded = importlib.import_module(module)
    text = inspect.getsource(loaded)
    lines = tuple(text.splitlines())
    package = module.partition(".")[0]
    units: dict[str, Unit] = {}
    imported: dict[str, tuple[str, str]] = {}
    for node in ast.parse(text).body:
        match node:
            case ast.FunctionDef(name=name) | ast.ClassDef(name=name) | ast.Assign(targets=[ast.Name(name)]):
                units[name] = Unit(module, name, node, lines)
            case ast.ImportFrom(module=str(origin), names=names) if origin.partition(".")[0] == package:
                for alias in names:
                    here = alias.asname or alias.name
                    whole = isinstance(getattr(loaded, here), ModuleType)
                    imported[here] = (f"{origin}.{alias.name}", "") if whole else (origin, alias.name)
    return Source(units, imported)


def unit_of(function: Callable[..., Any]) -> Unit:
    """The unit that a function was defined as."""
    original = inspect.unwrap(function)
    return source_of(original.__module__).units[original.__name__]


@functools.cache
def uses(unit: Unit) -> tuple[Unit, ...]:
    """The units that a unit names outside of its decorators and annotations, in the order of their names."""
    return _used(unit, frozenset())


@functools.cache
def formula_uses(unit: Unit) -> tuple[Unit, ...]:
    """The same without what is only used to refuse."""
    return _used(unit, frozenset(refusals(unit)))


def _used(unit: Unit, without: frozenset[int]) -> tuple[Unit, ...]:
    found: dict[tuple[str, str], Unit] = {}
    for node in _formula_nodes(unit.node, without):
        match node:
            case ast.Attribute(value=ast.Name(base), attr=name):
                module, whole = source_of(unit.module).imported.get(base, ("", "?"))
                used = source_of(module).units.get(name) if module and not whole else None
            case ast.Name(name):
                used = resolve(unit.module, name)
            case _:
                continue
        if used is not None and used is not unit:
            found[used.module, used.name] = used
    return tuple(found[key] for key in sorted(found))


def resolve(module: str, name: str) -> Unit | None:
    """The unit that a global name of a module stands for."""
    source = source_of(module)
    if name in source.units:
        return source.units[name]
    if name in source.imported and source.imported[name][1]:
        origin, original = source.imported[name]
        return resolve(origin, original)
    return None


def _formula_nodes(node: ast.AST, without: frozenset[int]) -> Iterator[ast.AST]:
    """All nodes but decorators, annotations, the bases of a class, and the statements `without`."""
    if id(node) in without:
        return
    yield node
    skipped = {"decorator_list", "annotation", "returns", "bases"}
    for name, value in ast.iter_fields(node):
        if name not in skipped:
            for child in value if isinstance(value, list) else [value]:
                if isinstance(child, ast.AST):
                    yield from _formula_nodes(child, without)


def reached(roots: Iterable[Unit], own: Callable[[str], bool]) -> list[Unit]:
    """The roots and all that they use, directly or not, within their own modules; by module and line."""
    found: dict[int, Unit] = {}
    waiting = list(roots)
    while waiting:
        unit = waiting.pop()
        if id(unit) not in found and own(unit.module):
            found[id(unit)] = unit
            waiting += formula_uses(unit)
    return sorted(found.values(), key=lambda unit: (unit.module, unit.node.lineno))


def dependants(units: Iterable[Unit], among: Sequence[Unit]) -> list[Unit]:
    """The units and those that use them, directly or not, each after what it uses where that is possible."""
    affected = {id(unit) for unit in units}
    grown = True
    while grown:
        more = {id(u) for u in among if id(u) not in affected and any(id(v) in affected for v in uses(u))}
        affected |= more
        grown = bool(more)
    ordered: list[Unit] = []
    visited: set[int] = set()

    def visit(one: Unit) -> None:
        if id(one) in visited or id(one) not in affected:
            return
        visited.add(id(one))
        for used in uses(one):
            visit(used)
        ordered.append(one)

    for one in among:
        visit(one)
    return ordered


# ---- what only refuses ----


def refusals(unit: Unit) -> set[int]:
    """The ids of the statements of a unit that only refuse, or compute what nothing but a refusal needs."""
    found: set[int] = set()
    for function in ast.walk(unit.node):
        if isinstance(function, ast.FunctionDef):
            found |= _refusing_statements(unit, function, found)
    return found


def _refusing_statements(unit: Unit, function: ast.FunctionDef, known: set[int]) -> set[int]:
    found = set(known)
    statements = [node for node in ast.walk(function) if isinstance(node, ast.stmt) and node is not function]
    while True:
        needed = _names_needed(function, found)
        more = {
            id(node) for node in statements if id(node) not in found and _refuses(unit, node, found, needed)
        }
        if not more:
            return found
        found |= more


def _refuses(unit: Unit, node: ast.stmt, found: set[int], needed: set[str]) -> bool:
    match node:
        case ast.Raise() | ast.Assert():
            return True
        case ast.Expr(ast.Call(ast.Name(name))):
            called = resolve(unit.module, name)
            return called is not None and only_refuses(called)
        case ast.If() | ast.For() | ast.With():
            within = [*node.body, *getattr(node, "orelse", ())]
            return all(id(child) in found for child in within)
        case ast.Assign(targets=targets):
            names = [n.id for target in targets for n in ast.walk(target) if isinstance(n, ast.Name)]
            return not any(isinstance(t, ast.Subscript | ast.Attribute) for t in targets) and not (
                needed & set(names)
            )
        case ast.AugAssign(target=ast.Name(name)):
            return name not in needed
    return False


def _names_needed(function: ast.FunctionDef, refusing: set[int]) -> set[str]:
    """The names that are read anywhere but in what refuses."""
    needed: set[str] = set()

    def visit(node: ast.AST) -> None:
        child: ast.AST
        if id(node) in refusing:
            return
        if isinstance(node, ast.If) and all(id(child) in refusing for child in node.body):
            for child in node.orelse:  # the test is that of a refusal
                visit(child)
            return
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
            needed.add(node.id)
        for child in ast.iter_child_nodes(node):
            visit(child)

    for statement in function.body:
        visit(statement)
    return needed


@functools.cache
def only_refuses(unit: Unit) -> bool:
    """Whether a function does nothing but raise for what is not allowed."""
    if not isinstance(unit.node, ast.FunctionDef) or _returns(unit.node):
        return False
    raises = any(isinstance(node, ast.Raise) for node in ast.walk(unit.node))
    calls = (
        resolve(unit.module, node.func.id)
        for node in ast.walk(unit.node)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
    )
    return raises or any(
        only_refuses(called) for called in calls if called is not None and called is not unit
    )


def _returns(function: ast.FunctionDef) -> bool:
    return any(
        isinstance(node, ast.Yield | ast.YieldFrom)
        or (isinstance(node, ast.Return) and node.value is not None)
        for node in ast.walk(function)
    )

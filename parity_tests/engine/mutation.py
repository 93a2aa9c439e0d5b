"""Mutants: the code of an algorithm with one mistake in it, every mistake at every place.

A mutant is made from the source of a function and of all that it calls in its own chapter. It is compiled
into copies of the modules that it passes through, so that the original stays what it is.
"""

from __future__ import annotations

import ast
import copy
import functools
import hashlib
import importlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import CodeType, ModuleType
from typing import Any

from parity_tests.engine.mutation_operators import expressions
from parity_tests.engine.mutation_reach import (
    Unit,
    dependants,
    only_refuses,
    reached,
    refusals,
    resolve,
    source_of,
    unit_of,
    uses,
)
from parity_tests.engine.mutation_scope import Names, Place
from parity_tests.engine.mutation_statements import statements
from parity_tests.engine.mutation_text import called

Span = tuple[int, int, int, int]


@dataclass(frozen=True, eq=False)
class Mutant:
    """One mistake.

    Args:
        id: stable as long as its statement and its function's name stay as they are.
        function: where it stands, "module.function".
        file, line: the same for a reader.
        before: the statement as it is written.
        after: the statement with the mistake.
        operator: what kind of mistake it is.
        reads, instead: the part that is another, and what it is instead.
    """

    id: str
    function: str
    file: str
    line: int
    before: str
    after: str
    operator: str
    reads: str
    instead: str
    unit: Unit = field(repr=False)
    place: Place = field(repr=False)
    new: Any = field(repr=False)

    def compiled(self) -> CodeType:
        with self.place.replaced(self.new):
            ast.fix_missing_locations(self.unit.node)
            return self.unit.compiled()

    @property
    def span(self) -> Span:
        """From which line and column to which it changes; a number is told by what it stands in."""
        node: Any = self.place.node
        for parent in reversed(self.place.parents):
            if any(isinstance(n, ast.Name | ast.Call | ast.Attribute) for n in ast.walk(node)):
                break
            if not hasattr(parent, "lineno"):
                continue
            node = parent
        if isinstance(node, ast.stmt):
            first = node.body[0] if hasattr(node, "body") else None
            end = (first.lineno, 0) if first is not None else (node.end_lineno or 0, node.end_col_offset or 0)
            return (node.lineno, node.col_offset, *end)
        if not hasattr(node, "lineno"):
            node = self.place.statement
        return (node.lineno, node.col_offset, node.end_lineno, node.end_col_offset)


class Program:
    """The code that some functions are made of, and its mutants.

    Args:
        roots: the functions.
        own: which modules belong to them; what they call in others stays as it is.
    """

    def __init__(self, roots: Sequence[Callable[..., Any]], own: Callable[[str], bool]) -> None:
        self.roots = [unit_of(root) for root in roots]
        self.units = reached(self.roots, own)
        self.mutable = [unit for unit in self.units if not only_refuses(unit)]

    def beside(self, units: Iterable[Unit]) -> Program:
        """The same with other units, which come before its own."""
        more = Program((), lambda module: False)
        more.roots = self.roots
        more.units = [*(unit for unit in units if unit not in self.units), *self.units]
        more.mutable = [unit for unit in more.units if not only_refuses(unit)]
        return more

    def mutants(self) -> list[Mutant]:
        """Those of all functions; a constant of a module counts for the function that names it."""
        named = {id(used) for root in self.roots for used in uses(root)}
        return [
            mutant
            for unit in self.mutable
            if not isinstance(unit.node, ast.Assign) or id(unit) in named
            for mutant in mutants_of(unit)
        ]

    def build(self, mutant: Mutant) -> list[Callable[..., Any]]:
        """The roots as they are with this mistake."""
        return self.rebuilt({mutant.unit.name: (mutant.unit, mutant.compiled())})

    def rebuilt(self, changes: Mapping[str, tuple[Unit, CodeType]]) -> list[Callable[..., Any]]:
        """The roots as they are with other code for some units, by their names."""
        affected = dependants([unit for unit, _ in changes.values()], self.units)
        names = {unit.module for unit in affected}
        changed = {id(unit) for unit in affected}
        modules: dict[str, ModuleType] = {}
        for name in names:
            copy = ModuleType(name)
            vars(copy).update(vars(importlib.import_module(name)))
            modules[name] = copy
        for name, module in modules.items():
            for here, (origin, original) in source_of(name).imported.items():
                if not original and origin in modules:
                    setattr(module, here, modules[origin])
        for unit in affected:
            code = changes[unit.name][1] if unit.name in changes else unit.code
            exec(code, vars(modules[unit.module]))
            made = getattr(modules[unit.module], unit.name)
            for name, module in modules.items():
                for here, (_, original) in source_of(name).imported.items():
                    if original and resolve(name, here) is unit:
                        setattr(module, here, made)
        return [
            getattr(
                modules[root.module] if id(root) in changed else importlib.import_module(root.module),
                root.name,
            )
            for root in self.roots
        ]


@functools.cache
def mutants_of(unit: Unit) -> tuple[Mutant, ...]:
    """The mutants of one unit, in the order of its source, each text once."""
    return tuple(_mutants_of(unit))


def _mutants_of(unit: Unit) -> Iterator[Mutant]:
    ids: Counter[str] = Counter()
    seen: set[tuple[int, str]] = set()
    for operator, place, new in _changes(unit):
        after = _after(place, new)
        if (id(place.statement), after) in seen or after == _header(place.statement):
            continue
        seen.add((id(place.statement), after))
        before = _before(unit, place.statement)
        digest = hashlib.sha256(f"{operator}\n{_header(place.statement)}\n{after}".encode()).hexdigest()[:8]
        ids[digest] += 1
        ordinal = f".{ids[digest]}" if ids[digest] > 1 else ""
        module = unit.module.rpartition(".")[2]
        yield Mutant(
            f"{module}.{unit.name}:{digest}{ordinal}",
            f"{module}.{unit.name}",
            unit.file,
            getattr(place.node, "lineno", place.statement.lineno),
            before,
            after,
            operator,
            _header(place.node),
            "; ".join(map(_header, new)) if isinstance(new, list) else _header(new),
            unit,
            place,
            new,
        )


def _header(node: ast.AST) -> str:
    """The text of a node; of a statement with a body, that of its first line."""
    if isinstance(node, ast.If | ast.For | ast.While | ast.With | ast.FunctionDef):
        alone = copy.copy(node)
        alone.body = [ast.Pass()]
        for rest in ("orelse", "decorator_list"):
            if hasattr(alone, rest):
                setattr(alone, rest, [])
        return ast.unparse(ast.fix_missing_locations(alone)).splitlines()[0]
    if isinstance(node, ast.comprehension):
        return ast.unparse(ast.GeneratorExp(ast.Name("…"), [node]))[2:-1].strip()
    return ast.unparse(ast.fix_missing_locations(node))


def _before(unit: Unit, statement: ast.stmt) -> str:
    """The statement as it stands in its file, without the indentation that all its lines share."""
    body = getattr(statement, "body", None)
    end = body[0].lineno - 1 if isinstance(body, list) and body else statement.end_lineno or statement.lineno
    lines = unit.source[statement.lineno - 1 : max(end, statement.lineno)]
    return "\n".join(
        line[min(statement.col_offset, len(line) - len(line.lstrip())) :].rstrip() for line in lines
    )


def _after(place: Place, new: Any) -> str:
    if isinstance(new, list):
        return "\n".join(_header(statement) for statement in new)
    with place.replaced(new):
        return _header(place.statement)


# ---- every place ----


def _changes(unit: Unit) -> Iterator[tuple[str, Place, Any]]:
    match unit.node:
        case ast.FunctionDef():
            yield from _Walk(unit).function(unit.node, None)
        case ast.ClassDef(body=body):
            for method in body:
                if isinstance(method, ast.FunctionDef) and method.name != "__repr__":
                    yield from _Walk(unit).function(method, None)
        case ast.Assign():
            yield from _Walk(unit).constants(unit.node)


class _Walk:
    """Every place of a unit with everything that could stand there instead."""

    def __init__(self, unit: Unit) -> None:
        self.unit = unit
        self.refusing = refusals(unit)

    def constants(self, node: ast.Assign) -> Iterator[tuple[str, Place, Any]]:
        """The numbers of a module, such as a scale or a table of gains; and functions without a name."""
        names = Names()
        for place in self._places(node.value, node, "value", None, node, names, ()):
            if isinstance(place.node, ast.Constant) and isinstance(place.node.value, int | float):
                for operator, new in expressions(place.node, place):
                    yield operator, place, new

    def function(self, node: ast.FunctionDef, outer: Names | None) -> Iterator[tuple[str, Place, Any]]:
        yield from self._body(node, "body", Names.of(node, outer))

    def _body(self, parent: Any, name: str, names: Names) -> Iterator[tuple[str, Place, Any]]:
        body: list[ast.stmt] = getattr(parent, name)
        for index, statement in enumerate(body):
            if id(statement) in self.refusing or isinstance(statement, ast.Import | ast.ImportFrom):
                continue
            if isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant):
                continue
            if isinstance(statement, ast.FunctionDef):
                yield from self.function(statement, names)
                continue
            place = Place(statement, parent, name, index, statement, names)
            following = body[index + 1] if index + 1 < len(body) else None
            later = {n.id for other in body[index + 1 :] for n in ast.walk(other) if isinstance(n, ast.Name)}
            refuses = isinstance(statement, ast.If) and all(id(s) in self.refusing for s in statement.body)
            if not refuses:
                for operator, new in statements(statement, place, following, later):
                    wide = replace(place, width=2) if operator == "exchanged statements" else place
                    yield operator, wide, new
                yield from self._expressions(statement, names)
            for block in ("body", "orelse"):
                if isinstance(getattr(statement, block, None), list) and not isinstance(
                    statement, ast.Lambda
                ):
                    yield from self._body(statement, block, names)

    def _expressions(self, statement: ast.stmt, names: Names) -> Iterator[tuple[str, Place, Any]]:
        if isinstance(statement, ast.With):
            return
        for field_name, value in ast.iter_fields(statement):
            if field_name in ("body", "orelse"):
                continue
            for index, child in enumerate(value if isinstance(value, list) else [value]):
                if isinstance(child, ast.AST):
                    at = index if isinstance(value, list) else None
                    for place in self._places(child, statement, field_name, at, statement, names, ()):
                        for operator, new in expressions(place.node, place):
                            yield operator, place, new

    def _places(
        self,
        node: ast.AST,
        parent: ast.AST,
        name: str,
        index: int | None,
        statement: ast.stmt,
        names: Names,
        around: Any,
    ) -> Iterator[Place]:
        """A node and all within it; a negative number is one."""
        yield Place(node, parent, name, index, statement, names, around)
        if isinstance(node, ast.UnaryOp) and isinstance(node.operand, ast.Constant):
            return
        for child_name, value in ast.iter_fields(node):
            if child_name in ("ctx", "op", "ops") or isinstance(value, ast.arguments):
                continue
            if isinstance(node, ast.JoinedStr) or called(node) == "isinstance":
                return
            for i, child in enumerate(value if isinstance(value, list) else [value]):
                if isinstance(child, ast.AST):
                    at = i if isinstance(value, list) else None
                    yield from self._places(child, node, child_name, at, statement, names, (*around, node))

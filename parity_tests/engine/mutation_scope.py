"""What stands around a place in the source: the statement, the function, the names that could be meant."""

from __future__ import annotations

import ast
import builtins
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

BUILTINS = frozenset(dir(builtins))


@dataclass
class Names:
    """The names of one function: parameters and what it assigns, with the line where each begins.

    `options` are those after the star; `functions` those that are called.
    """

    begins: dict[str, int] = field(default_factory=dict)
    options: set[str] = field(default_factory=set)
    functions: set[str] = field(default_factory=set)
    attributes: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    keys: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    aliases: set[frozenset[str]] = field(default_factory=set)
    outer: Names | None = None

    @classmethod
    def of(cls, function: ast.FunctionDef, outer: Names | None = None) -> Names:
        names = cls(outer=outer)
        arguments = function.args
        for argument in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs):
            names.begins[argument.arg] = function.lineno
        names.options = {argument.arg for argument in arguments.kwonlyargs}
        for statement in function.body:
            names._look(statement)
        names.begins.pop("_", None)
        names.begins.pop("self", None)
        return names

    def _look(self, node: ast.AST) -> None:
        match node:
            case ast.FunctionDef(name=name):
                self.functions.add(name)
                for inner in ast.walk(node):
                    self._note(inner)
                return
            case ast.ListComp() | ast.GeneratorExp() | ast.DictComp() | ast.SetComp() | ast.Lambda():
                for inner in ast.walk(node):
                    self._note(inner)
                return
            case ast.Name(name, ctx=ast.Store()):
                self.begins.setdefault(name, node.lineno)
            case ast.Assign(targets=[target], value=value):
                self._alias(target, value)
        self._note(node)
        for child in ast.iter_child_nodes(node):
            self._look(child)

    def _alias(self, target: ast.expr, value: ast.expr) -> None:
        match target, value:
            case ast.Name(one), ast.Name(other):
                self.aliases.add(frozenset((one, other)))
            case ast.Tuple(targets), ast.Tuple(values) if len(targets) == len(values):
                for each in zip(targets, values, strict=True):
                    self._alias(*each)

    def same(self, one: str, other: str) -> bool:
        """Whether one is another name for the other."""
        return frozenset((one, other)) in self.aliases or (
            self.outer is not None and self.outer.same(one, other)
        )

    def _note(self, node: ast.AST) -> None:
        """What is used how, inner functions included."""
        match node:
            case ast.Call(func=ast.Name(name)):
                self.functions.add(name)
            case ast.Attribute(value=ast.Name(base), attr=attribute):
                if attribute not in self.attributes[base]:
                    self.attributes[base].append(attribute)
            case ast.Subscript(value=ast.Name(base), slice=ast.Constant(str(key))):
                if key not in self.keys[base]:
                    self.keys[base].append(key)

    def at(self, line: int) -> list[str]:
        """The names that have a value at a line, which are no functions."""
        called = self._called()
        here = [name for name, begins in self.begins.items() if begins < line]
        outside = self.outer.everything() if self.outer else []
        return [n for n in dict.fromkeys([*here, *outside]) if n not in called and n not in BUILTINS]

    def everything(self) -> list[str]:
        return [*self.begins, *(self.outer.everything() if self.outer else [])]

    def _called(self) -> set[str]:
        return self.functions | (self.outer._called() if self.outer else set())

    def find(self, table: str, key: str) -> list[str]:
        """The attributes or keys that are used with a name, in this function or around it."""
        found: dict[str, Any] = dict.fromkeys(getattr(self, table).get(key, ()))
        return list({**(dict.fromkeys(self.outer.find(table, key)) if self.outer else {}), **found})

    def knows(self, name: str) -> bool:
        return name in self.begins or (self.outer is not None and self.outer.knows(name))

    def is_option(self, name: str) -> bool:
        return name in self.options or (self.outer is not None and self.outer.is_option(name))


@dataclass(frozen=True)
class Place:
    """Where a node stands: in a field of its parent, in a statement, in a function with these names.

    `parents` are the nodes around it within its statement, the nearest last; `width` is how many
    statements, from this one on, make way for others.
    """

    node: ast.AST
    parent: ast.AST
    field: str
    index: int | None
    statement: ast.stmt
    names: Names
    parents: tuple[ast.AST, ...] = ()
    width: int = 1

    @contextmanager
    def replaced(self, new: ast.AST | list[ast.stmt]) -> Iterator[None]:
        """While this lasts, something else stands here."""
        before = getattr(self.parent, self.field)
        if self.index is None:
            after: Any = new
        else:
            after = [
                *before[: self.index],
                *(new if isinstance(new, list) else [new]),
                *before[self.index + self.width :],
            ]
        setattr(self.parent, self.field, after)
        try:
            yield
        finally:
            setattr(self.parent, self.field, before)

"""What a named mistake is: edits of the source of a formula, compiled beside the original."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from parity_tests.engine.mutation import Program
from parity_tests.engine.mutation_reach import Unit


@dataclass(frozen=True)
class Edit:
    """Text of one function of scratch (of its chapter or of a shared file), and what stands there instead.

    `before` occurs in the function exactly once.
    """

    function: str
    before: str
    after: str


@dataclass(frozen=True)
class Mistake:
    """A mistake that people make, which every algorithm can hold that is made of the edited functions.

    Args:
        id: its name; the same mistake in another function has the same.
        text: for a learner: what the code does, and what the formula says.
        edits: what is different, all of it at once.
        source: where the mistake is described, if anywhere.
        only: the algorithms that it means something for, if not all that are made of these functions.
    """

    id: str
    text: str
    edits: tuple[Edit, ...]
    source: str = ""
    only: tuple[str, ...] = ()

    @property
    def functions(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(edit.function for edit in self.edits))

    def concerns(self, program: Program, algorithm: str) -> bool:
        """Whether the algorithm can hold it."""
        if self.only and algorithm not in self.only:
            return False
        return set(self.functions) <= {unit.name for unit in program.units}


def mistake(id: str, text: str, function: str, *edits: str, source: str = "", only: str = "") -> Mistake:
    """A mistake within one function; the edits are before, after, before, after, …"""
    pairs = zip(edits[::2], edits[1::2], strict=True)
    made = tuple(Edit(function, before, after) for before, after in pairs)
    return Mistake(id, text, made, source, tuple(only.split()))


def each(functions: str, id: str, text: str, *edits: str, source: str = "") -> Iterator[Mistake]:
    """The same mistake in several functions, by their names."""
    for function in functions.split():
        yield mistake(id, text, function, *edits, source=source)


def edited(program: Program, edits: Iterable[Edit]) -> dict[str, tuple[Unit, ast.stmt]]:
    """The functions with these edits made, by name.  Raises ValueError for text that does not occur once."""
    texts: dict[str, str] = {}
    units = {unit.name: unit for unit in program.units}
    for edit in edits:
        text = texts.get(edit.function) or text_of(units[edit.function])
        if text.count(edit.before) != 1:
            raise ValueError(f"{edit.function}: {edit.before!r} occurs {text.count(edit.before)} times")
        texts[edit.function] = text.replace(edit.before, edit.after)
    return {name: (units[name], ast.parse(text).body[0]) for name, text in texts.items()}


def text_of(unit: Unit) -> str:
    """The source of a function, decorators included."""
    return "\n".join(unit.source[_first_line(unit) - 1 : unit.node.end_lineno])


def line_of(unit: Unit, edit: Edit) -> tuple[int, str, str]:
    """Where in its file an edit begins, and what stands there before and after it, on one line."""
    text = text_of(unit)
    start = text.index(edit.before)
    begin = text.rfind("\n", 0, start) + 1
    end = text.find("\n", start + len(edit.before))
    before = text[begin : end if end >= 0 else len(text)]
    after = before.replace(edit.before, edit.after)
    return _first_line(unit) + text[:start].count("\n"), _on_one_line(before), _on_one_line(after)


def _first_line(unit: Unit) -> int:
    decorators = getattr(unit.node, "decorator_list", [])
    return min([unit.node.lineno, *(decorator.lineno for decorator in decorators)])


def _on_one_line(text: str) -> str:
    lines = (line.partition("  #")[0].strip() for line in text.splitlines())
    return "; ".join(line for line in lines if line and not line.startswith("#") and line != "pass")

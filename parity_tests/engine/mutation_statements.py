"""The mistakes that whole statements can hold: left out, in another order, replaced where they should add."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from parity_tests.engine.mutation_operators import only_without
from parity_tests.engine.mutation_scope import Place

Instead = Iterator[tuple[str, list[ast.stmt]]]
SIMPLE = (ast.Assign, ast.AugAssign, ast.Expr)


def statements(node: ast.stmt, place: Place, following: ast.stmt | None, later: set[str]) -> Instead:
    """What could stand in place of a statement, or of it and the one that follows.

    Args:
        node: the statement.
        place: where it stands.
        following: the statement after it, where there is one.
        later: the names that are read after it.
    """
    nothing: list[ast.stmt] = [ast.Pass()]
    match node:
        case ast.AugAssign(target=target, op=op, value=value):
            stored = ast.Assign([target], value)
            yield "= for +=", [stored]
            if isinstance(op, ast.Add):
                yield "sign", [ast.AugAssign(target, ast.Sub(), value)]
            yield "dropped statement", nothing
        case ast.Expr(ast.Call(func=ast.Attribute(attr="at"), args=[array, index, value])):
            into = ast.Subscript(array, index, ast.Store())
            yield "= for +=", [ast.Assign([into], value)]
            yield "assignment on overlap", [ast.AugAssign(into, ast.Add(), value)]
            yield "dropped statement", nothing
        case ast.Assign(targets=[ast.Name(name)]) if place.names.begins.get(name, node.lineno) < node.lineno:
            yield "dropped statement", nothing
        case ast.Assign(targets=[ast.Subscript(slice=index)]) if not isinstance(
            index, ast.Constant | ast.JoinedStr
        ):
            yield "dropped statement", nothing
        case ast.Break() | ast.Continue():
            yield "dropped statement", nothing
        case ast.If(test=test, body=body, orelse=orelse):
            if not only_without(test, absent=False):
                yield "choice", [*body]
            if not only_without(test, absent=True):
                yield "choice", [*orelse] or nothing
        case ast.For(target=target, iter=ast.Call(func=ast.Name("range"))) if ast.unparse(target) != "_":
            backwards = ast.Call(ast.Name("reversed", ast.Load()), [node.iter], [])
            yield "order", [ast.For(target, backwards, node.body, node.orelse)]
    yield from in_place(node, later)
    if following is not None:
        yield from exchanged(node, following, place)


def in_place(node: ast.stmt, later: set[str]) -> Instead:
    """``a = b − c`` as ``b −= c; a = b``, where b is read again."""
    match node:
        case ast.Assign(
            targets=[ast.Name(name)],
            value=ast.BinOp(
                left=ast.Name(array), op=ast.Add() | ast.Sub() | ast.Mult() | ast.Div() as op, right=right
            ),
        ) if array in later and name != array:
            changed = ast.AugAssign(ast.Name(array, ast.Store()), op, right)
            yield (
                "changed in place",
                [changed, ast.Assign([ast.Name(name, ast.Store())], ast.Name(array, ast.Load()))],
            )


def exchanged(node: ast.stmt, following: ast.stmt, place: Place) -> Instead:
    """Two statements in the other order, where the second reads what the first writes over."""
    if not isinstance(node, SIMPLE) or not isinstance(following, SIMPLE):
        return
    begins = place.names.begins
    written = {n.id for n in ast.walk(node) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}
    read = {n.id for n in ast.walk(following) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Load)}
    if any(begins.get(name, node.lineno) < node.lineno for name in written & read):
        yield "exchanged statements", [following, node]

"""The mistakes that an expression can hold: each operator takes a node and its place and yields others.

What is the same by construction (a factor of 1, the operands of a sum in another order, a copy left out) is
not yielded: it would be no mistake.
"""

from __future__ import annotations

import ast
from collections.abc import Callable
from typing import Any

from parity_tests.engine.mutation_arithmetic import binary, constant, unary
from parity_tests.engine.mutation_calls import call
from parity_tests.engine.mutation_scope import Place
from parity_tests.engine.mutation_text import REDUCTIONS, Made, called, factor, made, text

Operator = Callable[[Any, Place], Made]

EDGES: dict[type[ast.cmpop], str] = {ast.Lt: "<=", ast.LtE: "<", ast.Gt: ">=", ast.GtE: ">"}
NEGATIONS: dict[type[ast.cmpop], str] = {
    **{ast.Lt: ">=", ast.LtE: ">", ast.Gt: "<=", ast.GtE: "<"},
    **{ast.Eq: "!=", ast.NotEq: "==", ast.In: "not in", ast.NotIn: "in"},
}
COUNTERS = ("t", "step", "epoch", "stage", "passed")


# ---- choices ----


def comparison(node: ast.Compare, place: Place) -> Made:
    for i, op in enumerate(node.ops):
        for kind, table in (("edge", EDGES), ("comparison", NEGATIONS)):
            if type(op) in table:
                parts = [factor(node.left)]
                for j, (other, right) in enumerate(zip(node.ops, node.comparators, strict=True)):
                    sign = table[type(op)] if j == i else _sign(other)
                    parts += [sign, factor(right)]
                yield kind, made(" ".join(parts))


def _sign(op: ast.cmpop) -> str:
    return text(ast.Compare(ast.Name("a"), [op], [ast.Name("b")]))[2:-2]


def boolean(node: ast.BoolOp, place: Place) -> Made:
    values = [factor(value) for value in node.values]
    yield "choice", made((" or " if isinstance(node.op, ast.And) else " and ").join(values))
    if len(values) == 2:
        yield "choice", node.values[0]
        yield "choice", node.values[1]


def either(node: ast.IfExp, place: Place) -> Made:
    """One of the two whatever holds; not where the test only says that something was left out."""
    if not only_without(node.test, absent=False):
        yield "choice", node.body
    if not only_without(node.test, absent=True):
        yield "choice", node.orelse


def only_without(test: ast.expr, *, absent: bool) -> bool:
    """Whether the other branch only spares a computation: the one for None, or for a factor of zero.

    With `absent` it is about the branch that is taken where the test does not hold.
    """
    match test:
        case ast.Compare(ops=[ast.Is()], comparators=[ast.Constant(None)]):
            return absent
        case ast.Compare(ops=[ast.IsNot()], comparators=[ast.Constant(None)]):
            return not absent
        case ast.Name():
            return not absent
    return False


def comprehension(node: ast.comprehension, place: Place) -> Made:
    if node.ifs:
        yield "choice", ast.comprehension(node.target, node.iter, [], node.is_async)


# ---- what is picked ----


def attribute(node: ast.Attribute, place: Place) -> Made:
    if node.attr == "T":
        yield "transpose", node.value
    called_here = isinstance(place.parent, ast.Call) and place.field == "func"
    if isinstance(node.value, ast.Name) and place.names.knows(node.value.id) and not called_here:
        for other in place.names.find("attributes", node.value.id):
            if other != node.attr and other not in ("shape", "ndim", "dtype", "size", "T", *REDUCTIONS):
                yield "another field", ast.Attribute(node.value, other, ast.Load())


def subscript(node: ast.Subscript, place: Place) -> Made:
    match node:
        case ast.Subscript(value=ast.Name(base), slice=ast.Constant(str(key))):
            for other in place.names.find("keys", base):
                if other != key:
                    yield "another key", ast.Subscript(node.value, ast.Constant(other), node.ctx)
        case ast.Subscript(value=ast.Call(args=[argument]), slice=ast.Constant(str())):
            if isinstance(node.ctx, ast.Load) and isinstance(argument, ast.Name | ast.Subscript | ast.BinOp):
                yield "skipped backward", argument
        case ast.Subscript(slice=ast.Slice(lower=None, upper=None, step=ast.UnaryOp())):
            yield "order", node.value


def slices(node: ast.Slice, place: Place) -> Made:
    if node.lower is not None and node.upper is None and node.step is None:
        if not isinstance(node.lower, ast.UnaryOp):
            yield "slice", ast.Slice(None, made(f"-{factor(node.lower)}"), None)
        yield "slice", ast.Slice(None, node.lower, None)
    elif node.upper is not None and node.lower is None and node.step is None:
        yield "slice", ast.Slice(node.upper, None, None)
    for bound in ("lower", "upper"):
        value = getattr(node, bound)
        if value is not None and not isinstance(value, ast.Constant | ast.UnaryOp):
            for sign in "+-":
                other = ast.Slice(node.lower, node.upper, node.step)
                setattr(other, bound, made(f"{text(value)} {sign} 1"))
                yield "off by one", other


def name(node: ast.Name, place: Place) -> Made:
    here = node.id
    names = place.names
    if isinstance(node.ctx, ast.Store) or not names.knows(here):
        return
    if isinstance(place.parent, ast.Call) and place.field == "func":
        return
    if called(place.parent).endswith("_like") or called(place.parent) == "len":
        return
    match place.parent:
        case ast.Attribute(attr="shape" | "ndim" | "size" | "dtype"):  # the same of many arrays
            return
        case ast.Compare(ops=[ast.Is() | ast.IsNot()]):
            return
    candidates = names.at(place.statement.lineno)
    if here in candidates:
        for other in candidates:
            if other != here and not names.same(here, other):
                yield "name", ast.Name(other, ast.Load())
    arithmetic = isinstance(place.parent, ast.BinOp | ast.Compare)
    if here in COUNTERS and arithmetic:
        yield "off by one", made(f"({here} + 1)")
        yield "off by one", made(f"({here} - 1)")
    if (
        names.knows("state")
        and here in names.find("attributes", "state")
        and "state." not in text(place.statement)
    ):
        yield "state not carried", made(f"state.{here}")
    if (
        names.is_option(here)
        and isinstance(place.parent, ast.BinOp)
        and isinstance(place.parent.op, ast.Mult)
    ):
        yield "missing 1 −", made(f"(1 - {here})")


# ---- one of several ----


def several(node: ast.Tuple | ast.List, place: Place) -> Made:
    """Neighbours exchanged: the gates that a matrix is split into, the parts that make one again."""
    elements = node.elts
    storing = isinstance(node.ctx, ast.Store)
    axes = isinstance(place.parent, ast.Call) and called(place.parent) in REDUCTIONS
    index = isinstance(place.parent, ast.Subscript)
    value = getattr(place.statement, "value", None)
    values = value.elts if isinstance(value, ast.Tuple) and place.parent is place.statement else []
    if axes or index:
        return
    for i in range(len(elements) - 1):
        one, other = elements[i : i + 2]
        starred = isinstance(one, ast.Starred) or isinstance(other, ast.Starred)
        constants = isinstance(one, ast.Constant) and isinstance(other, ast.Constant)
        if storing and len(values) == len(elements) and text(values[i]) == text(values[i + 1]):
            continue
        unused = (
            isinstance(one, ast.Name) and one.id == "_" and isinstance(other, ast.Name) and other.id == "_"
        )
        if not starred and not unused and not (constants and not storing) and text(one) != text(other):
            exchanged = [*elements[:i], other, one, *elements[i + 2 :]]
            yield "exchanged neighbours", type(node)(exchanged, node.ctx)


def dictionary(node: ast.Dict, place: Place) -> Made:
    """What is returned by name: with the other's value, or with the other sign."""
    if not isinstance(place.statement, ast.Return):
        return
    for i in range(len(node.values) - 1):
        if node.keys[i] is not None and node.keys[i + 1] is not None:
            values = [*node.values]
            values[i], values[i + 1] = values[i + 1], values[i]
            yield "exchanged neighbours", ast.Dict(node.keys, values)
    for i, value in enumerate(node.values):
        if isinstance(value, ast.Name | ast.Call | ast.Subscript) and node.keys[i] is not None:
            values = [*node.values]
            values[i] = made(f"-{factor(value)}")
            yield "sign", ast.Dict(node.keys, values)


OPERATORS: dict[type, Operator] = {
    ast.BinOp: binary,
    ast.UnaryOp: unary,
    ast.Constant: constant,
    ast.Compare: comparison,
    ast.BoolOp: boolean,
    ast.IfExp: either,
    ast.comprehension: comprehension,
    ast.Call: call,
    ast.Attribute: attribute,
    ast.Subscript: subscript,
    ast.Slice: slices,
    ast.Name: name,
    ast.Tuple: several,
    ast.List: several,
    ast.Dict: dictionary,
}


def expressions(node: ast.AST, place: Place) -> Made:
    """Everything that an expression could be instead."""
    operator = OPERATORS.get(type(node))
    if operator is not None:
        yield from operator(node, place)

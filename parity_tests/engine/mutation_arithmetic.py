"""The mistakes that arithmetic can hold: another operator, a term dropped or doubled, a sign, a constant."""

from __future__ import annotations

import ast

from parity_tests.engine.mutation_scope import Place
from parity_tests.engine.mutation_text import TINY, Made, called, factor, made, mentions_eps, text

SEQUENCES = (ast.Tuple, ast.List, ast.JoinedStr)
PRODUCTS = (ast.Mult, ast.Div, ast.MatMult, ast.FloorDiv)
SUMS = (ast.Add, ast.Sub)
SIGNS = {
    ast.Add: "+",
    ast.Sub: "-",
    ast.Mult: "*",
    ast.Div: "/",
    ast.MatMult: "@",
    ast.Pow: "**",
    ast.FloorDiv: "//",
}
OTHERS: dict[type[ast.operator], tuple[str, ...]] = {
    ast.Add: ("-",),
    ast.Sub: ("+",),
    ast.Mult: ("/",),
    ast.Div: ("*", "//"),
    ast.Pow: ("*",),
    ast.MatMult: ("*",),
    ast.FloorDiv: ("/",),
    ast.Mod: ("//",),
    ast.BitAnd: ("|",),
    ast.BitOr: ("&",),
}


def binary(node: ast.BinOp, place: Place) -> Made:
    if is_sequence(node):
        return
    left, right, kind = factor(node.left), factor(node.right), type(node.op)
    broadcast = called(node.left) == "ones_like" or called(node.right) == "ones_like"
    if broadcast:  # a shape and no factor
        return
    for sign in OTHERS.get(kind, ()):
        if not (sign in "*/" and called(node.right) == "sign"):
            yield "operator", made(f"{left} {sign} {right}")
    yield from dropped(node, left, right)
    if kind in (ast.Sub, ast.Div, ast.MatMult) and not (kind is ast.Sub and is_even(place)):
        sign = SIGNS[kind]
        yield "order", made(f"{right} {sign} {left}")
    if kind is ast.MatMult:
        yield "transpose", made(f"{left}.T @ {right}")
        yield "transpose", made(f"{left} @ {right}.T")
    yield from doubled(node, left, right)
    if kind in (*PRODUCTS, ast.Pow) and not (within_product(place) or of_a_shape(place) or is_even(place)):
        yield "sign", made(f"-({text(node)})")
    if kind is ast.Pow:
        if not isinstance(node.right, ast.Constant):
            yield "off by one", made(f"{left} ** ({right} + 1)")
            yield "off by one", made(f"{left} ** ({right} - 1)")
        if isinstance(node.right, ast.Constant) and node.right.value == 2:
            yield "absolute", made(f"abs({left})")
    yield from parentheses(node)
    yield from eps_elsewhere(node)


def doubled(node: ast.BinOp, left: str, right: str) -> Made:
    """A term or a factor that counts twice, or a first term with the other sign."""
    kind = type(node.op)
    if kind in SUMS:
        sign = SIGNS[kind]
        yield "doubled term", made(f"2 * {left} {sign} {right}")
        yield "doubled term", made(f"{left} {sign} 2 * {right}")
        if kind is ast.Add:
            yield "sign", made(f"-{left} + {right}")
    if kind is ast.Mult:
        yield "doubled factor", made(f"{left} ** 2 * {right}")
        yield "doubled factor", made(f"{left} * {right} ** 2")


def is_even(place: Place) -> bool:
    """Whether the sign does not matter: it is squared, or goes into an even function."""
    match place.parent:
        case ast.BinOp(op=ast.Pow(), right=ast.Constant(2)):
            return place.field == "left"
    return called(place.parent) in ("abs", "cos")


def dropped(node: ast.BinOp, left: str, right: str) -> Made:
    one = isinstance(node.left, ast.Constant) and node.left.value == 1
    match node.op:
        case ast.Add() | ast.Mult() | ast.MatMult() | ast.BitAnd() | ast.BitOr():
            kind = "dropped term" if isinstance(node.op, ast.Add) else "dropped factor"
            yield kind, node.left
            yield kind, node.right
        case ast.Sub():
            yield "dropped term", node.left
            yield ("missing 1 −", node.right) if one else ("dropped term", made(f"-{right}"))
        case ast.Div():
            yield "dropped factor", node.left
            if not one:
                yield "dropped factor", made(f"1 / {right}")
        case ast.Pow() | ast.FloorDiv() | ast.Mod():
            yield "dropped operation", node.left


def parentheses(node: ast.BinOp) -> Made:
    """(a − b) · c as a − b · c, a / (b · c) as a / b · c, and their like."""
    left, right = node.left, node.right
    if isinstance(node.op, (*PRODUCTS, ast.Pow)):
        sign = SIGNS[type(node.op)]
        if isinstance(left, ast.BinOp) and isinstance(left.op, SUMS):
            inner = SIGNS[type(left.op)]
            yield (
                "parentheses",
                made(f"{factor(left.left)} {inner} {factor(left.right)} {sign} {factor(right)}"),
            )
        if isinstance(right, ast.BinOp) and isinstance(right.op, SUMS) and not isinstance(node.op, ast.Pow):
            inner = SIGNS[type(right.op)]
            yield (
                "parentheses",
                made(f"{factor(left)} {sign} {factor(right.left)} {inner} {factor(right.right)}"),
            )
        match node:
            case ast.BinOp(
                op=ast.Div(), right=ast.BinOp(left=first, op=ast.Mult() | ast.Div() as op, right=second)
            ):
                source = f"{factor(left)} / {factor(first)} {SIGNS[type(op)]} {factor(second)}"
                yield "parentheses", made(source)


def eps_elsewhere(node: ast.BinOp) -> Made:
    """eps inside the root and outside, before the quotient and after, and squared."""
    if not (isinstance(node.op, ast.Add) and mentions_eps(node.right)):
        if (
            isinstance(node.op, ast.Div)
            and isinstance(node.right, ast.BinOp)
            and mentions_eps(node.right.right)
        ):
            under = node.right
            if isinstance(under.op, ast.Add):
                yield "eps", made(f"{factor(node.left)} / {factor(under.left)} + {factor(under.right)}")
        return
    eps = text(node.right)
    if called(node.left) == "sqrt":
        assert isinstance(node.left, ast.Call)
        yield "eps", made(f"np.sqrt({text(node.left.args[0])} + {eps})")
        yield "eps", made(f"np.sqrt({text(node.left.args[0])} + {eps}**2)")
    yield "eps", made(f"np.maximum({text(node.left)}, {eps})")


def unary(node: ast.UnaryOp, place: Place) -> Made:
    match node:
        case ast.UnaryOp(op=ast.USub(), operand=ast.Constant(int(value))):
            yield "constant", made(str(-value + 1))
            if not of_a_shape(place):
                yield "constant", made(str(-value - 1))
        case ast.UnaryOp(op=ast.USub() | ast.Not() | ast.Invert(), operand=operand):
            yield "sign" if isinstance(node.op, ast.USub) else "negation", operand


def of_a_shape(place: Place) -> bool:
    """Whether a number is the length of an axis, where any negative one stands for what is left."""
    sequence = isinstance(place.parent, ast.Tuple) and any(isinstance(p, ast.BinOp) for p in place.parents)
    return sequence or any(called(parent) == "reshape" for parent in place.parents)


def constant(node: ast.Constant, place: Place) -> Made:
    value = node.value
    if value is True or value is False:
        if getattr(place.parent, "arg", "") != "strict":  # of zip, which only refuses
            yield "flag", ast.Constant(not value)
    elif isinstance(value, int):
        index = isinstance(place.parent, ast.Subscript | ast.Slice | ast.Tuple)
        for other in dict.fromkeys((value + 1, value - 1, 0)):
            if other != value and not (other < 0 and not index):
                yield "constant", made(str(other))
    elif isinstance(value, float) and 0 < value < TINY:
        yield "constant", ast.Constant(0.0)
        yield "constant", made(f"{100 * value:.3g}")
    elif isinstance(value, float):
        for changed in dict.fromkeys((value * 2, value / 2, value + 1.0, 0.0)):
            if changed != value:
                yield "constant", made(repr(changed))


def is_sequence(node: ast.AST) -> bool:
    match node:
        case ast.BinOp(left=left, right=right):
            return is_sequence(left) or is_sequence(right)
        case ast.Constant(str()):
            return True
        case ast.Call(func=ast.Name("list" | "tuple")):
            return True
        case ast.Attribute(attr="shape"):
            return True
        case ast.Subscript(value=ast.Attribute(attr="shape"), slice=ast.Slice()):
            return True
    return isinstance(node, SEQUENCES)


def within_product(place: Place) -> bool:
    return isinstance(place.parent, ast.UnaryOp) or (
        isinstance(place.parent, ast.BinOp) and isinstance(place.parent.op, (*PRODUCTS, *SUMS, ast.Pow))
    )

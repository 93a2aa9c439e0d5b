"""The mistakes that an expression can hold: each operator takes a node and its place and yields others.

What is the same by construction (a factor of 1, the operands of a sum in another order, a copy left out) is
not yielded: it would be no mistake.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from typing import Any

from parity_tests.engine.mutation_scope import Place

Made = Iterator[tuple[str, ast.AST]]
Operator = Callable[[Any, Place], Made]
text = ast.unparse

TINY = 1e-3  # constants below are there to keep a denominator from zero
SEQUENCES = (ast.Tuple, ast.List, ast.JoinedStr)
PRODUCTS = (ast.Mult, ast.Div, ast.MatMult, ast.FloorDiv)
SUMS = (ast.Add, ast.Sub)
SIGNS = {ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/"}
OTHERS = {
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
EDGES = {ast.Lt: "<=", ast.LtE: "<", ast.Gt: ">=", ast.GtE: ">"}
NEGATIONS = {ast.Lt: ">=", ast.LtE: ">", ast.Gt: "<=", ast.GtE: "<", ast.Eq: "!=", ast.NotEq: "=="}
NEGATIONS |= {ast.In: "not in", ast.NotIn: "in"}
COUNTERS = ("t", "step", "epoch", "stage", "passed")
# Of one array or number: left out, the argument stays.
UNARY = ("exp", "log", "sqrt", "abs", "sign", "tanh", "log1p", "expm1", "erf", "sin", "cos", "floor", "isfinite")
UNARY += ("erfinv", "ceil", "square")
FUNCTIONS = {
    "log1p": ("log",),
    "expm1": ("exp",),
    "log": ("log2",),
    "sin": ("cos",),
    "cos": ("sin",),
    "floor": ("ceil",),
    "ceil": ("floor",),
    "zeros_like": ("ones_like",),
    "ones_like": ("zeros_like",),
    "zeros": ("ones",),
    "ones": ("zeros",),
    "maximum": ("minimum",),
    "minimum": ("maximum",),
    "max": ("min",),
    "min": ("max",),
    "mean": ("sum",),
    "sum": ("mean",),
    "argmax": ("argmin",),
    "any": ("all",),
    "all": ("any",),
    "var": ("std",),
    "standard_normal": ("random",),
    "random": ("standard_normal",),
}
REDUCTIONS = ("mean", "sum", "max", "min", "argmax", "var", "std", "all", "any")
REARRANGING = ("reshape", "swapaxes", "transpose", "sum", "mean")
COMMUTING = ("maximum", "minimum", "isinstance", "zip", "where", "range", "print", "getattr", "add", "swapaxes", "max")
COMMUTING += ("min", "clip", "isclose", "added", "outer", "super", "len")


def made(source: str) -> ast.expr:
    """The expression that this text is."""
    return ast.parse(source, mode="eval").body


def called(node: ast.AST) -> str:
    """The last name of what is called: "exp" for ``np.exp(x)``."""
    match node:
        case ast.Call(func=ast.Name(name)) | ast.Call(func=ast.Attribute(attr=name)):
            return name
    return ""


def of_library(node: ast.Call) -> bool:
    return isinstance(node.func, ast.Attribute) and text(node.func.value) in ("np", "math", "np.linalg")


def factor(node: ast.AST) -> str:
    """Its text, fit to be a factor."""
    return f"({text(node)})"


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


def mentions_eps(node: ast.AST) -> bool:
    return any(isinstance(n, ast.Name) and "eps" in n.id for n in ast.walk(node)) or (
        isinstance(node, ast.Constant) and isinstance(node.value, float) and 0 < node.value < TINY
    )


# ---- arithmetic ----


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
        sign = {ast.Sub: "-", ast.Div: "/", ast.MatMult: "@"}[kind]
        yield "order", made(f"{right} {sign} {left}")
    if kind is ast.MatMult:
        yield "transpose", made(f"{left}.T @ {right}")
        yield "transpose", made(f"{left} @ {right}.T")
    if kind in SUMS:
        sign = SIGNS[kind]
        yield "doubled term", made(f"2 * {left} {sign} {right}")
        yield "doubled term", made(f"{left} {sign} 2 * {right}")
        if kind is ast.Add:
            yield "sign", made(f"-{left} + {right}")
    if kind is ast.Mult:
        yield "doubled factor", made(f"{left} ** 2 * {right}")
        yield "doubled factor", made(f"{left} * {right} ** 2")
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
        sign = {**SIGNS, ast.MatMult: "@", ast.Pow: "**", ast.FloorDiv: "//"}[type(node.op)]
        if isinstance(left, ast.BinOp) and isinstance(left.op, SUMS):
            inner = SIGNS[type(left.op)]
            yield "parentheses", made(f"{factor(left.left)} {inner} {factor(left.right)} {sign} {factor(right)}")
        if isinstance(right, ast.BinOp) and isinstance(right.op, SUMS) and not isinstance(node.op, ast.Pow):
            inner = SIGNS[type(right.op)]
            yield "parentheses", made(f"{factor(left)} {sign} {factor(right.left)} {inner} {factor(right.right)}")
        dividing = isinstance(node.op, ast.Div) and isinstance(right, ast.BinOp)
        if dividing and isinstance(right.op, ast.Mult | ast.Div):
            inner = SIGNS[type(right.op)]
            yield "parentheses", made(f"{factor(left)} / {factor(right.left)} {inner} {factor(right.right)}")


def eps_elsewhere(node: ast.BinOp) -> Made:
    """eps inside the root and outside, before the quotient and after, and squared."""
    if not (isinstance(node.op, ast.Add) and mentions_eps(node.right)):
        if isinstance(node.op, ast.Div) and isinstance(node.right, ast.BinOp) and mentions_eps(node.right.right):
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


# ---- calls ----


def call(node: ast.Call, place: Place) -> Made:
    name, arguments = called(node), [text(argument) for argument in node.args]
    yield from another_function(node, name)
    if name == "where" and len(arguments) == 3:
        test, yes, no = arguments
        yield "choice", made(f"np.where({test}, {no}, {yes})")
        yield "choice", made(f"np.where(True, {yes}, {no})")
        yield "choice", made(f"np.where(False, {yes}, {no})")
    if name == "clip" and len(arguments) == 3:
        x, low, high = arguments
        yield "choice", made(f"np.maximum({x}, {low})")
        yield "choice", made(f"np.minimum({x}, {high})")
    if name in ("maximum", "minimum") or (name in ("min", "max") and isinstance(node.func, ast.Name)):
        yield from (("choice", argument) for argument in node.args if len(node.args) == 2)
    if name == "sqrt" and of_library(node) and isinstance(node.args[0], ast.BinOp):
        under = node.args[0]
        if isinstance(under.op, ast.Add) and mentions_eps(under.right):
            yield "eps", made(f"np.sqrt({text(under.left)}) + {text(under.right)}")
    if name in REDUCTIONS:
        yield from reductions(node, name)
    yield from ranges(node, name, arguments)
    if isinstance(node.func, ast.Name) or not of_library(node):
        yield from arguments_exchanged(node, name)
        for i, keyword in enumerate(node.keywords):
            same = isinstance(keyword.value, ast.Name) and keyword.arg == keyword.value.id
            if same and keyword.arg != "dtype":
                rest = [k for j, k in enumerate(node.keywords) if j != i]
                yield "option not passed on", ast.Call(node.func, node.args, rest)


def another_function(node: ast.Call, name: str) -> Made:
    library = of_library(node)
    if name in UNARY and len(node.args) == 1 and (library or name == "erf"):
        yield "dropped function", node.args[0]
    method = isinstance(node.func, ast.Attribute) and not library
    if method and name in REARRANGING:
        yield "dropped function", node.func.value  # type: ignore[attr-defined]
    for other in FUNCTIONS.get(name, ()):
        if isinstance(node.func, ast.Attribute) and text(node.func.value) == "math" and other == "log2":
            continue
        if isinstance(node.func, ast.Attribute):
            yield "function", ast.Call(ast.Attribute(node.func.value, other, ast.Load()), node.args, node.keywords)
        elif name in ("max", "min", "any", "all"):
            yield "function", ast.Call(ast.Name(other, ast.Load()), node.args, node.keywords)


def reductions(node: ast.Call, name: str) -> Made:
    """Over another axis or over all; the variance about the mean, and the unbiased one."""
    if not isinstance(node.func, ast.Attribute):
        return
    first = 1 if of_library(node) else 0
    axis = node.args[first : first + 1] or [k.value for k in node.keywords if k.arg == "axis"]
    if not axis:
        return
    keywords = [k for k in node.keywords if k.arg != "axis"]
    yield "axis", ast.Call(node.func, node.args[:first], keywords)
    if not isinstance(axis[0], ast.Constant | ast.UnaryOp):
        for other in (0, -1):
            yield "axis", ast.Call(node.func, [*node.args[:first], made(str(other))], keywords)
    if isinstance(axis[0], ast.Tuple) and len(axis[0].elts) > 1:
        for i in range(len(axis[0].elts)):
            fewer = ast.Tuple([e for j, e in enumerate(axis[0].elts) if j != i], ast.Load())
            yield "axis", ast.Call(node.func, [*node.args[:first], fewer], keywords)
    match node.func.value:
        case ast.BinOp(left=base, op=ast.Pow(), right=ast.Constant(2)) if name == "mean" and not first:
            variance = ast.Attribute(base, "var", ast.Load())
            yield "variance", ast.Call(variance, node.args, [*node.keywords, ast.keyword("ddof", made("1"))])
            if "center" not in text(base) and "mean" not in text(base):
                yield "variance", ast.Call(variance, node.args, node.keywords)


def ranges(node: ast.Call, name: str, arguments: list[str]) -> Made:
    if name == "range":
        start, stop = (arguments[0], arguments[1]) if len(arguments) > 1 else ("0", arguments[0])
        step = f", {arguments[2]}" if len(arguments) > 2 else ""
        yield "range", made(f"range({start}, {stop} - 1{step})")
        yield "range", made(f"range({start} + 1, {stop}{step})")
    if name in ("reversed", "sorted") and len(arguments) == 1:
        yield "order", node.args[0]
    if name == "enumerate" and len(arguments) == 2:
        yield "range", made(f"enumerate({arguments[0]})")


def arguments_exchanged(node: ast.Call, name: str) -> Made:
    if name in COMMUTING:
        return
    for i in range(len(node.args) - 1):
        one, other = node.args[i : i + 2]
        kinds = (ast.Constant, ast.Starred, ast.JoinedStr)
        if not isinstance(one, kinds) and not isinstance(other, kinds):
            exchanged = [*node.args[:i], other, one, *node.args[i + 2 :]]
            yield "exchanged arguments", ast.Call(node.func, exchanged, node.keywords)


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
                parts = {"lower": node.lower, "upper": node.upper, "step": node.step}
                yield "off by one", ast.Slice(**{**parts, bound: made(f"{text(value)} {sign} 1")})


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
    if names.knows("state") and here in names.find("attributes", "state") and "state." not in text(place.statement):
        yield "state not carried", made(f"state.{here}")
    if names.is_option(here) and isinstance(place.parent, ast.BinOp) and isinstance(place.parent.op, ast.Mult):
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
        unused = isinstance(one, ast.Name) and one.id == "_" and isinstance(other, ast.Name) and other.id == "_"
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

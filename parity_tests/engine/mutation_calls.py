"""The mistakes that calls can hold: another function or axis, a limit off by one, arguments exchanged."""

from __future__ import annotations

import ast

from parity_tests.engine.mutation_scope import Place
from parity_tests.engine.mutation_text import REDUCTIONS, Made, called, made, mentions_eps, of_library, text

# Of one array or number: left out, the argument stays.
UNARY = (
    *("exp", "log", "sqrt", "abs", "sign", "tanh", "log1p", "expm1", "sin", "cos"),
    *("floor", "ceil", "isfinite", "square", "erf", "erfinv"),
)
FUNCTIONS = {
    "log1p": "log",
    "expm1": "exp",
    "log": "log2",
    "sin": "cos",
    "cos": "sin",
    "floor": "ceil",
    "ceil": "floor",
    "zeros_like": "ones_like",
    "ones_like": "zeros_like",
    "zeros": "ones",
    "ones": "zeros",
    "maximum": "minimum",
    "minimum": "maximum",
    "max": "min",
    "min": "max",
    "mean": "sum",
    "sum": "mean",
    "argmax": "argmin",
    "any": "all",
    "all": "any",
    "standard_normal": "random",
    "random": "standard_normal",
}
REARRANGING = ("reshape", "swapaxes", "transpose", "sum", "mean")
# Their arguments may change places, or have no places to change.
COMMUTING = (
    *("maximum", "minimum", "max", "min", "add", "added", "outer", "isclose", "swapaxes", "zip"),
    *("where", "clip", "range", "isinstance", "getattr", "super", "len"),
)


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
    if name in FUNCTIONS:
        other = FUNCTIONS[name]
        if isinstance(node.func, ast.Attribute):
            yield (
                "function",
                ast.Call(ast.Attribute(node.func.value, other, ast.Load()), node.args, node.keywords),
            )
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

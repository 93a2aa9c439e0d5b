"""What each NumPy operation does to the error of its operands, in units of the unit roundoff u.

A rule takes the result z and the operands as pairs (value, error) and returns the error of z. What only
moves elements about needs no rule of its own. An operation without a rule is refused by name: a bound
that passes over an operation would be no bound.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from parity_tests.engine.rounding import Array, Model, Rounded, parts

Pair = tuple[Any, Any]
DOUBTFUL = 4.0  # how many u·E may turn a decision
ELEMENTARY = 4.0  # an exp, log, tanh or erf of any library: within 4 u of its value


def _add(model: Model, z: Array, a: Pair, b: Pair) -> Any:
    return model.combine(a[1], b[1], z)


def _multiply(model: Model, z: Array, a: Pair, b: Pair) -> Any:
    exact = (np.abs(a[0]) == 1) | (np.abs(b[0]) == 1) | (z == 0)
    own = np.where(exact, 0.0, np.abs(z) + model.eta / model.u)
    second_order = model.u * a[1] * b[1]  # all there is where both factors are zero
    return model.combine(a[0] * b[1], b[0] * a[1], second_order, own)


def _divide(model: Model, z: Array, a: Pair, b: Pair) -> Any:
    own = np.where(np.abs(b[0]) == 1, 0.0, np.abs(z) + model.eta / model.u)
    return model.combine(a[1] / b[0], z * b[1] / b[0], own)


def _sqrt(model: Model, z: Array, a: Pair) -> Any:
    near_zero = np.sqrt(a[1] / model.u)
    from_argument = np.minimum(np.where(z == 0, np.inf, a[1] / np.where(z == 0, 1.0, 2 * z)), near_zero)
    return model.combine(from_argument, z)


def _power(model: Model, z: Array, a: Pair, b: Pair) -> Any:
    if np.ndim(b[0]) == 0 and b[0] == 2:
        return _multiply(model, z, a, a)
    if np.ndim(b[0]) == 0 and b[0] == 0.5:
        return _sqrt(model, z, a)
    base = np.where(a[0] == 0, 1.0, a[0])
    by_exponent = np.where(b[1] == 0, 0.0, z * np.log(np.abs(base)) * b[1])
    own = np.where((b[0] == 1) | (b[0] == 0), 0.0, ELEMENTARY * np.abs(z) + model.eta / model.u)
    return model.combine(b[0] * np.power(base, b[0] - 1) * a[1], by_exponent, own)


def _select(first_wins: Callable[[Any, Any], Any]) -> Callable[..., Any]:
    def rule(model: Model, _: Array, a: Pair, b: Pair) -> Any:
        close = np.abs(a[0] - b[0]) < model.u * (a[1] + b[1])  # rounding may let the other one win
        return np.where(close, np.maximum(a[1], b[1]), np.where(first_wins(a[0], b[0]), a[1], b[1]))

    return rule


def _elementary(derivative: Callable[[Any, Array], Any]) -> Callable[..., Any]:
    """A function of one argument: |f'(a)| e_a + 4 |z|."""

    def rule(model: Model, z: Array, a: Pair) -> Any:
        passed_on = np.where(a[1] == 0, 0.0, derivative(a[0], z) * a[1])
        return model.combine(passed_on, np.where(z == 0, 0.0, ELEMENTARY * np.abs(z) + model.eta / model.u))

    return rule


def _unchanged(_: Model, __: Array, a: Pair) -> Any:
    return a[1]


def _floor(model: Model, z: Array, a: Pair) -> Any:
    _doubt(model, "floor", np.minimum(a[0] - z, z + 1 - a[0]), a[1])
    return np.zeros(z.shape)


def _sign(model: Model, z: Array, a: Pair) -> Any:
    _doubt(model, "sign", a[0], a[1])
    return np.zeros(z.shape)


def _matmul(model: Model, z: Array, a: Pair, b: Pair) -> Any:
    return _bilinear(model, np.matmul, z, a, b, terms=np.shape(a[0])[-1])


def _bilinear(model: Model, product: Callable[..., Any], z: Array, a: Pair, b: Pair, *, terms: int) -> Any:
    """z = Σ a·b over `terms` terms: Σ|a|e_b + Σ|b|e_a + h(terms) Σ|a||b|."""
    size_a, size_b = np.abs(a[0]), np.abs(b[0])
    own = model.length(terms) * (product(size_a, size_b) + terms * model.eta / model.u)
    if model.quadrature:
        from_b, from_a = np.sqrt(product(size_a**2, b[1] ** 2)), np.sqrt(product(a[1] ** 2, size_b**2))
    else:
        from_b, from_a = product(size_a, b[1]), product(a[1], size_b)
    return model.combine(from_b, from_a, own)


UFUNCS: dict[str, Callable[..., Any]] = {
    "absolute": _unchanged,
    "add": _add,
    "cos": _elementary(lambda a, z: np.sin(a)),
    "divide": _divide,
    "erf": _elementary(lambda a, z: 2 / np.sqrt(np.pi) * np.exp(-(a**2))),
    "erfinv": _elementary(lambda a, z: np.sqrt(np.pi) / 2 * np.exp(np.minimum(z**2, 700.0))),
    "exp": _elementary(lambda a, z: z),
    "expm1": _elementary(lambda a, z: z + 1),
    "floor": _floor,
    "log": _elementary(lambda a, z: 1 / np.where(a == 0, 1.0, a)),
    "log1p": _elementary(lambda a, z: 1 / (1 + a)),
    "log2": _elementary(lambda a, z: 1 / (np.where(a == 0, 1.0, a) * np.log(2))),
    "matmul": _matmul,
    "maximum": _select(lambda a, b: a >= b),
    "minimum": _select(lambda a, b: a <= b),
    "multiply": _multiply,
    "negative": _unchanged,
    "positive": _unchanged,
    "power": _power,
    "sign": _sign,
    "sin": _elementary(lambda a, z: np.cos(a)),
    "sqrt": _sqrt,
    "square": lambda model, z, a: _multiply(model, z, a, a),
    "subtract": _add,
    "tanh": _elementary(lambda a, z: 1 - z**2),
}

PREDICATES = {
    *("greater", "greater_equal", "less", "less_equal", "equal", "not_equal"),
    *("isnan", "isfinite", "isinf", "signbit", "logical_and", "logical_or", "logical_not"),
}


LARGEST = np.finfo(np.float64).max


def settle(z: Any, error: Any) -> Array:
    """An infinite or undefined result is what it is; an error beyond all floats is the largest float."""
    return np.where(np.isfinite(z), np.fmin(error, LARGEST), 0.0)


def apply_ufunc(
    model: Model, ufunc: Any, method: str, inputs: tuple[Any, ...], kwargs: dict[str, Any]
) -> Any:
    if ufunc.__name__ == "add" and method == "at":
        return _add_at(model, inputs)
    pairs = [parts(operand) for operand in inputs]
    if ufunc.__name__ in PREDICATES and method == "__call__":
        _doubt_comparison(model, ufunc.__name__, pairs)
        return ufunc(*(value for value, _ in pairs), **kwargs)
    rule = UFUNCS.get(ufunc.__name__)
    if rule is None or method != "__call__" or set(kwargs) - {"out"}:
        raise TypeError(f"no rounding rule for np.{ufunc.__name__} ({method}); add one to rounding_rules.py")
    with np.errstate(all="ignore"):
        z = np.asarray(ufunc(*(np.asarray(value, np.float64) for value, _ in pairs)))
        error = settle(z, rule(model, z, *pairs))
    if "out" in kwargs:
        (out,) = kwargs["out"]
        out[...] = Rounded(z, error, model)
        return out
    return Rounded(z, error, model)


def _doubt(model: Model, name: str, margin: Any, error: Any) -> None:
    """Note a decision that goes by a margin, if an error of DOUBTFUL u·E could turn it."""
    if model.doubts is not None and np.any((error > 0) & (np.abs(margin) <= DOUBTFUL * model.u * error)):
        model.doubts.append(name)


def _doubt_comparison(model: Model, name: str, pairs: list[Pair]) -> None:
    if model.doubts is not None and len(pairs) == 2 and not name.startswith("logical"):
        (a, error_a), (b, error_b) = pairs
        with np.errstate(invalid="ignore"):
            _doubt(model, name, np.subtract(a, b, dtype=np.float64), error_a + error_b)


def _doubt_extreme(model: Model, name: str, a: Any, axis: Any = None, **_: Any) -> None:
    """Which element is the largest or the smallest goes by the gap to the runner-up."""
    if model.doubts is None or not isinstance(a, Rounded) or name not in ("argmax", "argmin"):
        return
    value, error = (part.reshape(-1) if axis is None else np.moveaxis(part, axis, -1) for part in parts(a))
    if value.shape[-1] > 1:
        order = np.argsort(-value if name == "argmax" else value, -1, kind="stable")[..., :2]
        value, error = (np.take_along_axis(part, order, -1) for part in (value, error))
        with np.errstate(invalid="ignore"):
            _doubt(model, name, value[..., 0] - value[..., 1], error.sum(-1))


def _add_at(model: Model, inputs: tuple[Any, ...]) -> None:
    """np.add.at: as many additions in a place as the index names it."""
    target, index, added = inputs
    value, error = parts(added)
    count, size = np.zeros(target.shape), np.abs(target.value)
    np.add.at(count, index, 1.0)
    np.add.at(size, index, np.abs(value))
    np.add.at(target.value, index, value)
    if not target.scale.flags.writeable:
        target.scale = target.scale.copy()
    np.add.at(target.scale, index, error)
    lengths = np.array([model.length(int(n) + 1) for n in count.flat]).reshape(count.shape)
    target.scale += np.where(count > 0, lengths * size, 0.0)


def _reduced(shape: tuple[int, ...], axis: Any) -> int:
    axes = range(len(shape)) if axis is None else (axis if isinstance(axis, tuple) else (axis,))
    return int(np.prod([shape[a] for a in axes]))


def _sum(model: Model, a: Any, axis: Any = None, *, keepdims: bool = False) -> Rounded:
    how = {"axis": axis, "keepdims": keepdims}
    value, error = parts(a)
    n = _reduced(value.shape, axis)
    own = 0.0 if n == 1 else model.length(n) * np.sum(np.abs(value), **how)
    return Rounded(np.sum(value, **how), model.combine(model.sum_of(error, **how), own), model)


def _mean(model: Model, a: Any, axis: Any = None, *, keepdims: bool = False) -> Rounded:
    return _sum(model, a, axis, keepdims=keepdims) / _reduced(a.shape, axis)


def _var(model: Model, a: Any, axis: Any = None, *, ddof: int = 0, keepdims: bool = False) -> Rounded:
    centered = a - _mean(model, a, axis, keepdims=True)
    return _sum(model, centered**2, axis, keepdims=keepdims) / (_reduced(a.shape, axis) - ddof)


def _extreme(arg: Callable[..., Any]) -> Callable[..., Rounded]:
    """max and min carry the error of the element that they pick."""

    def rule(model: Model, a: Any, axis: Any = None, *, keepdims: bool = False) -> Rounded:
        if isinstance(axis, tuple):
            raise TypeError("no rounding rule for a maximum over several axes at once; reshape first")
        if axis is None:
            picked = Rounded(a.value.reshape(-1), a.scale.reshape(-1), model)[arg(a.value)]
            return picked.reshape((1,) * a.ndim) if keepdims else picked
        place = np.expand_dims(arg(a.value, axis=axis), axis)
        value, error = (np.take_along_axis(part, place, axis) for part in parts(a))
        if not keepdims:
            value, error = np.squeeze(value, axis), np.squeeze(error, axis)
        return Rounded(value, error, model)

    return rule


def _where(model: Model, condition: Any, a: Any, b: Any) -> Rounded:
    (value_a, error_a), (value_b, error_b) = parts(a), parts(b)
    return Rounded(np.where(condition, value_a, value_b), np.where(condition, error_a, error_b), model)


def _clip(model: Model, a: Any, low: Any, high: Any) -> Rounded:
    return np.minimum(np.maximum(a, low), high)


def _einsum(model: Model, subscripts: str, *operands: Any, **_: Any) -> Rounded:
    if len(operands) != 2 or "->" not in subscripts:
        raise TypeError("no rounding rule for this einsum: give it two operands and an explicit output")
    inputs, output = subscripts.replace(" ", "").split("->")
    sizes: dict[str, int] = {}
    for names, operand in zip(inputs.split(","), operands, strict=True):
        sizes |= dict(zip(names, operand.shape, strict=True))
    terms = int(np.prod([size for name, size in sizes.items() if name not in output]))
    pairs = [parts(operand) for operand in operands]
    z = np.einsum(subscripts, *(value for value, _ in pairs))

    def product(a: Any, b: Any) -> Any:
        return np.einsum(subscripts, a, b)

    return Rounded(z, _bilinear(model, product, z, pairs[0], pairs[1], terms=terms), model)


def _solve(model: Model, a: Any, b: Any) -> Rounded:
    """A x = b: |A⁻¹| (e_A |x| + e_b + n |A| |x|), Higham 2002, eq. 7.25 with a backward-stable solver."""
    (A, error_A), (rhs, error_b) = parts(a), parts(b)
    x, inverse = np.linalg.solve(A, rhs), np.abs(np.linalg.inv(A))
    n = A.shape[-1]
    return Rounded(x, inverse @ (error_A @ np.abs(x) + error_b + n * np.abs(A) @ np.abs(x)), model)


def _qr(model: Model, a: Any) -> tuple[Rounded, Rounded]:
    """A = Q R by any stable method, to first order (Stewart 1977): with X the strictly lower triangle of
    Qᵀ ΔA R⁻¹, dQ = Q (X − Xᵀ) + (I − Q Qᵀ) ΔA R⁻¹ and dR = (Qᵀ ΔA R⁻¹ − X + Xᵀ) R, where ΔA is what A
    brings along and what the method adds to each column, relative to its norm (Higham 2002, theorem 19.4).
    """
    value, error = parts(a)
    Q, R = np.linalg.qr(value)
    columns = np.sqrt(np.sum(value**2, 0))
    backward = error + model.length(value.shape[0]) * columns
    inverse = np.abs(np.linalg.inv(R))
    inside = np.abs(Q).T @ backward @ inverse
    turned = np.tril(inside, -1)
    turned = turned + turned.T
    outside = np.abs(np.eye(len(Q)) - Q @ Q.T) @ backward @ inverse
    error_Q = np.abs(Q) @ turned + outside + np.abs(Q)
    error_R = np.triu((inside + turned) @ np.abs(R))
    return Rounded(Q, error_Q, model), Rounded(R, error_R, model)


def _norm(model: Model, a: Any, ord: Any = None, axis: Any = None, *, keepdims: bool = False) -> Rounded:
    if ord == np.inf:
        return np.max(np.abs(a), axis=axis, keepdims=keepdims)
    p = 2 if ord is None else ord
    return np.sum(np.abs(a) ** p, axis=axis, keepdims=keepdims) ** (1 / p)


def _pad(model: Model, a: Any, pad_width: Any, mode: str = "constant", **how: Any) -> Rounded:
    """What is padded with a constant has no error."""
    values = np.pad(a.value, pad_width, mode, **how)  # type: ignore[call-overload]
    errors = np.pad(a.scale, pad_width, mode, **({} if mode == "constant" else how))  # type: ignore[call-overload]
    return Rounded(values, errors, model)


def _like(function: Callable[..., Any]) -> Callable[..., Rounded]:
    def rule(model: Model, a: Any, *args: Any, **kwargs: Any) -> Rounded:
        value = function(a.value, *args, **{**kwargs, "dtype": np.float64})
        return Rounded(value, parts(value)[1], model)

    return rule


RULES: dict[str, Callable[..., Any]] = {
    "clip": _clip,
    "einsum": _einsum,
    "full_like": _like(np.full_like),
    "amax": _extreme(np.argmax),
    "amin": _extreme(np.argmin),
    "max": _extreme(np.argmax),
    "mean": _mean,
    "min": _extreme(np.argmin),
    "norm": _norm,
    "ones_like": _like(np.ones_like),
    "pad": _pad,
    "qr": _qr,
    "solve": _solve,
    "sum": _sum,
    "var": _var,
    "where": _where,
    "zeros_like": _like(np.zeros_like),
}

STRUCTURAL = {
    *("broadcast_to", "concatenate", "copy", "delete", "diag", "diagonal", "expand_dims", "flip"),
    *("hstack", "moveaxis", "ravel", "repeat", "reshape", "roll", "sliding_window_view", "split"),
    *("squeeze", "stack", "swapaxes", "take", "take_along_axis", "tile", "transpose", "tril", "triu"),
    *("vstack", "atleast_1d", "atleast_2d", "array_split"),
}
VALUES_ONLY = {"argmax", "argmin", "argsort", "shape", "ndim", "size", "iscomplexobj", "result_type"}


def apply_function(model: Model, function: Any, args: Any, kwargs: Any) -> Any:
    name = function.__name__
    if name in RULES:
        with np.errstate(all="ignore"):
            return RULES[name](model, *args, **kwargs)
    if name in VALUES_ONLY:
        _doubt_extreme(model, name, *args, **kwargs)
        return function(*_strip(args, 0), **_strip(kwargs, 0))
    if name in STRUCTURAL:
        values = function(*_strip(args, 0), **_strip(kwargs, 0))
        errors = function(*_strip(args, 1), **_strip(kwargs, 1))
        if isinstance(values, list | tuple):
            return [Rounded(v, e, model) for v, e in zip(values, errors, strict=True)]
        return Rounded(values, errors, model)
    raise TypeError(f"no rounding rule for np.{name}; add one to rounding_rules.py")


def _strip(tree: Any, part: int) -> Any:
    """The arguments with every Rounded array replaced by its value (0) or its error (1)."""
    if isinstance(tree, Rounded | np.ndarray):
        return parts(tree)[part] if isinstance(tree, Rounded) or tree.dtype.kind == "f" else tree
    if isinstance(tree, dict):
        return {key: _strip(value, part) for key, value in tree.items()}
    if isinstance(tree, list | tuple):
        return type(tree)(_strip(value, part) for value in tree)
    return tree


Rounded.apply_ufunc = staticmethod(apply_ufunc)
Rounded.apply_function = staticmethod(apply_function)

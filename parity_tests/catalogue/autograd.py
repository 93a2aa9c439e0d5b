"""Expressions, random ones and some that must not be missed: shared nodes, broadcasting, reductions, indices.

A random expression grows instruction by instruction, from what its values allow: no logarithm of what is
not well above zero, no quotient by what is near it, nothing far beyond 1, no maximum that rounding decides.
"""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from parity_tests.catalogue._entry import Function, Operation, chapter
from parity_tests.engine.cases import Array, Case, Draw, round_to
from scratch.activations import tanh
from scratch.autograd import OPERATIONS, Tensor
from scratch.linear import linear

Instruction = tuple[str, tuple[int, ...], dict[str, Any]]
Shape = tuple[int, ...]

BINARY = ("add", "subtract", "multiply", "divide", "matmul")
UNARY = ("negative", "exp", "log", "tanh", "sigmoid", "relu", "power")
OF_AXES = ("sum", "mean", "max", "reshape", "transpose", "getitem")
LARGEST, SIZE = 10.0, 60
CLEAR = 0.3  # of zero, for a divisor or the argument of a logarithm
DECIDED = 1e-3  # how far from its kink a relu or a maximum must be, unless it is of a leaf


class Expression:
    """A program in the making, and what its instructions come to."""

    def __init__(self, leaves: Sequence[Array], constants: Sequence[Array] = ()) -> None:
        self.leaves = range(len(leaves))
        self.constants = range(len(leaves), len(leaves) + len(constants))
        self.values: list[Array] = [*leaves, *constants]
        self.program: list[Instruction] = []
        self.unused = set(self.leaves)

    def result(self, name: str, operands: tuple[int, ...], options: dict[str, Any]) -> Array:
        with np.errstate(all="ignore"):
            return np.asarray(OPERATIONS[name](*(Tensor(self.values[i]) for i in operands), **options).value)

    def add(self, name: str, *operands: int, **options: Any) -> int:
        """Append an instruction; the number of its result."""
        self.values.append(self.result(name, operands, options))
        self.program.append((name, operands, options))
        self.unused -= set(operands)
        self.unused.add(len(self.values) - 1)
        return len(self.values) - 1

    def allows(self, name: str, *operands: int) -> bool:
        """Whether the result has a gradient, is finite and moderate, and no matter of rounding."""
        first, last = self.values[operands[0]], self.values[operands[-1]]
        if all(operand in self.constants for operand in operands):
            return False
        if name in OF_AXES:
            return first.ndim > 0 and (name != "max" or operands[0] in self.leaves or decided(first))
        if (name == "divide" and np.min(np.abs(last)) < CLEAR) or (name == "log" and np.min(first) < CLEAR):
            return False
        if name == "relu" and operands[0] not in self.leaves and np.min(np.abs(first)) < DECIDED:
            return False
        try:
            result = self.result(name, operands, {"exponent": 3.0} if name == "power" else {})
        except ValueError:  # the shapes do not fit
            return False
        return result.size <= SIZE and bool(np.all(np.abs(result) <= LARGEST))

    def finish(self) -> tuple[Instruction, ...]:
        """Add up what nothing else uses, and of every leaf a tanh(σ(x)), whose slope no other term is
        likely to cancel: no gradient vanishes."""
        for leaf in self.leaves:
            self.add("tanh", self.add("sigmoid", leaf))
        total, *others = sorted(self.unused)
        for other in others:
            fits = self.allows("add", total, other)
            total = self.add("add", total, other if fits else self.add("sum", other))
        return tuple(self.program)


def decided(values: Array) -> bool:
    """Whether no two values are so near each other that rounding may decide which is larger."""
    return bool(np.all(np.diff(np.sort(values, axis=None)) > DECIDED))


# ---- random expressions ----


def shapes(d: Draw, label: str, count: int) -> list[Shape]:
    """Shapes that broadcast with each other, numbers among them."""
    n, m = d.integer("n", 1, 4), d.integer("m", 1, 4)
    known = {
        "matrix": (n, m),
        "row": (m,),
        "column": (n, 1),
        "number": (),
        "stack": (2, n, m),
        "square": (m, m),
    }
    return [known[d.choice(f"{label}_{i}", *known)] for i in range(count)]


def options_of(d: Draw, name: str, value: Array, step: int) -> dict[str, Any]:
    """The options of an instruction that has any."""
    axes = range(value.ndim)
    if name == "power":
        roots = (0.5, -1.0) if np.min(value) >= CLEAR else ()
        return {"exponent": d.choice(f"exponent_{step}", 2.0, 3.0, *roots)}
    if name in ("sum", "mean", "max"):
        several = [tuple(axes)[-2:]] if value.ndim > 1 and name != "max" else []
        axis = d.choice(f"axis_{step}", None, 0, -1, *several)
        return {"axis": axis, "keepdims": d.choice(f"keepdims_{step}", True, False)}
    if name == "reshape":
        return {"shape": d.choice(f"shape_{step}", (-1,), (-1, 1), (1, -1), value.shape[::-1])}
    if name == "transpose":
        return {"axes": d.choice(f"axes_{step}", (), (*axes[1:], 0))}
    if name == "getitem":
        indices = {
            "first": (0,),
            "every_other": (slice(None, None, 2),),
            "repeated": ([0, len(value) - 1, 0],),
            "last_of_all": (..., -1),
            "new_axis": (..., None),
        }
        return {"index": indices[d.choice(f"index_{step}", *indices)]}
    return {}


def grow(d: Draw, expression: Expression) -> None:
    """Append random instructions."""
    for step in range(d.integer("steps", 2, 8)):
        count = len(expression.values)
        a, b = d.integer(f"a_{step}", 0, count - 1), d.integer(f"b_{step}", 0, count - 1)
        names = [name for name in BINARY if expression.allows(name, a, b)]
        names += [name for name in (*UNARY, *OF_AXES) if expression.allows(name, a)]
        if not names:  # of a constant alone
            continue
        name = d.choice(f"operation_{step}", *names)
        d.smooth = d.smooth and name not in ("relu", "max")
        options = options_of(d, name, expression.values[a], step)
        expression.add(name, *((a, b) if name in BINARY else (a,)), **options)


# ---- expressions that must not be missed ----


def shared_nodes(e: Expression) -> None:
    square = e.add("multiply", 0, 0)
    cube = e.add("multiply", square, 0)
    e.add("multiply", e.add("add", cube, square), cube)


def ties(e: Expression) -> None:
    repeated = e.add("getitem", 0, index=([0, 1, 0, 1],))
    for axis, keepdims in ((0, False), (0, True), (-1, True), (-1, False), (None, False), (None, True)):
        beside(e, repeated, e.add("tanh", e.add("max", repeated, axis=axis, keepdims=keepdims)))


def reductions(e: Expression) -> None:
    square = e.add("multiply", 0, 0)
    for name in ("sum", "mean"):
        for axis, keepdims in (
            (None, False),
            (0, False),
            (1, True),
            (-1, True),
            ((0, 2), False),
            ((-1, 0), True),
        ):
            beside(e, square, e.add("tanh", e.add(name, square, axis=axis, keepdims=keepdims)))


def beside(e: Expression, whole: int, reduced: int) -> None:
    """Multiply what was reduced with what it was reduced from, in the way that its axes allow."""
    ways = [name for name in ("multiply", "matmul") if e.allows(name, reduced, whole)]
    for name in ways[:1]:
        e.add(name, reduced, whole)


def moved_axes(e: Expression) -> None:
    e.add("multiply", e.add("transpose", 0, axes=(1, 2, 0)), e.add("transpose", 1, axes=()))
    e.add("multiply", e.add("reshape", 0, shape=(4, -1)), e.add("reshape", 1, shape=(4, 6)))


def products(e: Expression) -> None:
    stack, matrix, vector = e.leaves
    e.add("matmul", stack, matrix)
    e.add("matmul", stack, vector)
    e.add("matmul", vector, stack)
    e.add("matmul", vector, matrix)
    e.add("matmul", vector, vector)
    e.add(
        "matmul",
        e.add("getitem", stack, index=(slice(None), None)),
        e.add("getitem", stack, index=([0, 1, 0],)),
    )


def with_constants(e: Expression) -> None:
    leaf, constant = 0, 1
    for name in BINARY:
        e.add("tanh", e.add(name, constant, leaf))
        e.add("tanh", e.add(name, leaf, constant))


def broadcast(e: Expression) -> None:
    for name in BINARY:
        e.add("tanh", e.add(name, 0, 1))
        if name != "matmul":
            e.add("tanh", e.add(name, 1, 0))


def indices(e: Expression) -> None:
    for index in (
        (1,),
        (..., -1),
        ([0, 1, 0], slice(None, None, 2)),
        ([0, 1, 1], [2, 0, 0]),
        (None, ..., None, 0),
    ):
        e.add("tanh", e.add("getitem", 0, index=index))


def deeper_than_the_stack(e: Expression) -> None:
    """Python gives up after 1000 calls within each other."""
    node = 0
    for _ in range(1201):
        node = e.add("negative", node)


class Built(NamedTuple):
    """An expression with the shapes of what it is made from."""

    build: Callable[[Expression], None]
    leaves: tuple[Shape, ...]
    constants: tuple[Shape, ...] = ()


BUILT = {
    "shared_nodes": Built(shared_nodes, ((2, 3),)),
    "ties": Built(ties, ((2, 3),)),
    "reductions": Built(reductions, ((2, 3, 4),)),
    "moved_axes": Built(moved_axes, ((2, 3, 4), (2, 4, 3))),
    "products": Built(products, ((2, 4, 4), (4, 3), (4,))),
    "with_constants": Built(with_constants, ((3, 3),), ((3, 3),)),
    "broadcast": Built(broadcast, ((2, 3, 3), (3, 1))),
    "indices": Built(indices, ((2, 3),)),
    "deeper_than_the_stack": Built(deeper_than_the_stack, ((),)),
}


def expression_graph(d: Draw) -> Case:
    kind = d.choice("kind", *("random",) * len(BUILT), *BUILT)
    if kind == "random":
        of_leaves = shapes(d, "leaf", d.integer("leaves", 1, 3))
        of_constants = shapes(d, "constant", d.integer("constants", 0, 1))
        regime, kinks = d.regime("tiny"), (0.0, 0.5)
    else:
        _, of_leaves, of_constants = BUILT[kind]  # type: ignore[assignment]
        regime, kinks = "positive", ()  # type: ignore[assignment]
        d.smooth = kind != "ties"
    leaves = {f"x{i}": d.array(f"x{i}", shape, regime, at=kinks) for i, shape in enumerate(of_leaves)}
    constants = {f"c{i}": d.array(f"c{i}", shape, "positive") for i, shape in enumerate(of_constants)}
    expression = Expression(list(leaves.values()), list(constants.values()))
    if kind == "random":
        grow(d, expression)
    else:
        BUILT[kind].build(expression)
    options = {"program": expression.finish(), "times": d.integer("times", 1, 3)}
    d.smooth = d.smooth and options["times"] == 1  # else the gradient is a multiple of the derivative
    return d.case({"leaves": leaves, "constants": constants}, options)


def computation_graph(d: Draw) -> Case:
    """The numbers of post 003 first."""
    if d.choice("handbook", False, True):
        numbers = {"x": -2.0, "y": 5.0, "z": -4.0}
        return d.case({name: round_to(np.array(number), d.dtype) for name, number in numbers.items()})
    regime = d.regime("large", "tiny", "wide")
    return d.case({name: d.array(name, (), regime) for name in ("x", "y", "z")})


# ---- gradient checking ----


def separate(x: Any) -> Any:
    return (1.5 * x * x - 0.7 * x).sum()


def coupled(x: Any) -> Any:
    return x.sum() * x.sum() - (0.25 * x * x).sum()


def first_and_last(x: Any) -> Any:
    return 3 * x.reshape(-1)[0] * x.reshape(-1)[-1] + x.sum()


QUADRATIC: dict[str, Callable[[Any], Any]] = {
    function.__name__: function for function in (separate, coupled, first_and_last)
}


def numerical_gradient(d: Draw) -> Case:
    """Quadratic functions, whose central differences are their gradients at any step but for rounding."""
    x = d.array("x", d.shape(ndim=(0, 3), side=(1, 4)), d.regime("tiny"))
    options = {"function": QUADRATIC[d.choice("function", *QUADRATIC)], "step": d.real("step", 0.1, 2.0)}
    return d.case({"x": x}, options)


def derivative_taken_twice(x: Any) -> Any:
    """tanh, whose backward takes the activation for its argument."""
    y, _ = tanh(x)
    return y, lambda dy: {"x": dy * (1 - np.tanh(y) ** 2)}


def off_by_a_thousandth(x: Any) -> Any:
    y, backward = tanh(x)
    return y, lambda dy: {"x": 1.001 * backward(dy)["x"]}


def bias_gradient_averaged(input: Any, weight: Any, bias: Any) -> Any:
    """A dense layer, right but for one of its gradients."""
    y, backward = linear(input, weight, bias)
    return y, lambda dy: {**backward(dy), "bias": dy.mean(0)}


CHECKED: dict[str, Callable[..., Any]] = {
    operation.__name__: operation
    for operation in (tanh, derivative_taken_twice, off_by_a_thousandth, linear, bias_gradient_averaged)
}


def gradient_check(d: Draw) -> Case:
    """Operations that are right and others that are not. float64 whatever the dtype: it needs that."""
    operation, f64 = d.choice("operation", *CHECKED), Draw("float64", d.seed)
    shapes: dict[str, Shape] = {"x": (3, 2)}
    if operation in ("linear", "bias_gradient_averaged"):
        shapes = {"input": (3, 4), "weight": (2, 4), "bias": (2,)}
    arrays = {name: f64.array(name, shape) for name, shape in shapes.items()}
    options = {
        "operation": CHECKED[operation],
        "step": d.choice("step", 1e-6, 1e-5, 0.5),
        "rtol": d.choice("rtol", 1e-6, 1e-2, 7e-4, 9.995e-4, 1.5e-3),
        "atol": d.choice("atol", 1e-6, 1e-2, 0.0, 8e-4),
    }
    return d.case({"arrays": arrays, "dy": f64.array("dy", (3, 2))}, options)


SHARP = {"step": 1e-6, "rtol": 1e-6, "atol": 1e-6}

CHAPTER = chapter(
    "autograd",
    Operation(
        "computation_graph",
        "torch.autograd",
        "003",
        computation_graph,
        ({"handbook": True}, {"handbook": False, "regime": "large"}),
        seed_row=True,
    ),
    Operation(
        "expression_graph",
        "torch.autograd",
        "003; 002; 004 ch. 3",
        expression_graph,
        (
            *({"kind": "random", "regime": "normal", "leaves": leaves, "steps": 8} for leaves in (1, 2, 3)),
            *(
                {"kind": kind, "times": times}
                for kind, times in zip(BUILT, (1, 2, 1, 3, 1, 2, 1, 3, 2), strict=True)
            ),
        ),
        family="sums",
        seed_row=True,
        bad_options=(
            {"program": (("sine", (0,), {}),)},
            {"program": (("exp", (7,), {}),)},
            {"times": 0},
        ),
    ),
    Function(
        "numerical_gradient",
        "torch.autograd, on quadratic functions",
        "Goodfellow et al. 2016",
        numerical_gradient,
        (
            {"regime": "tiny", "shape": (3, 2), "function": "separate"},
            {"regime": "normal", "shape": (4,), "function": "coupled"},
            {"regime": "normal", "shape": (2, 1, 3), "function": "separate"},
            {"regime": "normal", "shape": (), "function": "first_and_last"},
        ),
        family="sums",
        bad_options=({"step": 0.0}, {"step": -1e-3}),
    ),
    Function(
        "gradient_check",
        "torch.autograd.gradcheck",
        "Goodfellow et al. 2016",
        gradient_check,
        (
            *({**SHARP, "operation": operation} for operation in CHECKED),
            {**SHARP, "operation": "off_by_a_thousandth", "rtol": 1e-2},
            {**SHARP, "operation": "off_by_a_thousandth", "atol": 1e-2},
            # Just within the tolerance, and just beyond it.
            *(
                {**SHARP, "operation": "off_by_a_thousandth", "rtol": rtol, "atol": 0.0}
                for rtol in (7e-4, 9.995e-4, 1.5e-3)
            ),
            {**SHARP, "operation": "off_by_a_thousandth", "atol": 8e-4},
            {**SHARP, "operation": "tanh", "step": 0.5},
        ),
        bad_options=({"step": 0.0},),
        dtypes=("float64",),
    ),
)

"""Native nodes of a computation graph: a class whose objects know their operators and a backward."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from parity_tests.catalogue import Algorithm
from parity_tests.engine.cases import Case
from parity_tests.engine.questions import Answer, Question
from parity_tests.people.binding import Abilities, Beyond, Binding, Member, Reading, Unbound
from parity_tests.people.finding import Wanted
from parity_tests.people.host import Host, TheirError
from parity_tests.people.native_answers import complete
from parity_tests.sandbox.wire import Ref

OPERATORS = {
    "add": "add",
    "subtract": "sub",
    "multiply": "mul",
    "divide": "truediv",
    "negative": "neg",
    "matmul": "matmul",
}
METHODS = {
    "relu": ("relu",),
    "tanh": ("tanh",),
    "sigmoid": ("sigmoid",),
    "exp": ("exp",),
    "log": ("log", "ln"),
    "sum": ("sum",),
    "mean": ("mean",),
}
VALUES = ("data", "value", "val", "item", "v", "x")
GRADIENTS = ("grad", "gradient", "d", "g", "derivative")
OF_ARRAYS = frozenset({"__matmul__", "sum", "mean"})  # who has one of these means arrays
NUMBERS = "its nodes are single numbers"
ONCE = "backward fits a graph once: a second call counts what the first one left in the nodes again"


def bind_graph(entry: Algorithm, member: Member, wanted: Wanted) -> Binding | Unbound:
    """A class such as `Value`: numbers go in, operators make nodes, `backward` fills in gradients."""
    backward = next(
        (name for name in ("backward", "backprop", "backpropagate", "grad_fn") if name in member.methods),
        None,
    )
    if backward is None or not {"__add__", "__mul__"} <= set(member.methods):
        return Unbound(
            member.name, "a node of a graph needs operators (__add__ and __mul__) and backward", member.line
        )
    known = frozenset(member.methods)
    takes = frozenset((name, p.name) for name, own in member.methods.items() for p in own or ())
    readings = tuple(
        Reading(
            _Asking(member.name, backward, known, takes),
            "; ".join(filter(None, (NUMBERS if scalars else "", ONCE if once else ""))),
            narrow=_Plain(scalars, known, once),
        )
        for once in (False, True)
        for scalars in ((False,) if known & OF_ARRAYS else (False, True))
    )
    return Binding(entry.name, "native", (member.name,), readings, Abilities(), member.line)


@dataclass(frozen=True)
class _Plain:
    """Programs of the operations that the class has; of scalars alone, if it has no others."""

    scalars: bool
    methods: frozenset[str]
    once: bool

    def __call__(self, case: Case) -> Case:
        if self.scalars:
            case = _of_scalars(case, self.methods)
            return case if self.once else _again(case)
        missing = [name for name, _, _ in case.options["program"] if not _has(name, self.methods)]
        if missing and not {"sum", "mean"} & self.methods:
            raise Beyond(f"it has no {missing[0]}")
        if missing:
            case = _of_arrays(case, self.methods)
            return case if self.once else _again(case)
        if not self.once:
            return case
        options = {**case.options, "times": 1}
        return Case(**{**vars(case), "options": options})


def _of_arrays(case: Case, methods: frozenset[str]) -> Case:
    """A program of a few arrays that stretch each other, whose end is one number."""
    rng = np.random.default_rng(case.seed)
    shapes = {"a": (3, 4), "b": (4,), "c": (3, 1)}
    leaves = {name: rng.uniform(0.3, 1.7, shape) for name, shape in shapes.items()}
    names = ("multiply", "add")
    unary = [name for name in ("tanh", "exp", "sigmoid", "relu") if _has(name, methods)]
    program: list[tuple[str, tuple[int, ...], dict[str, Any]]] = [
        (names[case.seed % 2], (0, 1), {}),  # (3, 4)
        (names[1 - case.seed % 2], (2, 1), {}),
        ("multiply", (3, 4), {}),
        ("add", (5, 2), {}),
        *(((unary[case.seed % len(unary)], (6,), {}),) if unary else (("add", (6, 3), {}),)),
        ("multiply", (7, 3), {}),
        ("sum" if "sum" in methods else "mean", (8,), {}),
    ]
    options = {"program": tuple(program), "times": 1}
    return Case(**{**vars(case), "arrays": {"leaves": leaves, "constants": {}}, "options": options})


def _again(case: Case) -> Case:
    """Half of the programs go backward twice."""
    return Case(**{**vars(case), "options": {**case.options, "times": 1 + case.seed % 2}})


def _has(operation: str, methods: frozenset[str]) -> bool:
    if operation in OPERATORS:
        return f"__{OPERATORS[operation]}__" in methods
    if operation == "power":
        return "__pow__" in methods
    return any(name in methods for name in METHODS.get(operation, ()))


def _of_scalars(case: Case, methods: frozenset[str]) -> Case:
    """A program of a few scalars that uses what there is, nodes shared and reused."""
    rng = np.random.default_rng(case.seed)
    leaves = {name: np.array(value) for name, value in zip("abc", rng.uniform(0.3, 1.7, 3), strict=True)}
    unary = [name for name in ("tanh", "relu", "exp", "sigmoid", "negative", "log") if _has(name, methods)]
    binary = [name for name in ("add", "multiply", "subtract", "divide") if _has(name, methods)]
    program: list[tuple[str, tuple[int, ...], dict[str, Any]]] = [
        ("multiply", (0, 1), {}),
        ("add", (3, 2), {}),
        ("add", (3, 4), {}),
    ]
    size = 6
    for _ in range(6):
        if unary and rng.random() < 0.4:
            name = str(rng.choice(unary))
            if name == "log":
                continue
            program.append((name, (int(rng.integers(size)),), {}))
        elif _has("power", methods) and rng.random() < 0.2:
            program.append(("power", (int(rng.integers(3)),), {"exponent": 3}))
        else:
            program.append((str(rng.choice(binary)), (int(rng.integers(size)), int(rng.integers(3))), {}))
        size += 1
    program.append(("add", (size - 1, 3), {}))
    program.append(("multiply", (size, 4), {}))
    program.append(("multiply", (size + 1, size), {}))
    options = {"program": tuple(program), "times": 1}
    return Case(**{**vars(case), "arrays": {"leaves": leaves, "constants": {}}, "options": options})


@dataclass(frozen=True)
class _Asking:
    name: str
    backward: str
    methods: frozenset[str]
    takes: frozenset[tuple[str, str]]

    def __call__(self, host: Host, question: Question) -> Answer:
        arrays, options = question.case.arrays, question.case.options
        (dy,) = question.upstream
        if np.ndim(dy) != 0:
            raise Beyond("its backward starts from one number")
        scalar = all(np.ndim(leaf) == 0 for leaf in arrays["leaves"].values())
        leaves = {
            name: host.make(self.name, float(leaf) if np.ndim(leaf) == 0 else leaf)
            for name, leaf in arrays["leaves"].items()
        }
        constants = [float(c) if np.ndim(c) == 0 else c for c in (arrays.get("constants") or {}).values()]
        results: list[Any] = [*leaves.values(), *constants]
        for operation, operands, further in options["program"]:
            results.append(self._applied(host, operation, [results[i] for i in operands], further, scalar))
        y = results[-1]
        if not isinstance(y, Ref):
            raise Beyond("its last result is no node")
        output = _attribute(host, y, VALUES)
        for _ in range(options["times"]):
            host.call((y, self.backward))
        gradients = {
            f"leaves.{name}": _scaled(_attribute(host, leaf, GRADIENTS), dy, np.shape(arrays["leaves"][name]))
            for name, leaf in leaves.items()
        }
        return complete(question, {"y": output}, gradients, host)

    def _applied(
        self, host: Host, operation: str, operands: list[Any], further: Mapping[str, Any], scalar: bool
    ) -> Any:
        if operation == "power":
            return host.operate("pow", operands[0], further["exponent"])
        if operation in OPERATORS:
            return host.operate(OPERATORS[operation], *operands)
        method = next((name for name in METHODS.get(operation, ()) if name in self.methods), None)
        if method is None or not isinstance(operands[0], Ref):
            raise Beyond(f"it has no {operation}")
        given = {name: value for name, value in further.items() if value not in (None, False) and not scalar}
        lacking = [name for name in given if (method, name) not in self.takes]
        if lacking:
            raise Beyond(f"its {method} takes no {lacking[0]}")
        return host.make((operands[0], method), **given)


def _attribute(host: Host, node: Ref, names: tuple[str, ...]) -> Any:
    for name in names:
        try:
            return host.get((node, name))
        except TheirError:
            continue
    raise TheirError("AttributeError", f"a node should have the attribute {names[0]}")


def _scaled(gradient: Any, dy: Any, shape: tuple[int, ...]) -> np.ndarray:
    """The gradient for dy in place of 1; where backward left None nothing has come to the node."""
    return np.zeros(shape) if gradient is None else np.asarray(gradient, np.float64) * dy

"""Files to begin with: an algorithm's signature, shapes and formula in a dialect, and nothing implemented.

``parity new`` writes them, and ``parity check`` says of each that it is absent, until it is written.
"""

from __future__ import annotations

import importlib
import inspect
import itertools
import re
import textwrap
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from parity_tests.catalogue import Algorithm, algorithms
from parity_tests.commands.check import DIALECTS
from parity_tests.engine.operations import drive, upstream_for

WIDTH = 100
MOST = 12  # parameters that are listed
NUMPY = ("import numpy as np",)
BODY = "raise NotImplementedError"
SHAPES_OR_SOURCES = re.compile(r"->|Handbook|Raises|\bet al|^[\w, ]+ \((\.\.\.|[A-Z*])")


@dataclass(frozen=True)
class Stub:
    """A function or class to be written: its head without ``def`` or ``class``, what it does, its methods."""

    head: str
    doc: str = ""
    methods: tuple[Stub, ...] = ()
    before: str = ""  # a line that the body begins with
    is_class: bool = False

    def source(self, indent: str = "") -> str:
        lines = _head(f"{'class' if self.is_class else 'def'} {self.head}:")
        if self.doc:
            lines += [f"    {line}".rstrip() for line in _docstring(self.doc)]
        inside = "    "
        if not self.is_class:
            lines += [f"{inside}{line}" for line in (self.before, BODY) if line]
        text = "\n".join(f"{indent}{line}".rstrip() for line in lines)
        parts = [text, *(method.source(indent + inside) for method in self.methods)]
        return "\n\n".join(parts)


@dataclass(frozen=True)
class Starter:
    """What goes into a file: what it imports, and the stubs."""

    imports: tuple[str, ...]
    stubs: tuple[Stub, ...]


def _head(line: str) -> list[str]:
    """The line itself, or its arguments in lines of their own if it is long."""
    if len(line) <= WIDTH:
        return [line]
    name, _, arguments = line.removesuffix("):").partition("(")
    inside = textwrap.wrap(f"{arguments},", WIDTH, initial_indent=" " * 4, subsequent_indent=" " * 4)
    return [f"{name}(", *inside, "):"]


def _docstring(doc: str) -> list[str]:
    quote = 'r"""' if "\\" in doc else '"""'
    lines = doc.strip().splitlines()
    return [f"{quote}{lines[0]}", *lines[1:], '"""'] if len(lines) > 1 else [f'{quote}{lines[0]}"""']


def starter(entry: Algorithm, dialect: str) -> Starter:
    """What to begin with.  Raises ValueError, naming the dialects that have it, for one that has not."""
    found = _find(entry, dialect)
    if found is not None:
        return found
    others = [other for other in DIALECTS if other != dialect and _find(entry, other) is not None]
    if not others:
        what = "takes functions" if entry.name in TAKE_FUNCTIONS else "is a whole training"
        raise ValueError(f"{entry.name} {what}, so that no dialect has it; its parts can be checked")
    raise ValueError(f"the {dialect} dialect has no {entry.name}; there it is: {' and '.join(others)}")


def _find(entry: Algorithm, dialect: str) -> Starter | None:
    if dialect == "native":
        return native(entry)
    module: Any = importlib.import_module(f"parity_tests.starters.{dialect}")
    found: Starter | None = module.find(entry)
    return found


def text(entry: Algorithm, dialect: str, file: str) -> str:
    """The whole file."""
    made = starter(entry, dialect)
    head = (
        f'"""{entry.name}, to be written, in the {dialect} dialect.\n\n'
        f"`parity check {file}` says how far it is, and where it is wrong;\n"
        f'`parity explain {entry.name}` says more of what it is.\n"""'
    )
    return "\n\n\n".join([f"{head}\n\n" + "\n".join(made.imports), *(s.source() for s in made.stubs)]) + "\n"


def known(dialect: str) -> list[str]:
    """The algorithms that a dialect has."""
    return [entry.name for entry in algorithms() if _find(entry, dialect) is not None]


def formula(entry: Algorithm) -> str:
    """What scratch says of the algorithm: its formula, shapes and source."""
    return str(inspect.getdoc(entry.scratch)).strip()


def formula_alone(entry: Algorithm) -> str:
    """The formula without scratch's shapes, which are not those of every dialect, and what follows them."""
    first, *others = formula(entry).splitlines()
    taken = itertools.takewhile(lambda line: not SHAPES_OR_SOURCES.search(line), others)
    return "\n".join([first, *taken]).strip()


def table(words: str) -> dict[str, tuple[Stub, ...]]:
    """Functions by algorithm, from lines: names of algorithms, indented heads, doubly indented words."""
    found: dict[str, tuple[Stub, ...]] = {}
    for block in re.split(r"\n+(?=\w)", words.strip()):
        names, _, rest = block.partition("\n")
        stubs = []
        for part in re.split(r"\n(?=    \w)", f"\n{rest}")[1:]:
            head, _, doc = part.partition("\n        ")
            while head.count("(") > head.count(")"):
                more, _, doc = doc.partition("\n        ")
                head += f" {more.strip()}"
            stubs.append(Stub(head.strip(), textwrap.dedent(f"        {doc}").strip()))
        found |= dict.fromkeys(names.split(), tuple(stubs))
    return found


def written(entry: Algorithm, stubs: Mapping[str, tuple[Stub, ...]]) -> Starter | None:
    """The functions of a table, with the formula where they ask for it."""
    if entry.name not in stubs:
        return None
    alone = formula_alone(entry)
    return Starter(NUMPY, tuple(replace(s, doc=s.doc.replace("{formula}", alone)) for s in stubs[entry.name]))


def paragraph(words: str) -> str:
    return textwrap.fill(" ".join(words.split()), WIDTH)


# ---- the native dialect ----

TAKE_FUNCTIONS = frozenset(
    {"gradient_check", "learning_curves"}
)  # of ours, which are not sent to people's code

# Where the words of a name are not what is written large.
CLASSES = {
    "sgd": "SGD",
    "momentum_ema": "MomentumEMA",
    "momentum_lr_inside": "MomentumLrInside",
    "rmsprop": "RMSprop",
    "adamw": "AdamW",
    "amsgrad": "AMSGrad",
    "nadam": "NAdam",
    "radam": "RAdam",
}


def native(entry: Algorithm) -> Starter | None:
    """A function with scratch's own names, and one for its gradients; a class for an optimizer."""
    kinds: Mapping[str, Callable[[Algorithm], tuple[Stub, ...]]] = {
        "operation": _operation,
        "function": _function,
        "initializer": _function,
        "schedule": _function,
        "optimizer": _optimizer,
    }
    if entry.protocol not in kinds or entry.name in TAKE_FUNCTIONS:
        return None
    return Starter(NUMPY, kinds[entry.protocol](entry))


def _function(entry: Algorithm) -> tuple[Stub, ...]:
    return (Stub(f"{entry.name}{signature(entry.scratch)}", formula(entry)),)


def _operation(entry: Algorithm) -> tuple[Stub, ...]:
    outputs, upstream, inputs = _names(entry)
    results = ", ".join(outputs)
    given = ", ".join(_upstream(name) for name in upstream)
    more = (
        f"Returns ({results}, cache), where the cache is whatever {entry.name}_backward needs; "
        f"{results} alone is fine as well, and leaves the gradients unchecked."
    )
    backward = (
        f"The gradients of {', '.join(inputs)}, as a dict by these names, "
        f"for the upstream gradient{'s' * (len(upstream) > 1)} {given}."
    )
    doc = f"{formula(entry)}{_params(entry)}\n\n{paragraph(more)}"
    return (
        Stub(f"{entry.name}{signature(entry.scratch)}", doc),
        Stub(f"{entry.name}_backward({given}, cache)", paragraph(backward)),
    )


def _params(entry: Algorithm) -> str:
    """The names in a dict of parameters, which are those of torch's state_dict."""
    params = entry.cases("float64", examples=0)[0].arrays.get("params")
    if not isinstance(params, dict):
        return ""
    names = [f"{name} {np.shape(value)}" for name, value in params.items()]
    more = ", …" if len(names) > MOST else ""
    return "\n\n" + paragraph(f"params, as in torch's state_dict, for one: {', '.join(names[:MOST])}{more}")


def _upstream(name: str) -> str:
    return f"d{name}" if len(name) == 1 else f"dout_{name}"


def _names(entry: Algorithm) -> tuple[list[str], list[str], list[str]]:
    """What an operation puts out, what of it has an upstream gradient, and which arguments have gradients."""
    outputs: dict[str, None] = {}
    upstream: dict[str, None] = {}
    inputs: dict[str, None] = {}
    for case in entry.cases("float64", examples=0):
        given = upstream_for(entry.scratch, case)
        driven = drive(entry.scratch, case, given)
        names = list(dict.fromkeys(name.partition(".")[0] for name in driven.outputs))
        outputs |= dict.fromkeys(names)
        upstream |= dict.fromkeys(names[: len(given)])
        inputs |= dict.fromkeys(name.removeprefix("grad ").partition(".")[0] for name in driven.gradients)
    return list(outputs), list(upstream), list(inputs)


def _optimizer(entry: Algorithm) -> tuple[Stub, ...]:
    options = [p for p in inspect.signature(entry.scratch).parameters.values() if p.kind is p.KEYWORD_ONLY]
    taken = ", ".join(["self", "params", *(f"{p.name}={_default(p.default)}" for p in options)])
    name = CLASSES.get(entry.name) or "".join(word.capitalize() for word in entry.name.split("_"))
    begin = Stub(f"__init__({taken})", "params is a list of arrays, which step changes in place.")
    step = Stub(
        "step(self, grads)",
        "grads has the gradient of each array of params, in their order; None for one that has none.",
    )
    return (Stub(name, formula(entry), (begin, step), is_class=True),)


def signature(function: Callable[..., Any]) -> str:
    """The parameters as they are written, without those that stand for a function of scratch."""
    words: list[str] = []
    for parameter in inspect.signature(function).parameters.values():
        if inspect.isfunction(parameter.default):
            continue
        if parameter.kind is parameter.KEYWORD_ONLY and "*" not in words:
            words.append("*")
        empty = parameter.default is parameter.empty
        stars = "**" if parameter.kind is parameter.VAR_KEYWORD else ""
        words.append(f"{stars}{parameter.name}" + ("" if empty else f"={_default(parameter.default)}"))
    return f"({', '.join(words)})"


def _default(default: Any) -> str:
    return f"np.{default.__name__}" if isinstance(default, type) else repr(default)

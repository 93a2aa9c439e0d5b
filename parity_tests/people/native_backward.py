"""Find the function of the gradients beside somebody's function, and call it as it wants to be called."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from parity_tests.people.binding import Member, Parameter
from parity_tests.people.names import names_of, variants
from parity_tests.people.signatures import SYNONYMS, plain, words

# What stands behind and before the name of a function in that of its gradient.
WORDS = words(
    "backward bwd back backprop backwardpass vjp bp backpropagation grad gradient gradients grads "
    "derivative deriv derivatives prime der dx diff d jacobian"
)
BEFORE = words(
    "d grad gradient gradientof gradof derivativeof deriv backward bwd backprop der derivative jacobian"
)
# The upstream gradient.
UPSTREAM = re.compile(
    r"^(d(out|output|y|l|loss|z|a|h|c|s|p|next|upstream|o|f|v|hnext|cnext|hn|cn|lastout|scores?|logits|prev|value"
    r"|penalty)?"
    r"|dl?d(y|out|output|z|a|h|c|s|l)(dl)?|dloss.*|dout.*"
    r"|grad(ient)?s?(out|outputs?|y|z|loss|h|c|in|a|upstream|next)?|g(out|y|rad)?"
    r"|upstream.*|(out|output|upstream|loss|next)(put)?grad(ient)?|delta|error|err|outgrad|.*upstream"
    r"|dh.*|dc.*|dprev|gradwrt.*)$"
)
CACHE = frozenset(
    words(
        "cache ctx saved context tape stash savedtensors intermediates caches memory state mem residuals aux"
    )
)
# What the function returned.
OUTPUTS = words("y out output probs s result act activation activated sm fx softmaxoutput yhat p a sigx")


@dataclass(frozen=True)
class Partner:
    """A function of gradients, and what each of its parameters gets.

    `gets` are pairs of their parameter and what it is: "upstream 0", "cache", "rest 1", "output", or the name
    of an input or option of ours.
    """

    name: str
    gets: tuple[tuple[str, str], ...]
    convention: str = ""

    @property
    def upstream(self) -> bool:
        """Whether it is given the upstream gradient; if not, it returns the gradient of a loss, or f′."""
        return any(what.startswith("upstream") for _, what in self.gets)


def partner_of(member: Member, algorithm: str, members: Mapping[str, Member]) -> Member | None:
    """The member that is called like the gradient of this one."""
    bases = list(dict.fromkeys([*variants(member.name), plain(algorithm), *names_of(algorithm)]))
    by_plain = {plain(name): other for name, other in members.items() if other is not member}
    for base in bases:
        for name in (*(base + word for word in WORDS), *(word + base for word in BEFORE)):
            other = by_plain.get(name)
            if other is not None and other.kind == "function":
                return other
    return None


def partners(
    other: Member,
    names: Sequence[str],
    inputs: Sequence[str],
    outputs: Sequence[str],
    theirs: Mapping[str, str],
) -> list[Partner]:
    """The ways in which it may be meant, the likeliest first.

    Args:
        other: the function of gradients.
        names: our names for inputs and options.
        inputs: those of arrays, in order.
        outputs: what has an upstream gradient, by scratch's names.
        theirs: their names in the forward function, by ours.
    """
    matching = _Matching([p for p in other.parameters or () if not p.variadic], {})
    matching.take_caches_and_inputs(names, theirs, outputs)
    matching.take_upstream(outputs, inputs, _is_derivative(other.name))
    matching.take_synonyms(names)
    matching.take_the_rest(inputs, _is_derivative(other.name))
    gets = matching.gets
    found = [Partner(other.name, tuple(gets.items()))]
    single = [theirs_ for theirs_, what in gets.items() if what in ("output", *inputs)]
    if len(inputs) == 1 and len(single) == 1:
        swapped = "output" if gets[single[0]] != "output" else inputs[0]
        said = "its backward takes what the function returned" if swapped == "output" else ""
        found.append(Partner(other.name, tuple({**gets, single[0]: swapped}.items()), said))
    if len(gets) == 2 and "cache" in gets.values() and len(inputs) == 1:
        name = next(n for n, what in gets.items() if what == "cache")
        found += [Partner(other.name, tuple({**gets, name: what}.items())) for what in (inputs[0], "output")]
    return found


@dataclass
class _Matching:
    """Parameters that are not matched yet, and what the others get."""

    left: list[Parameter]
    gets: dict[str, str]

    def take(self, parameter: Parameter, what: str) -> None:
        self.gets[parameter.name] = what
        self.left.remove(parameter)

    def take_caches_and_inputs(
        self, names: Sequence[str], theirs: Mapping[str, str], outputs: Sequence[str]
    ) -> None:
        """What has a name of ours, or the name that it has in the forward function."""
        ours = {**{plain(name): name for name in names}, **{plain(t): o for o, t in theirs.items()}}
        for parameter in list(self.left):
            name = plain(parameter.name)
            if name in CACHE and name not in ours:
                self.take(parameter, "cache")
            elif name in ours and not self._leads(parameter, outputs):
                self.take(parameter, ours[name])

    def _leads(self, parameter: Parameter, outputs: Sequence[str]) -> bool:
        """Whether it comes first of several and may be the upstream gradient all the same."""
        return len(self.left) > 1 and parameter is self.left[0] and _upstream(parameter, outputs)

    def take_upstream(self, outputs: Sequence[str], inputs: Sequence[str], derivative: bool) -> None:
        """By the name of the output that it belongs to, or else in order."""
        free = list(range(len(outputs)))
        likely = [p for p in self.left if _upstream(p, outputs)][: len(outputs)]
        for parameter in likely:
            name = plain(parameter.name)
            own = next((i for i in free if name in _gradient_names(outputs[i])), free[0])
            free.remove(own)
            self.take(parameter, f"upstream {own}")
        required = [p for p in self.left if p.required]
        several = len(self.left) > 1 or bool(self.gets)
        if not likely and not derivative and required and several and not _all_inputs(required, inputs):
            self.take(self.left[0], "upstream 0")

    def take_synonyms(self, names: Sequence[str]) -> None:
        for name in names:
            wanted = {plain(synonym) for synonym in SYNONYMS.get(name, ())} - {"y", "out", "output"}
            fits = [p for p in self.left if plain(p.name) in wanted]
            if fits and name not in self.gets.values():
                self.take(fits[0], name)
        for parameter in list(self.left):
            if plain(parameter.name) in OUTPUTS and "output" not in self.gets.values():
                self.take(parameter, "output")

    def take_the_rest(self, inputs: Sequence[str], derivative: bool) -> None:
        """One unknown parameter is the cache; several are its parts."""
        unknown = [p for p in self.left if p.required]
        waiting = [name for name in inputs if name not in self.gets.values()]
        for i, parameter in enumerate(unknown):
            if not self.gets or (derivative and waiting):
                self.take(parameter, waiting.pop(0) if waiting else "cache")
            elif len(unknown) == 1 and "cache" not in self.gets.values():
                self.take(parameter, "cache")
            else:
                self.take(parameter, f"rest {i}")


def _is_derivative(name: str) -> bool:
    short = plain(name)
    return short.startswith("d") or any(w in short for w in ("deriv", "prime", "grad", "jacobian", "diff"))


def _gradient_names(output: str) -> set[str]:
    name = plain(output)
    return {
        f"d{name}",
        f"grad{name}",
        f"d{name}next",
        f"dnext{name}",
        f"{name}grad",
        f"dl{name}",
        f"dld{name}",
    }


def _upstream(parameter: Parameter, outputs: Sequence[str]) -> bool:
    name = plain(parameter.name)
    return bool(UPSTREAM.match(name)) or any(name in _gradient_names(output) for output in outputs)


def _all_inputs(required: Sequence[Parameter], inputs: Sequence[str]) -> bool:
    """Whether they may be the inputs themselves, as in mse_backward(pred, true)."""
    known = {plain(synonym) for name in inputs for synonym in (name, *SYNONYMS.get(name, ()))}
    return len(required) <= len(inputs) and all(plain(p.name) in known for p in required)


def arguments(
    partner: Partner, values: Mapping[str, Any], upstream: Sequence[Any], output: Any, rest: Sequence[Any]
) -> dict[str, Any]:
    """Keyword arguments for the partner. `rest` are the parts that stood behind the outputs."""
    given: dict[str, Any] = {}
    for name, what in partner.gets:
        kind, _, number = what.partition(" ")
        if kind == "upstream":
            # An output that isn't there has no gradient.
            given[name] = upstream[int(number)] if int(number) < len(upstream) else None
        elif what == "cache":
            given[name] = rest[0] if len(rest) == 1 else tuple(rest)
        elif kind == "rest":
            if int(number) < len(rest):
                given[name] = rest[int(number)]
        elif what == "output":
            given[name] = output
        elif what in values:
            given[name] = values[what]
    return given

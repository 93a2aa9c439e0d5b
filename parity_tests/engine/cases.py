"""Inputs, and how they are drawn: every choice has a label, so that every case can be written in a line.

A catalogue entry asks a `Draw` for sizes, options and arrays, each under a label. A seed decides all
that is not fixed by name, label by label, so that fixing one choice leaves the others alone:
``seed=7 shape=(2, 3) regime=wide`` is a whole case. Hypothesis draws through the same questions.
"""

from __future__ import annotations

import ast
import shlex
import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np

from parity_tests.engine.trees import flatten

Array = np.ndarray


class Integers(NamedTuple):
    """The integers from low to high, both included."""

    low: int
    high: int


class Reals(NamedTuple):
    """The real numbers from low to high, to three digits."""

    low: float
    high: float


class Choice(NamedTuple):
    """One of several options."""

    options: Sequence[Any]


class Shape(NamedTuple):
    """A shape with ndim axes, each between the bounds of side."""

    ndim: Integers
    side: Integers


Domain = Integers | Reals | Choice | Shape
Pick = Callable[[str, Domain], Any]


def _one_moderate(values: Array) -> Array:
    """Where everything saturates a gradient is all zeros, and proves nothing."""
    values.flat[:1] = 0.7
    return values


# Where arrays may live. Only "normal" is benign, where a bound must be tight to be worth anything.
REGIMES: dict[str, Callable[[np.random.Generator, tuple[int, ...]], Array]] = {
    "normal": lambda rng, shape: rng.standard_normal(shape),
    "offset": lambda rng, shape: 1e4 + rng.standard_normal(shape),
    "large": lambda rng, shape: _one_moderate(
        rng.choice([-1.0, 1.0], shape) * 10 ** rng.uniform(-1, 3, shape)
    ),
    "tiny": lambda rng, shape: 1e-4 * rng.standard_normal(shape),
    "wide": lambda rng, shape: rng.choice([-1.0, 1.0], shape) * 10 ** rng.uniform(-12, 2, shape),
    "positive": lambda rng, shape: rng.uniform(0.05, 2, shape),
    "unit": lambda rng, shape: rng.uniform(0.02, 0.98, shape),
}
BENIGN = {"normal", "positive", "unit"}


@dataclass(frozen=True)
class Case:
    """The inputs of one comparison.

    `arrays` go in by argument name (None for an optional one left out), `options` beside them.
    `extra` is for the driver of a protocol that needs more (the learning rates of a trajectory, …).
    `spec` is the line that draws this case again, and `short` the same without what the seed decides
    anyway. `allow_zero` names the tensors whose right value is
    zero here, with the reason: for all others an expected value of about zero proves nothing.
    `benign` inputs are well-conditioned; `smooth` ones avoid kinks, so that differences are derivatives.
    """

    arrays: dict[str, Any]
    options: dict[str, Any] = field(default_factory=dict)
    extra: dict[str, Any] = field(default_factory=dict)
    allow_zero: dict[str, str] = field(default_factory=dict)
    dtype: str = "float64"
    seed: int = 0
    spec: str = ""
    short: str = ""
    benign: bool = True
    smooth: bool = True


class Draw:
    """Answers the questions of a catalogue entry for one case, and remembers the answers.

    Args:
        dtype: the floating dtype of all arrays. bfloat16 arrays are float32 with rounded values.
        seed: decides every answer that nothing else decides.
        fixed: answers by label.
        pick: decides in place of the seed (Hypothesis does).
    """

    def __init__(
        self,
        dtype: str = "float64",
        seed: int = 0,
        fixed: Mapping[str, Any] | None = None,
        pick: Pick | None = None,
    ) -> None:
        self.dtype, self.seed, self.fixed, self.pick = dtype, seed, dict(fixed or {}), pick
        self.answers: dict[str, Any] = {}
        self.of_seed: set[str] = set()
        self.benign = True
        self.smooth = True

    def rng(self, label: str) -> np.random.Generator:
        """The generator that belongs to this label and no other."""
        return np.random.default_rng([self.seed, zlib.crc32(label.encode())])

    def _answer(self, label: str, domain: Domain) -> Any:
        if label not in self.answers:
            if label in self.fixed:
                self.answers[label] = _legal(label, self.fixed[label], domain)
            elif self.pick is not None:
                self.answers[label] = self.pick(label, domain)
            else:
                self.answers[label] = pick_at_random(self.rng(label), domain)
                self.of_seed.add(label)
        return self.answers[label]

    def integer(self, label: str, low: int, high: int) -> int:
        return int(self._answer(label, Integers(low, high)))

    def real(self, label: str, low: float, high: float) -> float:
        return float(self._answer(label, Reals(low, high)))

    def choice(self, label: str, *options: Any) -> Any:
        return self._answer(label, Choice(options))

    def shape(
        self, label: str = "shape", *, ndim: tuple[int, int] = (1, 3), side: tuple[int, int] = (2, 6)
    ) -> tuple[int, ...]:
        return tuple(self._answer(label, Shape(Integers(*ndim), Integers(*side))))

    def regime(self, *others: str) -> str:
        """ "normal" or one of `others`, under the label "regime"."""
        return str(self.choice("regime", "normal", *others))

    def array(
        self, label: str, shape: tuple[int, ...], regime: str = "normal", *, at: Sequence[float] = ()
    ) -> Array:
        """An array of this case's dtype; where "kinks" is drawn, a quarter of it is at the points `at`."""
        rng = self.rng(label)
        values = REGIMES[regime](rng, shape)
        if len(at):
            first = np.abs(values.flat[:1])
            if self.choice("kinks", True, False):
                self.smooth = False
                values = np.where(rng.random(shape) < 0.25, rng.choice(np.asarray(at, float), shape), values)
            values.flat[:1] = first  # one ordinary positive element, or all that comes out may be zero
        self.benign = self.benign and regime in BENIGN
        rounded = round_to(values, self.dtype)
        # A third of all arrays are laid out column by column, as a transpose is.
        by_columns = len(shape) > 1 and self.rng(f"{label} layout").random() < 1 / 3
        return np.asfortranarray(rounded) if by_columns else rounded

    def integers(self, label: str, shape: tuple[int, ...], high: int) -> Array:
        """An array of integers from 0 to high - 1."""
        return self.rng(label).integers(0, high, shape)

    def mask(self, label: str, shape: tuple[int, ...], keep: float = 0.5) -> Array:
        """An array of truth values, True with probability `keep`."""
        return self.rng(label).random(shape) < keep

    def case(self, arrays: dict[str, Any], options: dict[str, Any] | None = None, **more: Any) -> Case:
        """The case with these inputs."""
        finite = all(np.isfinite(leaf).all() for leaf in flatten(arrays).values() if _is_floating(leaf))
        benign = bool(more.pop("benign", True)) and self.benign and finite
        return Case(
            arrays,
            options or {},
            dtype=self.dtype,
            seed=self.seed,
            spec=_line(self.seed, self.answers),
            short=_line(self.seed, {k: v for k, v in self.answers.items() if k not in self.of_seed}),
            benign=benign,
            smooth=self.smooth,
            **more,
        )


def _line(seed: int, answers: Mapping[str, Any]) -> str:
    words = {"seed": str(seed), **{name: _written(value) for name, value in answers.items()}}
    return " ".join(f'{name}="{word}"' if " " in word else f"{name}={word}" for name, word in words.items())


def _written(answer: Any) -> str:
    """An answer as a word without quotes, which a shell and `parse_spec` would take away."""
    return answer if isinstance(answer, str) else repr(answer).replace(" ", "").replace("'", "")


def _is_floating(leaf: Any) -> bool:
    return isinstance(leaf, np.ndarray) and leaf.dtype.kind == "f"


def parse_spec(spec: str) -> tuple[int, dict[str, Any]]:
    """The seed and the fixed answers that `Case.spec` was written from.

    Raises ValueError for a word that is not ``label=value``.
    """
    fixed: dict[str, Any] = {}
    for word in shlex.split(spec):
        label, sign, text = word.partition("=")
        if not sign:
            raise ValueError(f"a case is written as label=value words, {word!r} is none")
        try:
            fixed[label] = float(text) if text in ("inf", "-inf", "nan") else ast.literal_eval(text)
        except (ValueError, SyntaxError):
            fixed[label] = text
    seed = fixed.pop("seed", 0)
    if not isinstance(seed, int) or seed < 0:
        raise ValueError(f"seed must be an integer from 0 on, got {seed!r}")
    return seed, fixed


def round_to(values: Array, dtype: str) -> Array:
    """The values in a dtype; bfloat16, which NumPy lacks, as rounded float32."""
    if dtype != "bfloat16":
        return np.asarray(values).astype(dtype)
    bits = np.ascontiguousarray(values, dtype=np.float32).view(np.uint32)
    to_even = bits + np.uint32(0x7FFF) + ((bits >> np.uint32(16)) & np.uint32(1))
    return (to_even & np.uint32(0xFFFF0000)).view(np.float32).reshape(np.shape(values))


def _legal(label: str, answer: Any, domain: Domain) -> Any:
    """A fixed answer, if it is one that the domain could give; sizes may be other ones than are drawn."""
    match domain:
        case Choice(options):
            for option in options:
                if option == answer or _written(option) == str(answer):
                    return option
            legal, wanted = False, f"one of {', '.join(map(repr, options))}"
        case Integers(low, high):
            legal, wanted = isinstance(answer, int), f"an integer, such as {low} to {high}"
        case Reals():
            legal, wanted = isinstance(answer, int | float), "a number"
        case Shape():
            legal = isinstance(answer, tuple) and all(isinstance(n, int) and n > 0 for n in answer)
            wanted = "a tuple of integers above 0, such as (2,3)"
    if not legal:
        raise ValueError(f"{label} must be {wanted}, got {answer!r}")
    return answer


def pick_at_random(rng: np.random.Generator, domain: Domain) -> Any:
    match domain:
        case Integers(low, high):
            return int(rng.integers(low, high + 1))
        case Reals(low, high):
            return float(f"{rng.uniform(low, high):.3g}")
        case Choice(options):
            return options[int(rng.integers(len(options)))]
        case Shape(ndim, side):
            axes = pick_at_random(rng, ndim)
            return tuple(int(n) for n in rng.integers(side.low, side.high + 1, axes))

"""What the catalogue says of an algorithm."""

from __future__ import annotations

import importlib
import inspect
import itertools
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, ClassVar

from parity_tests.catalogue._low import Low, low_precision
from parity_tests.catalogue._mode import PLAIN, Mode
from parity_tests.engine.cases import Case, Draw, parse_spec
from parity_tests.engine.trees import fresh

# The widest tolerance that is worth something on benign inputs, relative to the largest value.
CAPS = {
    "float64": {"pointwise": 3e-14, "sums": 1e-12, "attention": 2e-13},
    "float32": {"pointwise": 2e-5, "sums": 4e-4, "attention": 1e-4},
}


@dataclass(frozen=True)
class Algorithm:
    """One algorithm: where it stands, what it is compared with, and on which inputs.

    Args:
        name: the function's name in `scratch` and in `reference`, in the chapter's file.
        torch: what the reference wraps.
        source: where the handbook documents (or, failing them, which paper) define it.
        draw: asks a `Draw` for one case.
        curated: cases that are always tried, as answers fixed by label; all else is drawn.
        family: which cap the tolerance of the outputs must stay under on benign inputs.
        gradient_family: the same for the gradients.
        seed_row: whether the handbook documents have it, or it is what people expect beside it.
        bad_options: options that must be refused.
        variants: the ways to ask torch for the same, the plain one first.
        through_time: whether its gradients come through time, or through many layers.
        dtypes: those in which scratch and torch can be compared at all.
    """

    name: str
    torch: str
    source: str
    draw: Callable[[Draw], Case]
    curated: tuple[Mapping[str, Any], ...] = ({},)
    family: str = "pointwise"
    gradient_family: str = "sums"
    seed_row: bool = False
    bad_options: tuple[Mapping[str, Any], ...] = ()
    variants: tuple[Mode, ...] = (PLAIN,)
    through_time: bool = False
    dtypes: tuple[str, ...] = ("float64", "float32")
    chapter: str = ""

    protocol: ClassVar[str]
    kinds: ClassVar[tuple[str, ...]]

    @property
    def scratch(self) -> Callable[..., Any]:
        """The implementation in NumPy."""
        return getattr(importlib.import_module(f"scratch.{self.chapter}"), self.name)

    @property
    def reference(self) -> Callable[..., Any]:
        """The implementation in torch."""
        return getattr(importlib.import_module(f"reference.{self.chapter}"), self.name)

    @property
    def low(self) -> Low:
        """What is known of it in bfloat16 and float16."""
        return low_precision(self.name)

    def cases(self, dtype: str, *, examples: int = 4, seed: int = 0, mode: Mode = PLAIN) -> list[Case]:
        """The curated cases, then as many drawn ones as `examples` says; those that the mode can take."""
        fixed = self._fixed(dtype, mode)
        examples = examples if mode.examples is None else min(examples, mode.examples)
        curated = [{**answers, **fixed} for answers in mode.curated or self.curated]
        cases = [self.draw(Draw(dtype, seed + i, answers)) for i, answers in enumerate(curated)]
        cases += self.drawn(dtype, range(seed + len(cases), seed + len(cases) + examples), mode)
        return [*cases, *self.with_defaults(cases[0])] if not fixed else cases

    def drawn(self, dtype: str, seeds: Iterable[int], mode: Mode = PLAIN) -> Iterator[Case]:
        """A case for each seed; where the mode can only take some, like those."""
        answers = itertools.cycle(mode.curated or ({},))
        for seed in seeds:
            yield self.draw(Draw(dtype, seed, {**next(answers), **self._fixed(dtype, mode)}))

    def _fixed(self, dtype: str, mode: Mode) -> dict[str, Any]:
        """What is the same in all cases, because of few digits or of the mode."""
        few = self.low.answers(dtype) if mode.computes_in(dtype).low else {}
        return {**few, **mode.fixed.get(self.name, {})}

    def plain(self, case: Case) -> Case | None:
        """The same case at benign inputs, where it has a regime to choose."""
        try:
            plain = self.case(case.dtype, f"{case.spec} regime=normal")
        except ValueError:
            return None
        return plain if plain.benign else None

    def with_defaults(self, case: Case) -> list[Case]:
        """The case with its options left out, where the arrays allow it and it is another case then."""
        if self.protocol not in ("operation", "function") or not case.options:
            return []
        parameters = inspect.signature(self.scratch).parameters
        options = dict(case.options)
        for name in case.options:
            if parameters[name].default is not inspect.Parameter.empty:
                fewer = {other: value for other, value in options.items() if other != name}
                options = fewer if self._accepts(case.arrays, fewer) else options
        if options == case.options:
            return []
        spec, short = (f"{line} defaults=True" for line in (case.spec, case.short))
        return [replace(case, options=options, spec=spec, short=short)]

    def _accepts(self, arrays: Mapping[str, Any], options: Mapping[str, Any]) -> bool:
        """Whether arrays that were drawn for other options still fit."""
        try:
            self.scratch(**fresh(arrays), **options)
        except ValueError:
            return False
        return True

    def smooth_cases(self, *, examples: int = 4, seed: int = 0) -> list[Case]:
        """Benign float64 cases away from all kinks, where differences approach derivatives."""
        plain = {"regime": "normal", "kinks": False}
        cases = [
            self.draw(Draw("float64", seed + i, {**fixed, **plain})) for i, fixed in enumerate(self.curated)
        ]
        cases += [self.draw(Draw("float64", seed + len(cases) + i, plain)) for i in range(examples)]
        return [case for case in cases if case.benign and case.smooth]

    def case(self, dtype: str, spec: str) -> Case:
        """The case that a line of a report names.  Raises ValueError for a label that is not asked for."""
        seed, fixed = parse_spec(spec)
        defaults = self.protocol in ("operation", "function") and fixed.pop("defaults", False)
        draw = Draw(dtype, seed, fixed)
        case = self.draw(draw)
        unknown = [label for label in fixed if label not in draw.answers]
        if unknown:
            asked = ", ".join(draw.answers)
            raise ValueError(
                f"a case of {self.name} has no choice called {unknown[0]!r} here; it has {asked}"
            )
        return self.with_defaults(case)[0] if defaults else case

    def caps(self, dtype: str) -> tuple[float, float] | None:
        """The caps for outputs and gradients in a dtype, where there are any."""
        if dtype not in CAPS:
            return None
        return CAPS[dtype][self.family], CAPS[dtype][self.gradient_family]


class Operation(Algorithm):
    """``y, backward = f(*arrays, **options)``"""

    protocol = "operation"
    kinds: ClassVar[tuple[str, ...]] = (
        "outputs",
        "gradients",
        "differences",
        "dtype",
        "unchanged",
        "refusals",
    )


class Function(Algorithm):
    """``y = f(*arrays, **options)``, where nobody asks for gradients"""

    protocol = "function"
    kinds = ("outputs", "dtype", "unchanged", "refusals")


class Optimizer(Algorithm):
    """``param, state = f(param, grad, state, **options)``"""

    protocol = "optimizer"
    kinds = ("trajectory", "resumed", "dtype", "unchanged", "refusals")


class Schedule(Algorithm):
    """``lr = f(step, **options)``, where a case's "step" is the last one"""

    protocol = "schedule"
    kinds = ("trajectory", "refusals")


class Run(Algorithm):
    """``steps = f(*arrays, **options)``, an iterator of a whole training's steps; float64 alone"""

    protocol = "run"
    kinds = ("run",)


@dataclass(frozen=True)
class Initializer(Algorithm):
    """``y = f(shape, rng=…, dtype=…, **options)``

    `distribution(shape, **options)` is what it draws from, as scipy.stats has it.
    """

    distribution: Callable[..., Any] | None = None

    protocol = "initializer"
    kinds: ClassVar[tuple[str, ...]] = ("draws", "distribution", "dtype", "refusals")

    @property
    def draws(self) -> Callable[[int], Any]:
        """torch's base draws for a seed, as a generator that implementations in NumPy can use."""
        return importlib.import_module(f"reference.{self.chapter}").TorchDraws


def chapter(name: str, *entries: Algorithm) -> tuple[Algorithm, ...]:
    """The entries of one chapter."""
    return tuple(replace(entry, chapter=name) for entry in entries)

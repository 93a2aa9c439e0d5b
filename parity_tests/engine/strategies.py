"""Hypothesis as the one who answers a catalogue entry's questions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from hypothesis import strategies as st

from parity_tests.engine.cases import Case, Choice, Domain, Draw, Integers, Reals, Shape


def values(domain: Domain) -> st.SearchStrategy[Any]:
    """All values of a domain, the small and simple ones first."""
    match domain:
        case Integers(low, high):
            return st.integers(low, high)
        case Reals(low, high):
            return st.floats(low, high).map(lambda x: min(max(float(f"{x:.3g}"), low), high))
        case Choice(options):
            return st.sampled_from(list(options))
        case Shape(ndim, side):
            sides = st.integers(side.low, side.high)
            return st.lists(sides, min_size=ndim.low, max_size=ndim.high).map(tuple)


@st.composite
def cases(draw: st.DrawFn, question: Callable[[Draw], Case], dtype: str) -> Case:
    """Cases of one entry: sizes, options and regimes are drawn and shrink; a seed decides the contents."""
    seed = draw(st.integers(0, 2**16))
    return question(Draw(dtype, seed, pick=lambda label, domain: draw(values(domain), label=label)))

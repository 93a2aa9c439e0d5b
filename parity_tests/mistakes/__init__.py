"""The mistakes that people make, by name: each as edits of the formula, with which answers are compared."""

from __future__ import annotations

import numpy as np

from parity_tests.catalogue import find
from parity_tests.engine.mutation import Program
from parity_tests.mistakes import (
    activations,
    attention,
    conventions,
    data,
    dropout,
    images,
    initialization,
    linear,
    losses,
    normalization,
    optimizers,
    recurrent,
    schedules,
    steps,
)
from parity_tests.mistakes.driving import DRIVINGS, Driving
from parity_tests.mistakes.mistake import Edit, Mistake, edited, line_of
from parity_tests.mutants import original, program

MISTAKES = (
    *optimizers.MISTAKES,
    *steps.MISTAKES,
    *normalization.MISTAKES,
    *images.MISTAKES,
    *recurrent.MISTAKES,
    *attention.MISTAKES,
    *activations.MISTAKES,
    *losses.MISTAKES,
    *dropout.MISTAKES,
    *initialization.MISTAKES,
    *schedules.MISTAKES,
    *linear.MISTAKES,
    *data.MISTAKES,
    *conventions.MISTAKES,
)


def mistakes_of(algorithm: str, code: Program | None = None) -> list[Mistake]:
    """Those that an algorithm can hold, or other code for it; the ones in its own function come before those
    in what it calls."""
    code = code or program(algorithm)
    held = [mistake for mistake in MISTAKES if mistake.concerns(code, algorithm)]
    return sorted(held, key=lambda mistake: algorithm not in mistake.functions)


def drivings_of(algorithm: str) -> list[Driving]:
    """Those of an optimizer that show with several parameters."""
    if find(algorithm).protocol != "optimizer":
        return []
    first = original(find(algorithm))[1](np.zeros(1))
    return [driving for driving in DRIVINGS if driving.field in ("", *getattr(first, "_fields", ()))]


__all__ = ["MISTAKES", "Edit", "Mistake", "drivings_of", "edited", "line_of", "mistakes_of"]

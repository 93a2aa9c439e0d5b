"""Where torch itself departs from the mathematics, or from itself: each with lines that anyone can run.

The test of each is a strict expected failure, which turns red on the day that torch changes. No
tolerance is wider for any of them: the catalogue's cases stay clear of them, or the bound of that very input
covers them.
"""

from parity_tests.deviations import activations, attention, compiled, layers, losses, schedules, training
from parity_tests.deviations._entry import Deviation

__all__ = ["DEVIATIONS", "Deviation"]

DEVIATIONS: tuple[Deviation, ...] = (
    *activations.DEVIATIONS,
    *losses.DEVIATIONS,
    *layers.DEVIATIONS,
    *attention.DEVIATIONS,
    *training.DEVIATIONS,
    *schedules.DEVIATIONS,
    *compiled.DEVIATIONS,
)

"""Seed the generators that people draw from: the global ones, and those that `default_rng` makes."""

from __future__ import annotations

import random
import sys
import weakref
from typing import Any

import numpy as np

from parity_tests.sandbox import standins

__all__ = ["GENERATORS", "seed"]


class Generator(np.random.Generator):
    """A ``np.random.Generator`` that can be found again: NumPy's own takes no weak references."""


class Generators:
    """Makes generators in place of ``np.random.default_rng`` that obey the seed which is asked for.

    One that is made with a seed inside a call keeps it: it draws the same at every call, and whether it may
    is for others to judge. One that a file makes for itself while it is loaded is like NumPy's global
    generator: the seed that is asked for counts, whatever the file's own was.
    """

    def __init__(self) -> None:
        self.loading = False
        self._make = np.random.default_rng
        self._made: weakref.WeakValueDictionary[int, Generator] = weakref.WeakValueDictionary()
        self._world, self._count, self._since = 0, 0, 0

    def install(self) -> None:
        np.random.default_rng = self.default_rng

    def default_rng(self, seed: Any = None) -> np.random.Generator:
        """What ``np.random.default_rng`` returns."""
        if isinstance(seed, np.random.Generator) or (seed is not None and not self.loading):
            return self._make(seed)
        self._count, self._since = self._count + 1, self._since + 1
        made = self._make([self._world, 1, self._since] if seed is None else seed)
        generator = Generator(made.bit_generator)
        self._made[self._count] = generator
        return generator

    def seed(self, world: int) -> None:
        """Seed those that there are, each with numbers of its own, and those to come in their order."""
        self._world, self._since = world, 0
        for number, generator in list(self._made.items()):
            bits = generator.bit_generator
            bits.state = type(bits)([world, 0, number]).state


GENERATORS = Generators()


def seed(value: int) -> None:
    """Seed all generators of both kinds."""
    random.seed(value)
    np.random.seed(value)
    GENERATORS.seed(value)
    torch = sys.modules.get("torch")
    if torch is not None and not isinstance(torch, standins.StandIn) and hasattr(torch, "manual_seed"):
        torch.manual_seed(value)

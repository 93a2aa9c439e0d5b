"""How an erratum is written down and found again; the errata themselves are in `scratch.errata`."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Erratum:
    """One erratum of the handbook documents.

    Args:
        id: what the corrected line of `scratch` is marked with.
        algorithm: the function of `scratch` that it concerns.
        where: document and chapter.
        printed: what stands there, without the translation's garbling.
        right: what should stand there.
        shows: from which step, or on which input, the two differ.
        misprint: computes what is printed, in the protocol of the algorithm.
        in_words: whether words or the numbers of an example are wrong, so that no one line corrects it.
    """

    id: str
    algorithm: str
    where: str
    printed: str
    right: str
    shows: str
    misprint: Callable
    in_words: bool = False


ERRATA: dict[str, Erratum] = {}


def errata_of(algorithm):
    """The errata of one algorithm, by its name in `scratch`; an empty list if it has none."""
    return [erratum for erratum in ERRATA.values() if erratum.algorithm == algorithm]


def erratum(id, *, algorithm, where, printed, right, shows, in_words=False):
    """Register the decorated function as the misprint of that id."""

    def register(function):
        misprint = np.errstate(all="ignore")(function)
        misprint.__doc__ = f"Printed: {printed}.  Right: {right}.  Shows: {shows}.  {where}."
        if id in ERRATA:
            raise ValueError(f"erratum: {id} is registered already")
        ERRATA[id] = Erratum(id, algorithm, where, printed, right, shows, misprint, in_words)
        return misprint

    return register

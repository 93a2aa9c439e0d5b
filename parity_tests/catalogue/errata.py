"""The proof of every erratum of `scratch.errata`, torch being the judge.

PROOFS["adam-v-hat-from-m"].prove(ERRATA["adam-v-hat-from-m"].misprint)
"""

from parity_tests.catalogue import (  # noqa: F401 (they register the proofs)
    _errata_layers,
    _errata_normalization,
    _errata_updates,
)
from parity_tests.catalogue._proof import PROOFS, Proof

__all__ = ["PROOFS", "Proof"]

"""The proof of every erratum of `scratch.errata`, torch being the judge.

PROOFS["adam-v-hat-from-m"].prove(ERRATA["adam-v-hat-from-m"].misprint)
"""

from parity_tests.catalogue import _errata_layers, _errata_updates  # noqa: F401 (they register the proofs)
from parity_tests.catalogue._proof import PROOFS, Proof

__all__ = ["PROOFS", "Proof"]

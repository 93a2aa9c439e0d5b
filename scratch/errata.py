"""What the handbook documents get wrong, as code that runs.

Every erratum is a function that computes exactly what is printed, in the protocol of the algorithm that
it distorts; what is right stands in that algorithm's chapter, in the line that carries the id. Where words
are wrong rather than a formula, the function computes what the words claim. Floating-point warnings are
off inside, because several of these divide by zero.

    ERRATA["adam-v-hat-from-m"].misprint(param, grad, state, lr=0.1)
    errata_of("adam")
"""

from scratch import _errata_layers, _errata_normalization, _errata_updates  # noqa: F401 (they register the errata)
from scratch._errata_updates import ADAM_AS_PRINTED
from scratch._erratum import ERRATA, Erratum, errata_of

__all__ = ["ADAM_AS_PRINTED", "ERRATA", "Erratum", "errata_of"]

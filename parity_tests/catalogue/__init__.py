"""What is checked: every algorithm of the handbook documents, one file a chapter."""

import difflib
import importlib

from parity_tests.catalogue._entry import Algorithm

CHAPTERS = (
    "activations",
    "losses",
    "linear",
    "regression",
    "autograd",
    "convolution",
    "normalization",
    "recurrent",
    "attention",
    "transformer",
    "initialization",
    "optimizers",
    "schedules",
    "clipping",
    "regularization",
    "preprocessing",
    "training",
    "models",
    "generative",
)

__all__ = ["CHAPTERS", "Algorithm", "algorithms", "find"]


def algorithms() -> tuple[Algorithm, ...]:
    """All entries, chapter by chapter."""
    modules = [importlib.import_module(f"parity_tests.catalogue.{chapter}") for chapter in CHAPTERS]
    return tuple(entry for module in modules for entry in module.CHAPTER)


def find(name: str) -> Algorithm:
    """The entry of that name.  Raises ValueError that names the nearest ones."""
    known = {entry.name: entry for entry in algorithms()}
    if name in known:
        return known[name]
    near = difflib.get_close_matches(name, known, n=3, cutoff=0.5)
    hint = f"did you mean {' or '.join(near)}?" if near else "`parity list` shows all that there are."
    raise ValueError(f"there is no algorithm called {name!r}; {hint}")

"""torch's own answer to every algorithm of `scratch`: the same files, functions and arguments.

Arrays go in and come out as NumPy arrays; in between, torch's modules run on the device and in the
dtype that `reference.on` asks for:

    y, backward = reference.activations.gelu(x)
    with reference.on(device="cuda", dtype="bfloat16"):
        y, backward = reference.activations.gelu(x)
"""

import importlib
import pkgutil

from reference._torch import on, through

CHAPTERS = tuple(module.name for module in pkgutil.iter_modules(__path__) if not module.name.startswith("_"))

__all__ = ["CHAPTERS", "on", "through"]


def __getattr__(name):
    """Import a chapter when it is first named."""
    if name in CHAPTERS:
        return importlib.import_module(f"reference.{name}")
    raise AttributeError(f"module 'reference' has no chapter {name!r}; it has {', '.join(CHAPTERS)}")

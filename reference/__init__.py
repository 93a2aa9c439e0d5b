"""torch's own answer to every algorithm of `scratch`: the same files, functions and arguments.

Arrays go in and come out as NumPy arrays; in between, torch's modules run on the device and in the
dtype that `reference.on` asks for:

    y, backward = reference.activations.gelu(x)
    with reference.on(device="cuda", dtype="bfloat16"):
        y, backward = reference.activations.gelu(x)
"""

from reference._torch import on

__all__ = ["on"]

"""The layers of the `numpy-ml` package, where it is installed: the best-known NumPy ones.

Its last release, 0.1.2, was written for an older Python and NumPy; the names that it misses are supplied
here. Its LSTM does not run even so.
"""

import collections
import collections.abc
from collections.abc import Callable
from importlib.util import find_spec
from types import ModuleType

import numpy as np


def layers_module() -> ModuleType | None:
    """The module with its layers, or None where the package is not installed."""
    if find_spec("numpy_ml") is None:
        return None
    for name in ("Hashable", "Iterable", "Mapping"):
        setattr(collections, name, getattr(collections.abc, name))
    for name, builtin in {"float": float, "int": int, "object": object}.items():
        if name not in vars(np):
            setattr(np, name, builtin)
    from numpy_ml.neural_nets import layers  # type: ignore[import-not-found,unused-ignore]

    return layers


def forward_and_backward(name: str, batch: int) -> Callable[[], object] | None:
    """The peer of a layer of `benchmarks.layers`, if there is one; images have their channels last."""
    module = layers_module()
    if module is None:
        return None
    rng = np.random.default_rng(0)
    images, sequences = (batch, 32, 32), (2 * batch, 32, 64)
    known = {
        "conv2d": (lambda: module.Conv2D(out_ch=16, kernel_shape=(3, 3), pad=1), [(*images, 3)]),
        "batch_norm": (module.BatchNorm2D, [(*images, 16)]),
        "attention": (module.DotProductAttention, [sequences] * 3),
    }
    if name not in known:
        return None
    make, shapes = known[name]
    inputs = [rng.standard_normal(shape) for shape in shapes]
    upstream = rng.standard_normal(make().forward(*inputs).shape)

    def run() -> None:
        layer = make()
        layer.forward(*inputs)
        layer.backward(upstream)

    return run

"""Every algorithm of the handbook in NumPy, one chapter a file.

An operation returns its value and the function that carries gradients back through it:

    y, backward = layer_norm(x, weight, bias, eps=1e-5)
    grads = backward(dy)                  # {"x": ..., "weight": ..., "bias": ...}

An optimizer maps ``param, grad, state`` to the next ``param, state``; a schedule maps a step to a
learning rate; an initializer maps a shape and a ``np.random.Generator`` to weights. Nothing keeps
state of its own and nothing changes its arguments. The dtype that goes in comes out.
"""

import importlib

_CHAPTERS = (
    "activations",
    "clipping",
    "errata",
    "initialization",
    "linear",
    "losses",
    "models",
    "optimizers",
    "preprocessing",
    "regression",
    "regularization",
    "schedules",
    "training",
)

__all__ = [*_CHAPTERS]  # noqa: PLE0604 (strings, from the one list of chapters)


def __getattr__(name):
    """Import a chapter when it is first named, so that ``import scratch`` costs nothing."""
    if name in _CHAPTERS:
        return importlib.import_module(f"scratch.{name}")
    raise AttributeError(f"module 'scratch' has no chapter {name!r}; it has {', '.join(_CHAPTERS)}")


def __dir__():
    return [*globals(), *_CHAPTERS]

"""Every algorithm of the handbook in NumPy, one chapter a file.

An operation returns its value and the function that carries gradients back through it:

    y, backward = layer_norm(x, weight, bias, eps=1e-5)
    grads = backward(dy)                  # {"x": ..., "weight": ..., "bias": ...}

An optimizer maps ``param, grad, state`` to the next ``param, state``; a schedule maps a step to a
learning rate; an initializer maps a shape and a ``np.random.Generator`` to weights. Nothing keeps
state of its own and nothing changes its arguments. The dtype that goes in comes out.
"""

import importlib
import pkgutil

CHAPTERS = tuple(module.name for module in pkgutil.iter_modules(__path__) if not module.name.startswith("_"))


def __getattr__(name):
    """Import a chapter when it is first named, so that ``import scratch`` costs nothing."""
    if name in CHAPTERS:
        return importlib.import_module(f"scratch.{name}")
    raise AttributeError(f"module 'scratch' has no chapter {name!r}; it has {', '.join(CHAPTERS)}")


def __dir__():
    return [*globals(), *CHAPTERS]

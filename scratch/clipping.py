"""Gradient clipping (handbook, chapter 7), which keeps one steep place from undoing the training.

The functions take gradients as they come from a backward pass and return clipped ones; a dict of
gradients may hold None for a parameter that took no part.
"""

from typing import Any, NamedTuple

import numpy as np

from scratch._shapes import shapes


class Clipped(NamedTuple):
    """The clipped gradients, and the norm that they had before."""

    grads: Any
    total_norm: Any


@shapes(grad="...")
def clip_by_norm(grad, *, max_norm):
    """g ← g · min(1, c / (‖g‖ + 10⁻⁶)), which keeps the direction.  grad (...) -> grads (...), total_norm ().

    Handbook, ch. 7, for one array. The 10⁻⁶ is torch's: a norm of exactly c is scaled as well.
    Raises ValueError for a negative max_norm.
    """
    clipped, total_norm = clip_grad_norm({"grad": grad}, max_norm=max_norm)
    return Clipped(clipped["grad"], total_norm)


def clip_grad_norm(grads, *, max_norm, norm_type=2.0):
    """g ← g · min(1, c / (‖all g‖_p + 10⁻⁶)) with one norm over all gradients together.

    grads: a dict of arrays (...) -> the same, and their p-norm () before; p is norm_type and may be
    inf.  Pascanu et al. 2013, Algorithm 1.  Raises ValueError for a negative max_norm or no p > 0.
    """
    if not max_norm >= 0:
        raise ValueError(f"clip_grad_norm: max_norm must not be negative, got {max_norm}")
    if not norm_type > 0:
        raise ValueError(f"clip_grad_norm: norm_type must be above 0 or inf, got {norm_type}")
    present = {name: grad for name, grad in grads.items() if grad is not None}
    if not present:
        raise ValueError("clip_grad_norm: there are no gradients to clip")
    everything = np.concatenate([grad.reshape(-1) for grad in present.values()])
    if norm_type == np.inf:
        total_norm = np.abs(everything).max()
    elif norm_type == 2:
        total_norm = np.sqrt((everything**2).sum())
    else:
        total_norm = (np.abs(everything) ** norm_type).sum() ** (1 / norm_type)
    scale = np.minimum(1.0, max_norm / (total_norm + 1e-6))  # erratum clip-eps
    return Clipped({name: None if grad is None else grad * scale for name, grad in grads.items()}, total_norm)


def clip_grad_value(grads, *, clip_value):
    """g_i ← min(max(g_i, −c), c) for every element, which does not keep the direction.

    grads: a dict of arrays (...) -> the same.  Raises ValueError for a negative clip_value.
    """
    if not clip_value >= 0:
        raise ValueError(f"clip_grad_value: clip_value must not be negative, got {clip_value}")
    return {
        name: None if grad is None else np.clip(grad, -clip_value, clip_value) for name, grad in grads.items()
    }

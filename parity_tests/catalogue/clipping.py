"""Gradient clipping: norms above, below and at the limit; one array, several, and one that is missing."""

from typing import Any

import numpy as np

from parity_tests.catalogue._entry import Function, chapter
from parity_tests.engine.cases import Case, Draw, round_to

MODERATE = {"regime": "normal"}
NEGATIVE_PEAK = {"one_missing": True, "a.shape": (1,), "c.shape": (3,)}  # the largest number is negative


def limit(d: Draw, grads: list[Any], norm_type: float) -> float:
    """A limit below, above, or at the norm."""
    everything = np.concatenate([g.ravel() for g in grads]).astype(np.float64)
    norm = float(np.linalg.norm(everything, norm_type))
    where = d.choice("limit", "below", "above", "at")
    return norm * {"below": d.real("below", 0.1, 0.9), "above": d.real("above", 1.2, 3.0), "at": 1.0}[where]


def one_array(d: Draw) -> Case:
    grad = d.array("grad", d.shape(ndim=(0, 3)), d.regime("tiny", "wide", "large"))
    return d.case({"grad": grad}, {"max_norm": limit(d, [grad], 2.0)})


def several(d: Draw) -> dict[str, Any]:
    regime = d.regime("tiny", "wide", "large")
    grads: dict[str, Any] = {
        name: d.array(name, d.shape(f"{name}.shape", ndim=(0, 3)), regime) for name in ("a", "b", "c")
    }
    if d.choice("one_missing", False, True):
        grads["b"] = None
    return grads


def global_norm(d: Draw) -> Case:
    if d.choice("exactly_at", False, True):
        # 3, 4 and 12 make 13 without rounding, so that the norm is the limit itself.
        grads: dict[str, Any] = {
            "a": round_to(np.array([3.0, 0.0]), d.dtype),
            "b": round_to(np.array([[4.0], [12.0]]), d.dtype),
        }
        return d.case({"grads": grads}, {"max_norm": 13.0})
    grads = several(d)
    norm_type = float(d.choice("norm_type", 2.0, 1.0, 3.0, np.inf))
    present = [g for g in grads.values() if g is not None]
    return d.case({"grads": grads}, {"max_norm": limit(d, present, norm_type), "norm_type": norm_type})


def by_value(d: Draw) -> Case:
    return d.case({"grads": several(d)}, {"clip_value": d.real("clip_value", 0.2, 1.5)})


CHAPTER = chapter(
    "clipping",
    Function(
        *("clip_by_norm", "torch.nn.utils.clip_grad_norm_", "004 ch. 7", one_array),
        (
            *({**MODERATE, "limit": where} for where in ("below", "above", "at")),
            {**MODERATE, "limit": "below", "shape": (3, 4)},
        ),
        seed_row=True,
        bad_options=({"max_norm": -1.0},),
    ),
    Function(
        *("clip_grad_norm", "torch.nn.utils.clip_grad_norm_", "Pascanu et al. 2013", global_norm),
        (
            {"exactly_at": True},
            {**MODERATE, "exactly_at": False, "norm_type": 2.0, "limit": "below", "one_missing": True},
            {**MODERATE, "exactly_at": False, "norm_type": np.inf, "limit": "below"},
            {**MODERATE, **NEGATIVE_PEAK, "exactly_at": False, "norm_type": np.inf, "limit": "below"},
            {**MODERATE, "exactly_at": False, "norm_type": 1.0, "limit": "above"},
        ),
        bad_options=({"max_norm": -1.0}, {"norm_type": 0.0}),
    ),
    Function(
        *("clip_grad_value", "torch.nn.utils.clip_grad_value_", "004 ch. 7", by_value),
        (MODERATE,),
        bad_options=({"clip_value": -1.0},),
    ),
)

"""Dropout that draws its own mask: ``dropout_forward(x, dropout_param)``."""

from __future__ import annotations

from typing import Any

import numpy as np

from parity_tests.engine.cases import Case
from parity_tests.engine.questions import Answer, Question
from parity_tests.people.answers import answer, empty
from parity_tests.people.binding import Ask, Reading
from parity_tests.people.complaints import KEEP_DROP_SWAPPED, NEW_MASK, ONE_MASK, Complaint
from parity_tests.people.cs231n_pairs import Array, Layer, asking, careful, changed, noted
from parity_tests.people.host import Host, TheirError

COPIES = 64  # of an example in one call, so that each of its elements is both kept and dropped
CALLS = 6
SIGMAS = 6.0

KEEP = "p is the probability of keeping, whatever the docstring says"
DROP = "p is the probability of dropping, whatever the docstring says"


def _case(case: Case) -> Case:
    """Not everything may be dropped, and something is: 1 / p must be finite, and a mask must show."""
    p = case.options.get("p", 0.5)
    return changed(case, case.arrays, p=p if p < 1 else 0.75, training=case.options.get("training", True))


def _into(case: Case, *, keeps: bool) -> list[Any]:
    p = case.options["p"]
    param = {"mode": "train" if case.options["training"] else "test", "p": 1 - p if keeps else p}
    return [case.arrays["x"], param]


def _layer(*, keeps: bool) -> Layer:
    def into(case: Case) -> list[Any]:
        return _into(case, keeps=keeps)

    return Layer("dropout", "dropout_forward(x, dropout_param)", _case, into, (("x", 0),))


LAYERS = {keeps: _layer(keeps=keeps) for keeps in (True, False)}
LAYER = LAYERS[True]


def readings(forward: str, backward: str, doc: str) -> tuple[Reading, ...]:
    """What the docstring says of p comes first."""
    drops = "drop each" in doc.lower() or "probability of dropping" in doc.lower()
    usual = Reading(careful(_asking(forward, backward, keeps=not drops)), narrow=_case)
    other = Reading(careful(_asking(forward, backward, keeps=drops)), KEEP if drops else DROP, narrow=_case)
    return usual, other


def _at_test_time(host: Host, backward: str, gave: bool) -> None:
    """What is there at test time alone, as in the assignment's own start, is not finished."""
    if not gave:
        host.remark("its backward returns nothing at test time")


def _asking(forward: str, backward: str, *, keeps: bool) -> Ask:
    plainly = asking(LAYERS[keeps], forward, backward, _at_test_time)

    def ask(host: Host, question: Question) -> Answer:
        if not question.case.options["training"]:
            return plainly(host, question)
        return _in_training(host, question, forward, backward, keeps=keeps)

    return ask


def _in_training(host: Host, question: Question, forward: str, backward: str, *, keeps: bool) -> Answer:
    """What becomes of each element under the case's mask, gathered from many draws of their own."""
    case = question.case
    x, mask = case.arrays["x"], case.arrays["mask"]
    rows = np.atleast_2d(x)
    dy = np.broadcast_to(question.upstream[0], x.shape).reshape(rows.shape)
    y, dx, found = np.full(rows.shape, np.nan), np.full(rows.shape, np.nan), np.zeros(rows.shape, bool)
    wanted = mask.reshape(rows.shape)
    fractions: list[float] = []
    has_gradient = bool(backward)
    p = case.options["p"]
    for call in range(CALLS):
        _, param = _into(case, keeps=keeps)
        many, param = np.tile(rows, (COPIES, *[1] * (rows.ndim - 1))), {**param, "seed": case.seed + call}
        outputs, grads = _both(
            host, question, forward, backward, many, np.tile(dy, (COPIES, *[1] * (rows.ndim - 1))), param
        )
        if outputs is None:
            return answer(question, None)
        drawn = outputs.reshape(COPIES, *rows.shape)
        kept = drawn != 0
        has_gradient = has_gradient and grads is not None
        fractions.append(float(kept.mean()))
        _one_by_one(outputs.reshape(len(many), -1) != 0, p)
        hit = kept == wanted
        first = hit.argmax(0)[None]
        fresh = hit.any(0) & ~found
        y = np.where(fresh, np.take_along_axis(drawn, first, 0)[0], y)
        if grads is not None:
            through = grads.reshape(drawn.shape)
            carried = np.broadcast_to(dy != 0, drawn.shape)
            if ((through != 0) & ~kept).any() and ((through == 0) & kept & carried).any():
                raise Complaint("its backward drops other elements than its forward", NEW_MASK)
            dx = np.where(fresh, np.take_along_axis(through, first, 0)[0], dx)
        found |= fresh
        if found.all():
            break
    _as_often_as_asked(float(np.mean(fractions)), 1 - p, len(fractions) * COPIES * x.size)
    gradients = {"x": dx.reshape(x.shape)} if has_gradient else None
    return answer(question, y.reshape(x.shape), gradients)


def _both(
    host: Host, question: Question, forward: str, backward: str, x: Array, dy: Array, param: dict[str, Any]
) -> tuple[Array | None, Array | None]:
    returned = host.make(forward, x, param)
    out = None if returned.type == "NoneType" else host.get((returned, 0))
    if empty(out):
        return None, None
    outputs = _like(out, x, f"{forward} returned out")
    if not backward:
        return outputs, None
    grads = host.call(backward, dy, host.operate("getitem", returned, 1))
    noted(host, backward, not empty(grads))
    return outputs, None if empty(grads) else _like(grads, x, f"{backward} returned dx")


def _like(value: Any, x: Array, what: str) -> Array:
    array = np.asarray(value)
    if array.shape != x.shape or array.dtype.kind not in "fiu":
        raise TheirError("ValueError", f"{what} of shape {array.shape}, for x of shape {x.shape}")
    return array.astype(np.float64)


def _one_by_one(kept: Array, p: float) -> None:
    """Every element is drawn by itself."""
    if not 0.05 < p < 0.95 or kept.all() or not kept.any():
        return
    if len(kept) > 1 and (kept == kept[:1]).all():
        raise Complaint(
            "the same elements of every example are dropped: one mask for a whole batch", ONE_MASK
        )
    if kept.shape[1] > 1 and (kept == kept[:, :1]).all():
        raise TheirError(
            "ValueError", "all elements of an example are dropped together: one draw for each example"
        )


def _as_often_as_asked(share: float, wanted: float, count: int) -> None:
    spread = np.sqrt(max(wanted * (1 - wanted), 1e-12) / count)
    if abs(share - wanted) > SIGMAS * spread + 1e-9:
        swapped = abs(share - (1 - wanted)) <= SIGMAS * spread
        raise Complaint(
            f"it keeps {share:.3f} of {count} elements, where {wanted:.3g} were to be kept",
            KEEP_DROP_SWAPPED if swapped else None,
        )

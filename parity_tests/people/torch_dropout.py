"""Dropout that draws its own mask: what it keeps and by how much it scales is measured.

A mask can't be given to it, so the answer to a question is put together from what it did to many values:
those that the question keeps are scaled as it scaled what it kept, and the others are what it made of those
that it dropped.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from parity_tests.catalogue import Algorithm
from parity_tests.engine.questions import Answer, Question
from parity_tests.people.answers import answer, tensor
from parity_tests.people.binding import Abilities, Absent, Beyond, Binding, Member, Reading, Unbound
from parity_tests.people.complaints import KEEP_DROP_SWAPPED, NEW_MASK, ONE_MASK, Complaint
from parity_tests.people.finding import Wanted
from parity_tests.people.host import Host, TheirError
from parity_tests.people.signatures import match
from parity_tests.people.torch_names import FORBIDDEN
from parity_tests.people.torch_operations import expected_only, forward_of, is_function, tell
from parity_tests.people.torch_words import NAMES

SHAPE = (120, 60)
SIGMAS = 6  # that the share of what is kept may lie from what was asked for


def bind_dropout(entry: Algorithm, member: Member, wanted: Wanted) -> Binding | Unbound:
    """Bind ``Dropout(p)``, or ``dropout(x, p, training)``."""
    function = is_function(member)
    parameters = member.parameters if function else forward_of(member)
    names = ("x", "p", "keep_prob", "training") if function else ("x",)
    synonyms = {**NAMES, "keep_prob": ("keep", "p_keep", "keep_p", "keep_rate")}
    call = match(parameters or (), names, by_position=("x", "p"), synonyms=synonyms, map_=dict(wanted.map))
    made = match(
        () if function else member.parameters or (), ("p", "keep_prob"), by_position=("p",), synonyms=synonyms
    )
    unknown = (*call.unknown, *made.unknown)
    if unknown or "x" not in call.theirs:
        return Unbound(member.name, "dropout takes x and p, as a module or a function", member.line)

    def send(host: Host, x: Any, upstream: Any, options: dict[str, Any]) -> dict[str, Any]:
        given = {**options, "keep_prob": 1 - options["p"]}
        target: Any = member.name
        if not function:
            args, kwargs = made.place(given)
            target = host.tensors("build", member.name, args, kwargs)["instance"]
        args, kwargs = call.place({**given, "x": {"$": "x"}})
        told = host.tensors(
            *("call", target, args, kwargs),
            arrays={"x": x},
            algorithm=entry.name,
            forbidden=list(FORBIDDEN[entry.name]),
            upstream=[upstream],
            training=options.get("training", True),
        )
        return dict(told)

    def ask(host: Host, question: Question) -> Answer:
        x, mask = question.case.arrays["x"], question.case.arrays["mask"]
        options = {"p": 0.5, "training": True, **question.case.options}
        if not options["training"]:
            if function and "training" not in call.theirs:
                raise Beyond("it is not told whether it trains")
            told = tell(host, send, host, x, question.upstream[0], options)
            if told["outputs"][0] is None:
                raise Absent("it returns None")
            gradients = told["gradients"] and expected_only(question, told["gradients"])
            return answer(question, told["outputs"][0], gradients)
        if options["p"] == 1:
            raise Beyond("it was not asked to drop everything")
        rng = np.random.default_rng(question.case.seed)
        many = rng.choice([-1.0, 1.0], SHAPE) * rng.uniform(0.5, 2, SHAPE)
        dy = rng.uniform(0.5, 2, SHAPE)
        told = tell(host, send, host, many, dy, options)
        if told["outputs"][0] is None:
            raise Absent("it returns None")
        ratio = _ratio(told["outputs"][0], many)
        kept = ratio != 0
        _plausible(kept, 1 - options["p"])
        scale, rest = (np.median(ratio[kept]) if kept.any() else 0.0), 0.0
        if not np.allclose(ratio[kept], scale, rtol=1e-12, atol=0):
            raise TheirError("ValueError", "what it keeps is not all scaled by the same factor")
        gradients = None
        if told["gradients"] is not None:
            through = _ratio(told["gradients"]["x"], dy)
            _carried_alike(through, ratio)
            gradients = {"grad x": np.where(mask, question.upstream[0] * scale, rest)}
        return answer(question, np.where(mask, x * scale, rest), gradients)

    options = {"p"} | ({"training"} if not function or "training" in call.theirs else set())
    remark = "its mask is its own: the share and the scale of what it keeps were measured"
    return Binding(
        *(entry.name, "torch", (member.name,), (Reading(ask),), Abilities(frozenset(options)), member.line),
        remarks=(remark,),
    )


def _carried_alike(through: np.ndarray, ratio: np.ndarray) -> None:
    """Raises TheirError where the gradient is not dropped and scaled as the output is."""
    if ((through != 0) & (ratio == 0)).any() and ((through == 0) & (ratio != 0)).any():
        raise Complaint("its gradient is dropped where its output is not: another mask", NEW_MASK)
    if not np.allclose(through, ratio, rtol=1e-12, atol=0):
        raise TheirError("ValueError", "its gradient is not scaled as its output is: another factor")


def _ratio(y: Any, x: np.ndarray) -> np.ndarray:
    array = tensor(y)
    if array.shape != x.shape:
        raise TheirError("ValueError", f"dropout of shape {x.shape} came back with shape {array.shape}")
    return np.asarray(array / x)


def _plausible(kept: np.ndarray, keep: float) -> None:
    """Raises TheirError where another share is kept than was asked for, or one mask serves all examples."""
    if 0 < keep < 1 and kept.any() and not kept.all():
        if (kept == kept[:1]).all():
            raise Complaint("it draws one mask for all examples", ONE_MASK)
        if (kept == kept[:, :1]).all():
            raise TheirError("ValueError", "it draws one mask for all features")
    share, spread = kept.mean(), np.sqrt(max(keep * (1 - keep), 1e-12) / kept.size)
    if abs(share - keep) > SIGMAS * spread + 1e-9:
        swapped = abs(share - (1 - keep)) <= SIGMAS * spread
        message = f"it keeps {share:.0%} of the values, where {keep:.0%} were asked for"
        raise Complaint(message, KEEP_DROP_SWAPPED if swapped else None)

"""The handbook's initializers: ``initialize_parameters_he(layers_dims)`` and its siblings."""

from __future__ import annotations

from typing import Any

import numpy as np

from parity_tests.people.answers import tensor
from parity_tests.people.binding import Abilities, Beyond, Binding, Draw, Unbound
from parity_tests.people.handbook_functions import Function, Maker, entries, function
from parity_tests.people.host import Host, TheirError

FORM = "layers_dims"
PROBE = (300, 100)


def bind_initializer(maker: Maker, kind: str) -> Binding | Unbound:
    """Bind the weight of one layer, from its numbers of units; its bias must be zero."""
    theirs = function(maker.member, FORM)
    if theirs is None:
        return Unbound(maker.member.name, f"it would do as {maker.member.name}({FORM})", maker.member.line)
    if kind not in KINDS:
        return Unbound(
            maker.member.name,
            "its scale is its author's to choose: there is nothing to compare",
            maker.member.line,
        )
    algorithm, fixed = KINDS[kind]
    remark = "√(1/n_in), as the exercises have it, counts as much as √(2/(n_in + n_out))"
    return Binding(
        algorithm,
        "handbook",
        (maker.member.name,),
        abilities=Abilities(options=frozenset(), fixed=fixed),
        line=maker.member.line,
        draw=_draw(theirs, either=kind == "xavier"),
        remarks=(remark,) if kind == "xavier" else (),
    )


KINDS: dict[str, tuple[str, tuple[tuple[str, Any], ...]]] = {
    "he": ("kaiming_normal", (("mode", "fan_in"), ("nonlinearity", "relu"))),
    "xavier": ("xavier_normal", ()),
    "zeros": ("zeros", ()),
}


def _draw(theirs: Function, *, either: bool) -> Draw:
    def draw(host: Host, shape: tuple[int, ...], *, rng: Any = None, **_: Any) -> np.ndarray:
        if len(shape) != 2:
            raise Beyond("it makes layers of units, not of anything else")
        host.seed(int(getattr(rng, "seed", 0) or 0))
        weight = _weight(theirs, host, shape)
        if not either:
            return weight
        by_fan_in = abs(float(np.std(_weight(theirs, host, PROBE))) * np.sqrt(PROBE[1]) - 1) < 0.03
        out, into = shape
        return weight * np.sqrt(2 * into / (into + out)) if by_fan_in else weight

    return draw


def _weight(theirs: Function, host: Host, shape: tuple[int, ...]) -> np.ndarray:
    out, into = shape
    got = entries(host, theirs(host, layers_dims=[into, out]), 0, {"W1": "weight", "b1": "bias"})
    weight, bias = tensor(got["weight"]), tensor(got["bias"])
    if bias.size != out or bias.any():
        raise TheirError("ValueError", f"b1 must be {out} zeros")
    return weight

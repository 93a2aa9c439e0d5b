"""Mistakes in what stands around an optimizer's formula: the state of one parameter gets into another's."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

Update = Callable[..., tuple[Any, Any]]


@dataclass(frozen=True)
class Driving:
    """A mistake that one parameter alone does not show: `around` makes the wrong optimizer of the right one,
    if the state has that `field`."""

    id: str
    text: str
    around: Callable[[Update], Update]
    field: str


def _counted(update: Update) -> Update:
    count = 0

    def counted(param: Any, grad: Any, state: Any, **options: Any) -> tuple[Any, Any]:
        nonlocal count
        count += 1
        return update(param, grad, state._replace(t=count - 1), **options)

    return counted


def _shared(update: Update) -> Update:
    last: dict[tuple[int, ...], Any] = {}

    def shared(param: Any, grad: Any, state: Any, **options: Any) -> tuple[Any, Any]:
        param, last[param.shape] = update(param, grad, last.get(param.shape, state), **options)
        return param, last[param.shape]

    return shared


DRIVINGS = (
    Driving(
        "t-per-parameter",
        "t is counted once for every parameter; it counts steps, the same for all parameters of one step",
        _counted,
        "t",
    ),
    Driving(
        "state-shared",
        "parameters of the same shape share one state; every parameter has its own",
        _shared,
        "",
    ),
)

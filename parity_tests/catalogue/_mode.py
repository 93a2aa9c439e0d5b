"""Another way to have torch answer the same question: a kernel, a flag, a transformation."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from typing import Any

from parity_tests.engine.precision import PRECISIONS, Precision


def unchanged(function: Callable[..., Any]) -> Callable[..., Any]:
    return function


def everywhere(_: Any) -> bool:
    return True


def able(_: str) -> str:
    return ""


def nothing(_: str) -> AbstractContextManager[Any]:
    return nullcontext()


@dataclass(frozen=True)
class Mode:
    """A row beside the plain one, for each dtype and device that has it.

    Args:
        name: what stands behind dtype and device in the setting of the check; the plain one has none.
        options: options for the reference alone.
        dtypes: device -> the dtypes that have it there; a device that is not named has none. If there are
            no devices, all have it.
        inside: device -> the context in which the whole comparison runs (flags of torch).
        around: what is done to the reference's function (compiled, mapped, differentiated otherwise).
        precision: dtype -> how it computes there, if not in the dtype itself.
        rounds_once: whether what torch rounds only once it rounds only once here, too.
        curated: cases in place of the entry's own, as answers fixed by label, where it cannot take them all.
        fixed: algorithm -> answers fixed in every case, because it cannot take the others.
        examples: how many cases are drawn at most, where each is dear.
        of: which algorithms have it.
        unfit: why it cannot run on a device, which is why it is skipped there; empty if it can.
        default: whether it runs without being asked for by name.
    """

    name: str = ""
    options: Mapping[str, Any] = field(default_factory=dict)
    dtypes: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    inside: Callable[[str], AbstractContextManager[Any]] = nothing
    around: Callable[[Callable[..., Any]], Callable[..., Any]] = unchanged
    precision: Mapping[str, Precision] = field(default_factory=dict)
    rounds_once: bool = True
    curated: tuple[Mapping[str, Any], ...] = ()
    fixed: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    examples: int | None = None
    of: Callable[[Any], bool] = everywhere
    unfit: Callable[[str], str] = able
    default: bool = True

    def has(self, device: str, dtype: str) -> bool:
        return not self.dtypes or dtype in self.dtypes.get(device, ())

    def computes_in(self, dtype: str) -> Precision:
        return self.precision.get(dtype, PRECISIONS[dtype])


PLAIN = Mode()

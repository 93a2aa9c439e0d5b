"""What a check says of an answer that can't be taken: which mistake it is, or what came back nevertheless."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from parity_tests.engine.questions import Answer
from parity_tests.people.host import TheirError


@dataclass(frozen=True)
class Masking:
    """A mistake of a dropout that draws its own masks, which shows in what is dropped, whatever it draws."""

    id: str
    text: str


KEEP_DROP_SWAPPED = Masking("keep-drop-swapped", "it keeps the share that it should drop")
ONE_MASK = Masking(
    "one-mask-per-batch", "one mask serves the whole batch; every element is dropped or kept by itself"
)
NEW_MASK = Masking(
    "new-mask-in-backward", "the backward drops other elements than the forward; both need the same mask"
)
MASKINGS = (KEEP_DROP_SWAPPED, ONE_MASK, NEW_MASK)


class Complaint(TheirError):
    """A ValueError that says more.

    Args:
        message: what is wrong.
        masking: the mistake that it comes from, if that is known.
        answer: what was answered, such as gradients of wrong shapes.
    """

    def __init__(self, message: str, masking: Masking | None = None, answer: Answer | None = None) -> None:
        super().__init__("ValueError", message)
        self.args = (message,)  # nothing was raised there
        self.masking, self.answer = masking, answer


class Misshapen(Complaint):
    """Gradients by name, some of them of wrong shapes."""

    def __init__(self, message: str, gradients: Mapping[str, Any]) -> None:
        super().__init__(message)
        self.gradients = dict(gradients)

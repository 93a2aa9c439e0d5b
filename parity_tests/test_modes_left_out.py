"""What the modes leave out is left out for a reason: torch refuses it, or has it wrong.

Every reason is shown again, so that nothing stays out that a later torch can do.
"""

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from parity_tests.catalogue import find
from parity_tests.checks import COMPARED, Row
from parity_tests.deviations import DEVIATIONS
from parity_tests.modes_cpu import (
    DIFFERS,
    MODES_CPU,
    NO_VALUES,
    NOT_BY_FUNC,
    NOT_MAPPED,
    UNDROPPED,
    UNPACKED,
    WITHOUT_DROPOUT,
    mode_called,
)
from parity_tests.verify import Plan

BY_ID = {deviation.id: deviation for deviation in DEVIATIONS}
STRIDE = "Tensor must have a last dimension with stride 1"
WRAPPED = "Cannot access storage of TensorWrapper"
BATCHED = "Cannot access storage of BatchedTensorImpl"
BRANCH = "data-dependent control flow"

# Mode, algorithm, what torch says.
REFUSED = [
    ("strided", "rotary_embedding", STRIDE),
    ("transposed", "rotary_embedding", STRIDE),
    *(("func", name, f"{WRAPPED}|{NO_VALUES}") for name in UNPACKED),
    *(("vmap", name, f"{BATCHED}|{BRANCH}") for name in (*UNDROPPED, "transformer")),
]
# Mode, algorithm, the deviation, and the cases that show it.
DEVIATING: list[tuple[str, str, str, Mapping[str, Any]]] = [
    ("transposed", "nll_loss", "nll-loss-channels-last", {}),
    ("transposed", "instance_norm", "instance-norm-of-one-image", {}),
    ("channels_last", "instance_norm", "instance-norm-of-one-image", {}),
    ("channels_last", "group_norm", "group-norm-channels-last", {}),
    ("vmap", "embedding", "embedding-padding-in-a-batch", {}),
    ("vmap", "transformer", "embedding-padding-in-a-batch", WITHOUT_DROPOUT),
]


def said(mode: str, name: str, cases: Mapping[str, Any] | None = None, *, examples: int = 12) -> str:
    """What an algorithm's row says in a mode, with these cases in place of those that the mode can take."""
    entry, whole = find(name), replace(mode_called(mode), fixed={name: cases or {}})
    row = Row(entry, Plan(examples=examples, modes=[mode]), whole.dtypes["cpu"][0], whole)
    (check,) = COMPARED[entry.protocol](row)
    try:
        with check.inside():
            tallies = check.run()
    except Exception as error:
        return f"{type(error).__name__}: {error}"
    return "\n".join(
        f"{tensor.tensor}: got {tensor.got}, expected {tensor.expected}"
        for tally in tallies
        for tensor in tally.divergences
    )


@pytest.mark.parametrize("name", NOT_MAPPED)
def test_what_vmap_refuses(name: str) -> None:
    assert re.search(NOT_MAPPED[name], said("vmap", name))


@pytest.mark.parametrize("name", NOT_BY_FUNC)
def test_what_torch_func_refuses(name: str) -> None:
    assert re.search(NOT_BY_FUNC[name], said("func", name))


@pytest.mark.parametrize(("mode", "name", "reason"), REFUSED)
def test_cases_that_are_refused(mode: str, name: str, reason: str) -> None:
    assert re.search(reason, said(mode, name))


@pytest.mark.parametrize(("mode", "name", "deviation", "cases"), DEVIATING)
def test_cases_that_torch_has_wrong(mode: str, name: str, deviation: str, cases: Mapping[str, Any]) -> None:
    assert name in BY_ID[deviation].algorithms
    gives = BY_ID[deviation].gives
    assert re.search(gives if isinstance(gives, str) else DIFFERS, said(mode, name, cases, examples=40))


def test_nothing_is_fixed_without_a_reason() -> None:
    """The cases of `threads` are chosen for their size; for `compile` see test_modes_compiled."""
    fixed = {(mode.name, name) for mode in MODES_CPU for name in mode.fixed}
    shown = {(mode, name) for mode, name, *_ in (*REFUSED, *DEVIATING)}
    assert {pair for pair in fixed if pair[0] not in ("threads", "compile")} == shown

"""torch's own deviations: what it gives is what was recorded, and none of it is right yet."""

import math
from typing import Any

import pytest

from parity_tests.catalogue import find
from parity_tests.deviations import DEVIATIONS, HEAD, Deviation


def run(deviation: Deviation) -> dict[str, Any]:
    import torch

    torch.manual_seed(0)
    scope: dict[str, Any] = {}
    exec(HEAD + deviation.script, scope)
    return scope


def close(got: Any, expected: Any) -> bool:
    if isinstance(expected, list):
        return len(got) == len(expected) and all(map(close, got, expected))
    if math.isnan(expected):
        return math.isnan(got)
    return got == expected or math.isclose(got, expected, rel_tol=1e-13)


def by_id(deviation: Deviation) -> str:
    return deviation.id


def test_ids_are_unique_and_rows_exist() -> None:
    assert len({deviation.id for deviation in DEVIATIONS}) == len(DEVIATIONS)
    for deviation in DEVIATIONS:
        assert [find(name).name for name in deviation.algorithms] == list(deviation.algorithms)


@pytest.mark.parametrize("deviation", DEVIATIONS, ids=by_id)
@pytest.mark.filterwarnings("ignore")
def test_torch_gives_what_was_recorded(deviation: Deviation) -> None:
    """Or the record is out of date: torch gives another wrong answer, or the right one."""
    if isinstance(deviation.gives, str):
        with pytest.raises(ZeroDivisionError, match=deviation.gives):
            run(deviation)
    else:
        assert close(run(deviation)["got"], deviation.gives)


@pytest.mark.parametrize(
    "deviation",
    [
        pytest.param(deviation, marks=pytest.mark.xfail(strict=True, reason=deviation.because))
        for deviation in DEVIATIONS
    ],
    ids=by_id,
)
@pytest.mark.filterwarnings("ignore")
def test_torch_is_right(deviation: Deviation) -> None:
    """Strict: when it passes, torch has changed, and the deviation can go."""
    scope = run(deviation)
    assert close(scope["got"], scope["right"])

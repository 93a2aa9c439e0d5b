"""Every algorithm against torch: the curated and drawn cases of `parity verify`, and then Hypothesis's."""

from collections import Counter
from collections.abc import Sequence
from functools import partial
from typing import Any

import pytest
from hypothesis import assume, given

from parity_tests.catalogue import Algorithm, algorithms
from parity_tests.engine.operations import compare_operation
from parity_tests.engine.precision import PRECISIONS
from parity_tests.engine.results import Status, Tally
from parity_tests.engine.strategies import cases
from parity_tests.engine.trajectories import check_trajectory
from parity_tests.verify import Plan, verify

ENTRIES = algorithms()
COMPARABLE = [entry for entry in ENTRIES if entry.protocol in ("operation", "function", "optimizer")]


compared: Counter[str] = Counter()  # how many drawn cases were compared, by algorithm


def named(entry: Algorithm) -> str:
    return entry.name


@pytest.mark.parametrize("entry", ENTRIES, ids=named)
def test_verified(entry: Algorithm) -> None:
    results = verify(entry, Plan(examples=2))
    wrong = [f"{r.id}: {r.message}\n{r.reproduce}" for r in results if r.status is not Status.PASSED]
    assert not wrong, "\n".join(wrong)
    assert {result.kind for result in results} == set(entry.kinds)


@pytest.mark.parametrize(
    ("entry", "dtype"),
    [
        pytest.param(entry, dtype, id=f"{entry.name}-{dtype}")
        for entry in COMPARABLE
        for dtype in entry.dtypes
    ],
)
def test_no_false_alarm(entry: Algorithm, dtype: str) -> None:
    """Whatever Hypothesis draws, scratch and torch agree within the bound of that very input."""
    import reference.optimizers
    import scratch.optimizers

    precision = PRECISIONS[dtype]

    @given(case=cases(entry.draw, dtype))
    def agree(case):  # type: ignore[no-untyped-def]
        tallies: Sequence[Tally]
        if entry.protocol == "optimizer":
            step: Any = partial(scratch.optimizers.step, entry.scratch)
            oracle: Any = partial(reference.optimizers.step, entry.reference)
            tallies = [check_trajectory(step, step, oracle, [case], precision)]
        else:
            formula, oracle = entry.scratch, entry.reference
            tallies = compare_operation(
                formula, formula, oracle, [case], precision, through_time=entry.through_time
            )
        # A case whose right answer is about zero proves nothing: another is drawn in its place.
        assume(not any(tally.refused for tally in tallies))
        compared[entry.name] += 1
        for kind, tally in zip(("outputs", "gradients"), tallies, strict=False):
            result = tally.result(entry.name, kind, precision.short)
            assert not result.divergences, f"{result.message}\n{result.reproduce}"

    agree()


def test_names_are_unique() -> None:
    names = [entry.name for entry in ENTRIES]
    assert len(set(names)) == len(names)

"""Normalization whose eps is written into the code: it is named, and hides no mistake."""

from collections.abc import Iterator

import pytest

from parity_tests.diagnosis import diagnose
from parity_tests.people.binding import Binding
from parity_tests.people.host import Isolated
from parity_tests.posing import Exam, questions
from parity_tests.samples.native import Sample
from parity_tests.samples.native_norms import (
    BATCH_OBJECT,
    GROUP,
    KEPT,
    LAYER,
    NORMS,
    TAKEN,
    TAKES,
    VAR,
)
from parity_tests.test_native import RIGHT, bound, examined
from parity_tests.verdicts import Verdict

EXAM = Exam(examples=1)
UNBIASED = "x.var(-1, keepdims=True, ddof=1)"


@pytest.fixture(scope="module")
def host() -> Iterator[Isolated]:
    with Isolated() as host:
        yield host


@pytest.mark.parametrize("sample", NORMS, ids=lambda sample: f"{sample.algorithm}-{sample.right}")
def test_samples(host: Isolated, sample: Sample) -> None:
    found = examined(host, sample.algorithm, sample.source)
    differences = [difference for finding in found.findings for difference in finding.differences][:3]
    assert (found.verdict in RIGHT) is sample.right, f"{found.verdict}: {differences} {found.beyond}"
    assert sample.right or found.verdict is Verdict.WRONG
    assert sample.said in "\n".join(found.remarks)


@pytest.mark.parametrize(
    ("algorithm", "source"),
    [
        ("layer_norm", LAYER.format(var=UNBIASED, root="np.sqrt(var + 1e-5)")),
        ("layer_norm", LAYER.format(var=UNBIASED, root="np.sqrt(var + 1e-8)")),
        ("group_norm", GROUP.format(ddof=", ddof=1", eps="1e-5")),
    ],
)
def test_a_mistake_is_told_whatever_the_eps(host: Isolated, algorithm: str, source: str) -> None:
    found = examined(host, algorithm, source)
    assert found.verdict is Verdict.WRONG
    assert diagnose(found)[0].text == "the variance is divided by n - 1; the formula divides by n"


def test_the_usual_eps_is_no_convention(host: Isolated) -> None:
    found = examined(host, "layer_norm", LAYER.format(var=VAR, root="np.sqrt(var + 1e-5)"))
    assert (found.verdict, found.convention) == (Verdict.EXACT, "")


def _asked(binding: Binding) -> tuple[int, int]:
    """In how many readings there is something to ask: with the usual eps, and with others."""
    conventions = [
        reading.convention
        for reading in binding.readings
        if questions(binding.algorithm, binding.abilities, EXAM, reading.formula, reading.narrow)[0]
    ]
    own = sum(convention.startswith("its eps is") for convention in conventions)
    return len(conventions) - own, own


def test_who_takes_eps_is_asked_with_ours_alone(host: Isolated) -> None:
    (binding,) = bound(host, TAKES.format(takes="eps=1e-6", eps="eps")).bindings
    usual, own = _asked(binding)
    assert usual
    assert not own


@pytest.mark.parametrize("form", [KEPT, TAKEN])
def test_few_readings_are_added(host: Isolated, form: dict[str, str]) -> None:
    """Each costs time where the usual one was wrong."""
    (binding,) = bound(host, BATCH_OBJECT.format(ddof="", **form)).bindings
    usual, own = _asked(binding)
    assert 0 < own <= 6 * usual

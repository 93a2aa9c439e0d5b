"""What a parameter asks for is asked: plainer inputs excuse errors, and no wrong numbers."""

from collections.abc import Iterator

import pytest

from parity_tests.people.host import Isolated
from parity_tests.samples.native import Sample
from parity_tests.samples.native_review import REVIEW
from parity_tests.test_native import RIGHT, examined
from parity_tests.verdicts import Verdict


@pytest.fixture(scope="module")
def host() -> Iterator[Isolated]:
    with Isolated() as host:
        yield host


@pytest.mark.parametrize("sample", REVIEW, ids=lambda sample: f"{sample.algorithm}-{sample.right}")
def test_what_is_asked_for_is_judged(host: Isolated, sample: Sample) -> None:
    found = examined(host, sample.algorithm, sample.source)
    differences = [difference for finding in found.findings for difference in finding.differences][:3]
    assert (found.verdict in RIGHT) is sample.right, f"{found.verdict}: {differences} {found.beyond}"
    assert sample.right or found.verdict is Verdict.WRONG
    assert sample.said in "\n".join(found.remarks)

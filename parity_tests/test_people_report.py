"""What the report of a checked file says of code that never answers."""

import pytest

from parity_tests.checking import Checked, Outcome
from parity_tests.engine.cases import Case
from parity_tests.people.host import TheirError
from parity_tests.reports.people import told
from parity_tests.verdicts import Examined, Finding, Verdict


def lines_of(kind: str, message: str) -> list[str]:
    """The report of a relu that raises so."""
    found = Finding("outputs", "", Case({}), Verdict.WRONG, message=str(TheirError(kind, message)))
    outcome = Outcome("relu", "torch", ("relu",), 1, Examined("relu", (found,)), ("parity", "check"))
    return [line.plain.strip() for line in told(Checked("mine.py", outcomes=(outcome,)))]


@pytest.mark.parametrize(
    ("kind", "verdict", "message"),
    [
        ("NotTheirOwnError", "calls torch's own", "it calls torch's own relu"),
        ("ValueError", "raises an error", "ValueError: it calls torch's own relu"),
    ],
)
def test_what_calls_torch_s_own_is_told_as_that_and_not_as_an_error(
    kind: str, verdict: str, message: str
) -> None:
    lines = lines_of(kind, "it calls torch's own relu")
    assert any(line.startswith("relu → relu") and line.endswith(verdict) for line in lines), lines
    assert message in lines


def test_only_an_error_asks_for_another_form() -> None:
    def asked(kind: str) -> bool:
        return any("meant to be called otherwise" in line for line in lines_of(kind, "no"))

    assert asked("ValueError")
    assert not asked("NotTheirOwnError")

"""Expected failures: what is expected is no failure, and everything else about them is an error."""

from pathlib import Path

import pytest

from parity_tests.engine.results import Result, Status
from parity_tests.expectations import Expectation, Place, apply, read


def result(
    identity: str = "adam/trajectory[f64-wide]", status: Status = Status.FAILED, message: str = ""
) -> Result:
    algorithm, _, rest = identity.partition("/")
    kind, _, setting = rest.rstrip("]").partition("[")
    return Result(algorithm, kind, setting, status, message or "step 1, param: got 1.0, expected 2.0")


EXPECTED = Expectation("adam/trajectory[f64-wide]", "the course's notes", source="expected.toml")


def only(results: list[Result]) -> Result:
    (found,) = results
    return found


def test_an_expected_failure_is_one_and_says_why() -> None:
    found = only(apply([result()], [EXPECTED]))
    assert found.status is Status.XFAIL
    assert found.message.startswith("the course's notes: step 1, param")


def test_the_issue_is_named() -> None:
    expectation = Expectation(EXPECTED.id, "known", issue="https://example.org/issues/7")
    assert "known (https://example.org/issues/7)" in only(apply([result()], [expectation])).message


def test_what_is_not_expected_stays_as_it_is() -> None:
    others = [result("sgd/trajectory[f64-wide]"), result(status=Status.ERROR, message="the process is gone")]
    assert apply(others, [EXPECTED])[:2] == others


def test_an_expected_failure_that_passes_is_no_longer_to_be_expected() -> None:
    found = only(apply([result(status=Status.PASSED)], [EXPECTED]))
    assert found.status is Status.XPASS
    assert "remove it from expected.toml" in found.message


def test_a_failure_must_match() -> None:
    expectation = Expectation(EXPECTED.id, "known", match=r"step \d+, param", source="expected.toml")
    assert only(apply([result()], [expectation])).status is Status.XFAIL
    found = only(apply([result(message="it returned None")], [expectation]))
    assert found.status is Status.ERROR
    assert "'it returned None' does not match" in found.message
    assert "`match` in expected.toml" in found.message


@pytest.mark.parametrize("status", [Status.ABSENT, Status.SKIPPED])
def test_what_did_not_run_did_not_fail(status: Status) -> None:
    found = only(apply([result(status=status, message="nothing is there yet")], [EXPECTED]))
    assert found.status is Status.ERROR
    assert "did not run: nothing is there yet" in found.message


def test_an_unknown_id_is_an_error_and_names_the_nearest() -> None:
    passed = result("adam/trajectory[f64-tiny]", Status.PASSED)
    first, second = apply([passed], [EXPECTED])
    assert first == passed
    assert (second.id, second.status) == (EXPECTED.id, Status.ERROR)
    assert "did you mean adam/trajectory[f64-tiny]?" in second.message


def test_an_id_that_is_none_is_an_error_as_well() -> None:
    _, found = apply([result()], [Expectation("adam", "known")])
    assert found.status is Status.ERROR
    assert found.algorithm == "adam"


def test_algorithms_that_were_not_asked_for_are_set_aside() -> None:
    passed = result("sgd/trajectory[f64-wide]", Status.PASSED)
    assert apply([passed], [EXPECTED], only={"sgd"}) == [passed]


def test_files_and_members_are_told_apart() -> None:
    places = [
        Place("week1/optim.py", "adam"),
        Place("week2/optim.py", "adam"),
        Place("week2/optim.py", "AdamFast"),
    ]
    expectation = Expectation(EXPECTED.id, "known", file="week2/*.py", member="Adam*")
    found = apply([result()] * 3, [expectation], places)
    assert [r.status for r in found] == [Status.FAILED, Status.FAILED, Status.XFAIL]


def test_a_file_where_no_such_check_ran_is_an_error_that_says_where_one_did() -> None:
    expectation = Expectation(EXPECTED.id, "known", file="week3/*.py")
    _, found = apply([result()], [expectation], [Place("week2/optim.py", "adam")])
    assert found.status is Status.ERROR
    assert "it ran in week2/optim.py::adam, which is not file = 'week3/*.py'" in found.message


def written(folder: Path, text: str) -> str:
    file = folder / "expected.toml"
    file.write_text(text, encoding="utf-8")
    return str(file)


def test_a_file_is_read(tmp_path: Path) -> None:
    path = written(
        tmp_path,
        """
        [[expected]]
        id = "adam/trajectory[f64-wide]"
        reason = "eps stands elsewhere in the notes"
        match = "step 1"

        [[expected]]
        id = "week2/optim.py::AdamFast::adam/trajectory[f64-tiny]"  # as pytest prints it
        reason = "float32 inside"
        """,
    )
    first, second = read(path)
    assert first == Expectation(EXPECTED.id, "eps stands elsewhere in the notes", "step 1", source=path)
    assert (second.id, second.file, second.member) == (
        "adam/trajectory[f64-tiny]",
        "week2/optim.py",
        "AdamFast",
    )


ROW = '[[expected]]\nid = "adam/trajectory[f64-wide]"\n'


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (ROW, 'has no reason; add reason = "'),
        ('[[expected]]\nreason = "known"', "has no id"),
        (ROW + 'reason = " "', "reason must be a text that is not empty"),
        (ROW + "reason = 7", "reason must be a text"),
        (ROW + 'reason = "known"\nmatch = "("', "match is no regular expression"),
        (ROW + 'reason = "known"\nmatches = "x"', "there is no key 'matches'"),
        ((ROW + 'reason = "known"\n') * 2, "is there twice"),
        ('[[expect]]\nid = "x"', "expect is not understood"),
        ("expected = 3", "expected is not understood"),
        ("[[expected", "is no TOML"),
    ],
)
def test_a_file_that_is_wrong_says_what_to_do(tmp_path: Path, text: str, says: str) -> None:
    with pytest.raises(ValueError, match=r"expected\.toml") as raised:
        read(written(tmp_path, text))
    assert says in str(raised.value)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"can't be read from .*nowhere\.toml: No such file"):
        read(str(tmp_path / "nowhere.toml"))

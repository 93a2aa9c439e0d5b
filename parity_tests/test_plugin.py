"""The pytest plugin, run by pytest itself on small projects."""

import subprocess
import sys
from typing import Any

import numpy as np
import pytest

from parity_tests import check, plugin_parametrize  # noqa: F401 (loaded before pytester watches what is loaded)
from parity_tests.catalogue import algorithms
from parity_tests.people import cs231n, handbook, native, torch  # noqa: F401

LOADED = [entry.scratch for entry in algorithms()]  # NumPy must not be loaded twice in one process

RIGHT = """
import numpy as np

def softmax(x, *, axis=-1):
    e = np.exp(x - x.max(axis, keepdims=True))
    return e / e.sum(axis, keepdims=True)
"""
WRONG = """
import numpy as np

def sigmoid(x):
    return 1 / (1 + np.exp(x))  # the sign is lost
"""
UNFINISHED = """
def relu(x):
    raise NotImplementedError
"""
SIGMOID = "sigmoid/outputs[f64-normal]"


def test_every_check_is_an_item(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(mine=RIGHT + WRONG)
    pytester.makepyfile(test_other="def test_other(): pass")
    found = pytester.runpytest_inprocess("--parity", "mine.py", "-v")
    assert found.ret == pytest.ExitCode.TESTS_FAILED
    found.stdout.fnmatch_lines(["mine.py::softmax/outputs[[]f64-normal[]] PASSED*"])
    found.stdout.fnmatch_lines(
        [f"mine.py::{SIGMOID.replace('[', '[[]').replace('f64-normal]', 'f64-normal[]]')} FAILED*"]
    )
    found.stdout.fnmatch_lines(["test_other.py::test_other PASSED*"])


def test_a_failure_tells_what_differs_and_how_to_see_it_again_and_nothing_of_the_plugin(
    pytester: pytest.Pytester,
) -> None:
    pytester.makepyfile(mine=WRONG)
    found = pytester.runpytest_inprocess("--parity", "mine.py")
    found.stdout.fnmatch_lines(
        ["y[[]0[]]: got *, expected *", "see it again: parity check mine.py:sigmoid --only sigmoid --case *"]
    )
    found.stdout.no_fnmatch_line("*Traceback*")
    found.stdout.no_fnmatch_line("*plugin.py*")


def test_selection(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(mine=RIGHT + WRONG)
    found = pytester.runpytest_inprocess("--parity", "mine.py", "-k", "softmax")
    assert found.ret == 0
    found = pytester.runpytest_inprocess("--parity", "mine.py", "-x")
    assert found.parseoutcomes()["failed"] == 1
    found = pytester.runpytest_inprocess("--parity", "mine.py", "--parity-only", "softmax")
    assert found.ret == 0
    found = pytester.runpytest_inprocess("--parity", "mine.py", "--collect-only", "-q")
    assert found.ret == 0
    assert f"mine.py::{SIGMOID}" in found.outlines


def test_ids_name_the_member_where_an_algorithm_is_there_twice(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(mine=RIGHT + RIGHT.replace("def softmax", "def softmax_forward") + WRONG)
    found = pytester.runpytest_inprocess("--parity", "mine.py", "--collect-only", "-q")
    assert "mine.py::softmax::softmax/outputs[f64-normal]" in found.outlines
    assert f"mine.py::{SIGMOID}" in found.outlines


def test_a_name_for_what_is_called_otherwise(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(mine=RIGHT.replace("softmax", "normalised_exponentials"))
    found = pytester.runpytest_inprocess(
        "--parity", "mine.py:normalised_exponentials", "--parity-as", "softmax"
    )
    assert found.ret == 0
    assert found.parseoutcomes()["passed"] >= 3


def test_absent_is_skipped_with_its_reason_unless_it_is_required(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(mine=RIGHT + UNFINISHED)
    found = pytester.runpytest_inprocess("--parity", "mine.py", "-rs")
    assert found.ret == 0
    assert found.parseoutcomes()["skipped"] == 1
    found = pytester.runpytest_inprocess("--parity", "mine.py", "--parity-require", "softmax,relu")
    assert found.ret == pytest.ExitCode.TESTS_FAILED
    found.stdout.fnmatch_lines(["*relu is required, and absent*"])
    found = pytester.runpytest_inprocess("--parity", "mine.py", "--parity-require", "gelu")
    assert found.ret == pytest.ExitCode.TESTS_FAILED
    found.stdout.fnmatch_lines(["*gelu is required, and mine.py has nothing that is one*"])


@pytest.mark.parametrize("text", ["x = 1\n", UNFINISHED])
def test_no_checks_are_never_green(pytester: pytest.Pytester, text: str) -> None:
    pytester.makepyfile(mine=text)
    pytester.makepyfile(test_other="def test_other(): pass")
    found = pytester.runpytest_inprocess("--parity", "mine.py")
    assert found.ret == pytest.ExitCode.TESTS_FAILED
    found.stdout.fnmatch_lines(["parity: no checks ran, and at least 1 must"])


def test_fewer_checks_than_wanted(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(mine=RIGHT)
    assert pytester.runpytest_inprocess("--parity", "mine.py", "--min-checks", "3").ret == 0
    found = pytester.runpytest_inprocess("--parity", "mine.py", "--min-checks", "1000")
    assert found.ret == pytest.ExitCode.TESTS_FAILED
    found.stdout.fnmatch_lines(["parity: * checks ran, and at least 1000 must"])


def not_sigmoid(x: Any) -> Any:
    return 1 / (1 + np.exp(x))


def test_expected_failures_are_strict(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(mine=RIGHT + WRONG)
    outputs = [
        result for result in check(not_sigmoid, as_="sigmoid").examined.findings if result.kind == "outputs"
    ]
    regimes = sorted({finding.regime for finding in outputs})
    row = '[[expected]]\nid = "sigmoid/outputs[f64-{}]"\nreason = "known"\n'
    rows = [row.format(regime) for regime in regimes]
    pytester.makefile(".toml", expected="".join(rows))
    asked = ("--parity", "mine.py", "--parity-expect", "expected.toml")
    found = pytester.runpytest_inprocess(*asked)
    assert (found.ret, found.parseoutcomes()["xfailed"]) == (0, len(regimes))

    rows.append('[[expected]]\nid = "softmax/outputs[f64-normal]"\nreason = "was wrong"\n')
    rows.append('[[expected]]\nid = "mine.py::sigmoid/nonsense[f64]"\nreason = "known"\n')
    pytester.makefile(".toml", expected="".join(rows))
    found = pytester.runpytest_inprocess(*asked)
    assert found.parseoutcomes()["failed"] == 2
    found.stdout.fnmatch_lines(
        ["it passes, but was expected to fail (was wrong); remove it from expected.toml*"]
    )
    found.stdout.fnmatch_lines(["no such check ran, though it is expected to fail; did you mean *"])


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--parity", "nowhere.py"], "nowhere.py"),
        (["--parity", "mine.py:sofmax"], "did you mean softmax?"),
        (["--parity", "mine.py", "--parity-as", "softmaxx"], "no algorithm called 'softmaxx'"),
        (["--parity", "mine.py", "--parity-only", "softmaxx"], "no algorithm called 'softmaxx'"),
        (["--parity", "mine.py", "--parity-require", "softmaxx"], "no algorithm called 'softmaxx'"),
        (["--parity", "mine.py", "--parity-dialect", "latin"], "no dialect called 'latin'"),
        (["--parity", "mine.py", "--parity-expect", "none.toml"], "none.toml"),
        (["--parity-expect", "none.toml"], "add --parity TARGET"),
    ],
)
def test_usage_errors_are_one_line(pytester: pytest.Pytester, arguments: list[str], says: str) -> None:
    pytester.makepyfile(mine=RIGHT)
    found = pytester.runpytest_inprocess(*arguments)
    assert found.ret == pytest.ExitCode.USAGE_ERROR
    found.stderr.fnmatch_lines([f"ERROR: *{says}*"])


def test_a_folder_with_a_broken_file(pytester: pytest.Pytester) -> None:
    pytester.mkdir("course")
    pytester.makepyfile(**{"course/one": RIGHT, "course/two": "def softmax(x:\n"})
    found = pytester.runpytest_inprocess("--parity", "course", "-v")
    assert found.ret == pytest.ExitCode.TESTS_FAILED
    found.stdout.fnmatch_lines(
        ["course/one.py::softmax/outputs[[]f64-normal[]] PASSED*", "course/two.py::loads FAILED*"]
    )


def test_workers_collect_the_same_and_hear_of_one_examination(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(mine=RIGHT + WRONG)
    asked = ("--parity", "mine.py", "--min-checks", "2", "-p", "no:hypothesispytest")
    found = pytester.runpytest_subprocess("-n", "2", *asked)
    alone = pytester.runpytest_inprocess(*asked)
    assert found.ret == pytest.ExitCode.TESTS_FAILED
    assert found.parseoutcomes()["passed"] == alone.parseoutcomes()["passed"]
    assert found.parseoutcomes()["failed"] == alone.parseoutcomes()["failed"]


OWN = """
import numpy as np
import parity_tests

@parity_tests.implements("softmax")
def stable_exponentials(x, *, axis=-1):
    e = np.exp(x - x.max(axis, keepdims=True))
    return e / e.sum(axis, keepdims=True)

@parity_tests.parametrize(stable_exponentials, as_="softmax")
def test_softmax(check, tmp_path):
    check()
"""


def test_parametrize(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(OWN)
    found = pytester.runpytest_inprocess("-v")
    assert found.ret == 0
    found.stdout.fnmatch_lines(["*::test_softmax[[]softmax/implementation[[]f64[]][]] PASSED*"])
    found.stdout.fnmatch_lines(["*::test_softmax[[]softmax/outputs[[]f64-normal[]][]] PASSED*"])
    found.stdout.fnmatch_lines(["*::test_softmax[[]softmax/gradients[[]f64-normal[]][]] SKIPPED*"])


def test_parametrize_without_the_plugin(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(OWN)
    assert pytester.runpytest_inprocess("-p", "no:parity").ret == 0


def test_parametrized_checks_count(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(OWN)
    assert pytester.runpytest_inprocess("--min-checks", "3").ret == 0
    assert pytester.runpytest_inprocess("--min-checks", "1000").ret == pytest.ExitCode.TESTS_FAILED


def test_a_parametrized_check_that_fails_tells_what_differs(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(OWN.replace("x - x.max", "x + x.max").replace("e.sum(axis", "e.sum(0"))
    found = pytester.runpytest_inprocess("-k", "outputs and normal")
    assert found.ret == pytest.ExitCode.TESTS_FAILED
    found.stdout.fnmatch_lines(
        [
            "> *check()",
            "E *y[[]0, 0[]]: got *",
            "E *see it again: parity_tests.check(stable_exponentials, as_='softmax', *",
        ]
    )


@pytest.mark.parametrize(
    ("before", "after", "says"),
    [
        ("    check()", "    pass", "did not make its check"),
        ("    e = np.exp", "    raise NotImplementedError\n    e = np.exp", "absent"),
    ],
)
def test_a_parametrized_test_proves_something(
    pytester: pytest.Pytester, before: str, after: str, says: str
) -> None:
    pytester.makepyfile(OWN.replace(before, after))
    found = pytester.runpytest_inprocess("-k", "implementation")
    assert found.ret == pytest.ExitCode.TESTS_FAILED
    assert says in found.stdout.str()


def test_parametrize_refuses_a_name_that_is_none(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(OWN.replace('as_="softmax"', 'as_="sofmax"'))
    found = pytester.runpytest_inprocess()
    found.stdout.fnmatch_lines(["*did you mean softmax*"])


def test_whoever_does_not_ask_pays_nothing() -> None:
    program = (
        "import sys, parity_tests, parity_tests.plugin\n"
        "heavy = {'numpy', 'rich', 'torch', 'scratch', 'parity_tests.catalogue'} & set(sys.modules)\n"
        "sys.exit(' '.join(heavy) or 0)"
    )
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr

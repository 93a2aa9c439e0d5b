"""torch's own deviations: what it gives is what was recorded, and none of it is right yet."""

import math
import re
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import torch

from parity_tests.catalogue import find
from parity_tests.cli import main
from parity_tests.deviations import DEVIATIONS, Deviation
from parity_tests.modes_cpu import unfit_to_compile
from parity_tests.reports import markdown

BY_ID = {deviation.id: deviation for deviation in DEVIATIONS}


def numbers(version: str) -> tuple[int, ...]:
    return tuple(map(int, re.findall(r"\d+", version)[:2]))


def recorded(deviation: Deviation) -> Any:
    """The id, with what a machine must have to show it."""
    older = numbers(torch.__version__) < numbers(deviation.version)
    alone = deviation.compiled and bool(unfit_to_compile())
    marks = [
        pytest.mark.skipif(older, reason=f"recorded with torch {deviation.version}, this is older"),
        pytest.mark.skipif(alone, reason="torch.compile needs a C++ compiler"),
    ]
    return pytest.param(deviation.id, id=deviation.id, marks=marks)


every_deviation = pytest.mark.parametrize("id", [recorded(deviation) for deviation in DEVIATIONS])


@cache
def outcome(id: str) -> tuple[Any, Any] | Exception:
    """What the script of this id sets, or what it raises: each is run once."""
    torch.manual_seed(0)
    try:
        return BY_ID[id].run()
    except Exception as error:
        return error


def close(got: Any, expected: Any) -> bool:
    if isinstance(expected, list):
        return len(got) == len(expected) and all(map(close, got, expected))
    if math.isnan(expected):
        return math.isnan(got)
    return got == expected or math.isclose(got, expected, rel_tol=1e-13)


def of_one_size(got: float, noise: float, right: float) -> bool:
    """Whether this is about as far from what is right as the noise that was recorded."""
    return 1e-2 < abs(got - right) / abs(noise - right) < 1e2


@every_deviation
@pytest.mark.filterwarnings("ignore")
def test_torch_gives_what_was_recorded(id: str) -> None:
    """Or the record is out of date: torch gives another wrong answer, or the right one."""
    deviation, found = BY_ID[id], outcome(id)
    if isinstance(deviation.gives, str):
        assert isinstance(found, Exception)
        assert deviation.gives in str(found)
    else:
        assert not isinstance(found, Exception), found
        got, right = found
        assert close(right, deviation.should)
        if deviation.noise:
            assert of_one_size(got, deviation.gives, right)
        else:
            assert close(got, deviation.gives)


@every_deviation
@pytest.mark.filterwarnings("ignore")
@pytest.mark.xfail(strict=True, reason="a deviation of torch")
def test_torch_is_right(id: str) -> None:
    """Strict: when it passes, torch has changed, and the deviation can go."""
    found = outcome(id)
    assert not isinstance(found, Exception), found
    got, right = found
    assert close(got, right)


def test_entries_are_complete() -> None:
    assert len(BY_ID) == len(DEVIATIONS)
    for deviation in DEVIATIONS:
        assert [find(name).name for name in deviation.algorithms] == list(deviation.algorithms)
        assert len(deviation.script.strip().splitlines()) <= 12, "lines that anyone can paste"
        for text in (deviation.where, deviation.because):
            assert text == text.strip() != ""


@pytest.mark.parametrize(
    ("gives", "should", "written"),
    [
        (20.0000001, 20.0000002, ("20.0000001", "20.0000002")),
        (0.0, -4.25e-18, ("0", "−4.25e−18")),
        ([float("nan")] * 2, [0.5, 1.0], ("2 × NaN", "(0.5, 1)")),
        (16777216, 16777217, ("16777216", "16777217")),
        ("division by zero", 1.0, ("error: division by zero", "1")),
    ],
)
def test_as_many_digits_are_written_as_tell_them_apart(
    gives: Any, should: Any, written: tuple[str, str]
) -> None:
    assert Deviation("a", "b", "", gives, should, "c").written == written


def test_the_readme_has_them_all() -> None:
    """After a change of theirs: parity list --markdown README.md"""
    readme = Path(__file__).parent.parent / "README.md"
    if not readme.exists():
        pytest.skip("the README is not installed with the package")
    text = readme.read_text(encoding="utf-8")
    assert markdown.replaced(text, "deviations", markdown.deviations(DEVIATIONS)) == text


def test_the_command_lists_them(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["deviations"]) == 0
    listed = capsys.readouterr().out
    assert all(deviation.id in listed for deviation in DEVIATIONS)
    assert "#195529" in listed


def test_the_command_prints_a_program(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["deviations", "hardsigmoid-gradient-in-float32"]) == 0
    program = capsys.readouterr().out
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert ran.stdout == "torch gives 0.1666666716337204\nright is    0.16666666666666666\n"


def test_an_unknown_name_is_a_usage_error(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["deviations", "no-such-thing"]) == 2
    assert "there is no deviation no-such-thing" in capsys.readouterr().err

"""`parity verify --baseline`: every way to be worse than before is found, and nothing else."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from parity_tests import baseline
from parity_tests.cli import main
from parity_tests.engine.results import Result, Status
from parity_tests.reports import jsonfile

BEFORE = [
    Result("adam", "trajectory", "f64-cpu", Status.PASSED, worst=0.2),
    Result("adam", "trajectory", "f32-cpu", Status.PASSED, worst=0.001),
    Result("adam", "resumed", "f64-cpu", Status.PASSED),
    Result("adam", "trajectory", "f64-cuda", Status.SKIPPED, "no CUDA device"),
]


@pytest.fixture
def recorded(tmp_path: Path) -> str:
    file = tmp_path / "baseline.json"
    jsonfile.write(str(file), jsonfile.report("scratch", BEFORE))
    return str(file)


def changed(index: int, **fields: Any) -> list[Result]:
    return [replace(result, **fields) if i == index else result for i, result in enumerate(BEFORE)]


@pytest.mark.parametrize(
    "results",
    [
        BEFORE,
        changed(0, worst=0.39),
        changed(1, worst=0.15),
        [*BEFORE, Result("sgd", "trajectory", "f64-cpu", Status.PASSED, worst=0.9)],
        changed(3, status=Status.PASSED, message="", worst=0.3),
    ],
    ids=["the same", "a little worse", "still negligible", "one more", "one that was skipped runs"],
)
def test_no_regression(results: list[Result], recorded: str) -> None:
    assert baseline.regressions(results, baseline.read(recorded)) == []


@pytest.mark.parametrize(
    ("results", "says"),
    [
        (changed(0, worst=0.41), "adam/trajectory[f64-cpu] got worse"),
        (changed(1, worst=0.21), "adam/trajectory[f32-cpu] got worse"),
        (BEFORE[1:], "adam/trajectory[f64-cpu] vanished"),
        (changed(2, status=Status.SKIPPED, message="no reason"), "adam/resumed[f64-cpu] is skipped, and ran"),
        (changed(2, status=Status.FAILED, message="m is another"), "failed, and was passed before: m is"),
    ],
    ids=["worse", "no more negligible", "vanished", "skipped", "failed"],
)
def test_a_regression_says_which_and_why(results: list[Result], says: str, recorded: str) -> None:
    (found,) = baseline.regressions(results, baseline.read(recorded))
    assert says in found


def test_a_narrower_run_is_held_to_its_own_part(recorded: str) -> None:
    held = baseline.only(baseline.read(recorded), ["adam"], ["trajectory"], [("f64", "cpu")])
    assert list(held) == ["adam/trajectory[f64-cpu]"]
    assert not baseline.only(baseline.read(recorded), ["sgd"], [], [("f64", "cpu")])


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"schema": 2, "checks": []}', '{"schema": 1}'])
def test_a_file_that_is_no_report(text: str, tmp_path: Path) -> None:
    file = tmp_path / "baseline.json"
    file.write_text(text)
    with pytest.raises(ValueError, match="is no report of `parity verify`"):
        baseline.read(str(file))


def test_the_command_writes_a_baseline_and_holds_to_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "baseline.json"
    words = ["verify", "relu", "--dtype", "float64", "--only", "outputs", "--baseline", str(file)]
    assert main(words) == 2
    assert "--update-baseline writes it" in capsys.readouterr().err
    assert main([*words, "--update-baseline"]) == 0
    assert main(words) == 0
    content = json.loads(file.read_text())
    content["checks"].append({**content["checks"][0], "id": "relu/outputs[f64-cpu-moon]"})
    file.write_text(json.dumps(content))
    capsys.readouterr()
    assert main(words) == 1
    assert "relu/outputs[f64-cpu-moon] vanished" in capsys.readouterr().out

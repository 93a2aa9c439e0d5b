"""Records of a device: small, complete, and baselines as well."""

import json
from collections import Counter
from pathlib import Path

import pytest

from parity_tests import baseline
from parity_tests.catalogue import algorithms
from parity_tests.checks import checks
from parity_tests.cli import main
from parity_tests.engine.precision import PRECISIONS
from parity_tests.engine.results import Result, Status
from parity_tests.reports import record
from parity_tests.reports.summary import Summary
from parity_tests.verify import Plan

COMMITTED = sorted((Path(__file__).parent / "records").glob("*.json"))
RESULTS = [
    Result("adam", "trajectory", "f64-cpu", Status.PASSED, worst=0.21234, rounding=0.84936, cases=11),
    Result("adam", "trajectory", "f64-cpu-fused", Status.PASSED, worst=0.3, rounding=1.2, cases=11),
    Result(
        "relu",
        "outputs",
        "f32-cpu",
        Status.FAILED,
        "y[0]: got nan",
        worst=float("inf"),
        rounding=float("inf"),
    ),
    Result("relu", "dtype", "f32", Status.PASSED, cases=8),
    Result("adam", "trajectory", "f64-cuda", Status.SKIPPED, "no CUDA device"),
]


@pytest.fixture
def written(tmp_path: Path) -> Path:
    file = tmp_path / "record.json"
    record.write(str(file), record.record(RESULTS, Summary.of(RESULTS), {"cpu": "some"}))
    return file


def test_a_row_a_line(written: Path) -> None:
    content = json.loads(written.read_text())
    assert content["environment"].keys() >= {"python", "numpy", "torch", "cpu"}
    assert content["summary"]["failed"] == content["summary"]["skipped"] == 1
    assert content["factors"] == {"f32-cpu": "inf", "f64-cpu": 0.849, "f64-cpu-fused": 1.2}
    assert content["checks"][0] == {
        "id": "adam/trajectory[f64-cpu]",
        "status": "passed",
        "worst": 0.212,
        "rounding": 0.849,
        "cases": 11,
    }
    assert [row["id"] for row in content["checks"] if "message" in row] == [
        "relu/outputs[f32-cpu]",
        "adam/trajectory[f64-cuda]",
    ]
    rows = [line for line in written.read_text().splitlines() if '"id"' in line]
    assert len(rows) == len(content["checks"]) == 4
    assert all(len(line) < 160 for line in rows)


def test_a_record_is_a_baseline(written: Path) -> None:
    recorded = baseline.read(str(written))
    assert recorded["adam/trajectory[f64-cpu]"] == baseline.Recorded(Status.PASSED, 0.212)
    assert baseline.regressions(RESULTS, recorded) == []
    worse = [Result("adam", "trajectory", "f64-cpu", Status.PASSED, worst=0.9), *RESULTS[1:]]
    (found,) = baseline.regressions(worse, recorded)
    assert "got worse" in found


def test_a_run_of_one_mode_is_held_to_its_part(written: Path) -> None:
    recorded = baseline.read(str(written))
    assert list(baseline.only(recorded, ["adam"], [], [("f64", "cpu")], ["fused"])) == [
        "adam/trajectory[f64-cpu-fused]"
    ]
    assert list(baseline.only(recorded, ["adam"], [], [("f64", "cpu")], ["plain"])) == [
        "adam/trajectory[f64-cpu]"
    ]


def test_the_command_writes_a_record(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "record.json"
    words = ["verify", "tanh", "sgd", "--examples", "1"]
    assert main([*words, "--record", str(file)]) == 0
    content = json.loads(file.read_text())
    assert {"system", "cpu", "cpu_capability"} <= set(content["environment"])
    assert {"f64-cpu", "f32-cpu", "f16-cpu", "bf16-cpu", "bf16-cpu-fused"} <= set(content["factors"])
    assert main([*words, "--baseline", str(file)]) == 0
    assert main([*words, "--record", str(tmp_path / "nowhere" / "record.json")]) == 2
    assert "cannot be written" in capsys.readouterr().err


@pytest.mark.parametrize("file", COMMITTED, ids=lambda file: file.stem)
def test_a_committed_record_is_whole_and_green(file: Path) -> None:
    """Every row that is measured on its device today was measured then, and passed; no factor is beyond 24,
    or 4 but for gradients through time."""
    content = json.loads(file.read_text(encoding="utf-8"))
    rows = {row["id"]: row for row in content["checks"]}
    device = next(iter(rows)).partition("[")[2].rstrip("]").split("-")[1]
    assert content["environment"]["torch"].split("+")[0].startswith(file.stem.partition("torch")[2])
    assert Counter(row["status"] for row in rows.values()).keys() == {"passed"}
    dtypes = list(PRECISIONS)
    compared = {
        f"{entry.name}/{kind}[{check.setting}]"
        for entry in algorithms()
        for check in checks(entry, Plan(dtypes, device), alone=False)
        for kind in check.kinds
        if kind in ("outputs", "gradients") and kind in entry.kinds
    }
    assert compared - rows.keys() == set(), "run: parity verify --record " + file.name
    through_time = {entry.name for entry in algorithms() if entry.through_time}
    for id_, row in rows.items():
        assert row["worst"] <= 1
        late = id_.partition("/")[0] in through_time and "/gradients" in id_
        assert row["rounding"] is None or row["rounding"] <= (24 if late else 4)


def test_there_is_a_record() -> None:
    assert COMMITTED

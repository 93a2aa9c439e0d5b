"""The `parity` command as people type it: what it prints, writes and returns."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from parity_tests.cli import main
from parity_tests.commands.verify import matches
from parity_tests.engine.cases import Draw, parse_spec


def test_verify_writes_a_report(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "report.json"
    assert main(["verify", "softmax", "sgd", "--json", str(file)]) == 0
    report = json.loads(file.read_text())
    assert report["schema"] == 1
    assert report["target"] == "scratch"
    assert {"python", "numpy", "torch"} <= set(report["environment"])
    assert report["summary"]["passed"] == report["summary"]["apply"] == len(report["checks"])
    ids = [check["id"] for check in report["checks"]]
    assert "sgd/trajectory[f64-cpu-foreach]" in ids
    assert len(set(ids)) == len(ids)
    for check in report["checks"]:
        if check["kind"] in ("outputs", "gradients", "trajectory"):
            assert 0 < check["worst"] <= 1
            assert 0 < check["rounding"] <= 4
    printed = capsys.readouterr().out
    assert "checks passed" in printed
    assert "u·E" in printed


def test_verify_one_kind_of_one_dtype(tmp_path: Path) -> None:
    file = tmp_path / "report.json"
    assert main(["verify", "gelu", "--only", "gradients", "--dtype", "float64", "--json", str(file)]) == 0
    ids = [check["id"] for check in json.loads(file.read_text())["checks"]]
    assert "gelu/gradients[f64-cpu]" in ids
    assert len(ids) > 1  # in other modes, too
    assert all(each.startswith("gelu/gradients[f64-cpu") for each in ids)


def test_a_device_that_is_not_there_is_skipped_and_never_green(tmp_path: Path) -> None:
    import torch

    if torch.cuda.is_available():
        pytest.skip("there is a CUDA device here")
    file = tmp_path / "report.json"
    assert main(["verify", "tanh", "--device", "cuda", "--only", "outputs", "--json", str(file)]) == 2
    report = json.loads(file.read_text())
    assert {check["status"] for check in report["checks"]} == {"skipped"}
    assert {check["message"] for check in report["checks"]} == {"no CUDA device"}


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["verify", "sofmax"], "did you mean softmax"),
        (["verify", "-k", "nobody"], "selects no algorithm"),
        (["verify", "-k", "adam("], "-k takes words"),
        (["verify", "adam", "--only", "outputs"], "no kind of check called 'outputs'"),
        (["verify", "--case", "seed=1"], "--case belongs to one algorithm"),
        (["verify", "tanh", "--case", "what"], "label=value"),
        (["verify", "tanh", "--case", "colour=red"], "no choice called 'colour'"),
        (["verify", "tanh", "--case", "regime=nowhere"], "regime must be one of 'normal'"),
        (["explain", "adm"], "did you mean adam"),
    ],
)
def test_bad_usage_is_one_sentence_and_status_2(
    arguments: list[str], words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(arguments) == 2
    error = capsys.readouterr().err
    assert words in error
    assert error.count("\n") == 1


def test_a_failure_prints_the_line_that_reproduces_it(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    import scratch.activations

    right = scratch.activations.softmax

    def wrong(x, *, axis=-1):  # type: ignore[no-untyped-def]
        y, backward = right(x, axis=axis)
        return y * (1 + 1e-12), backward

    wrong.shapes = right.shapes  # type: ignore[attr-defined]
    monkeypatch.setattr(scratch.activations, "softmax", wrong)
    file = tmp_path / "report.json"
    only = ["verify", "softmax", "--only", "outputs", "--dtype", "float64"]
    assert main([*only, "--mode", "plain", "--json", str(file)]) == 1
    printed = capsys.readouterr().out
    assert "softmax/outputs[f64-cpu]  failed" in printed
    report = json.loads(file.read_text())
    (check,) = report["checks"]
    assert check["status"] == "failed"
    assert check["divergence"]["tensor"] == "y"
    assert check["divergence"]["mismatched"] > 0
    (line,) = [line for line in printed.splitlines() if "see it again: " in line]
    words = line.partition("--case ")[2].strip("'")
    assert main([*only, "--case", words]) == 1


def test_a_case_alone_is_asked_plainly(capsys: pytest.CaptureFixture[str]) -> None:
    """Some modes refuse cases that others can be asked."""
    words = ["verify", "rotary_embedding", "--dtype", "float64", "--case", "seed=3 interleaved=True"]
    assert main(words) == 0
    capsys.readouterr()
    assert main([*words, "--mode", "strided"]) == 1
    assert "rotary_embedding/outputs[f64-cpu-strided]  error" in capsys.readouterr().out


def test_list_and_explain_do_not_import_torch() -> None:
    for words in (["list"], ["explain", "adam"], ["list", "--json", "-"]):
        code = f"import sys, parity_tests.cli as cli; cli.main({words}); sys.exit('torch' in sys.modules)"
        finished = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
        assert finished.returncode == 0, finished.stderr


def test_list_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["list", "--json", "-"]) == 0
    rows = {row["name"]: row for row in json.loads(capsys.readouterr().out)["algorithms"]}
    assert rows["adam"]["torch"] == "torch.optim.Adam"
    assert "adam-v-hat-from-m" in rows["adam"]["errata"]
    assert rows["adam"]["seed"]


def test_explain(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["explain", "adam"]) == 0
    printed = capsys.readouterr().out
    for words in (
        "m̂ / (√v̂ + ε)",
        "betas=(0.9, 0.999)",
        "torch.optim.Adam",
        "adam-v-hat-from-m",
        "Kingma & Ba",
    ):
        assert words in printed


@pytest.mark.parametrize(
    ("expression", "chosen"),
    [
        ("adam", {"adam", "adamw"}),
        ("adam and not adamw", {"adam"}),
        ("sgd or adamw", {"sgd", "adamw"}),
        ("not (adam or sgd)", {"gelu"}),
        ("optimizers", {"adam", "adamw", "sgd"}),
    ],
)
def test_expressions(expression: str, chosen: set[str]) -> None:
    names = {"adam": "optimizers", "adamw": "optimizers", "sgd": "optimizers", "gelu": "activations"}
    assert {name for name, chapter in names.items() if matches(expression, f"{chapter}/{name}")} == chosen


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_every_case_can_be_drawn_again(dtype: str) -> None:
    from parity_tests.catalogue import algorithms

    for entry in algorithms():
        for case in entry.cases(dtype, examples=2):
            again = entry.case(dtype, case.spec)
            assert again.spec == case.spec, entry.name
            assert repr(entry.case(dtype, case.short).arrays) == repr(case.arrays), (entry.name, case.short)
            assert repr(again.options) == repr(case.options), (entry.name, case.spec)
            assert repr(again.arrays) == repr(case.arrays), (entry.name, case.spec)


def test_a_case_is_drawn_again_from_its_line() -> None:
    from parity_tests.catalogue import find

    entry = find("gelu")
    case = entry.cases("float32", examples=3)[-1]
    again = entry.case("float32", case.spec)
    assert again.options == case.options
    assert (again.arrays["x"] == case.arrays["x"]).all()
    seed, fixed = parse_spec(case.spec)
    other = entry.draw(Draw("float32", seed, {**fixed, "approximate": "tanh"}))
    assert (other.arrays["x"] == case.arrays["x"]).all()


def test_the_readme_says_what_there_is() -> None:
    """After a change of the catalogue or the errata: parity list --markdown README.md"""
    from parity_tests.catalogue import algorithms
    from parity_tests.reports import markdown
    from scratch.errata import ERRATA

    readme = Path(__file__).parent.parent / "README.md"
    if not readme.exists():
        pytest.skip("the README is not installed with the package")
    text = readme.read_text(encoding="utf-8")
    tables = {"coverage": markdown.coverage(algorithms()), "errata": markdown.errata(ERRATA.values())}
    stale = [name for name, table in tables.items() if markdown.replaced(text, name, table) != text]
    assert not stale, "run: parity list --markdown README.md"


def test_markers_that_are_missing_are_named() -> None:
    from parity_tests.reports import markdown

    with pytest.raises(ValueError, match="<!-- coverage -->"):
        markdown.replaced("no markers", "coverage", "| a |")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["check", "{file}:Layer.forward"], "a class is checked as a whole: {file}:Layer"),
        (["check", "{file}", "--only", "tanh", "--case", "shape=(0)"], "shape must be a tuple"),
        (["check", "{file}:tahn"], "did you mean tanh"),
    ],
)
def test_what_makes_no_sense_is_said_in_one_line(
    words: list[str], said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "mine.py"
    file.write_text("import numpy as np\ndef tanh(x):\n    return np.tanh(x)\n")
    assert main([word.format(file=file) for word in words]) == 2
    told = capsys.readouterr().err.strip()
    assert said.format(file=file) in told
    assert "\n" not in told


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="a device that is always full is Linux's")
def test_a_full_disk_is_no_mistake_of_parity() -> None:
    with Path("/dev/full").open("w") as full:
        told = subprocess.run(
            [sys.executable, "-m", "parity_tests.cli", "list"],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    assert told.returncode == 2
    assert told.stderr.strip() == "parity: [Errno 28] No space left on device"


@pytest.mark.parametrize("seed", ["-1", "x", "²", str(2**32)])
def test_a_seed_is_a_natural_number(seed: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["verify", "tanh", "--seed", seed])
    assert "argument --seed" in capsys.readouterr().err

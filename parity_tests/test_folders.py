"""Folders: many files by several workers, none of which is harmed by another."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from parity_tests.folders import MANY, check_all
from parity_tests.people.finding import Wanted
from parity_tests.people.targets import submissions
from parity_tests.posing import Exam
from parity_tests.verdicts import Verdict

RIGHT = "import numpy as np\ndef softmax(x, axis=-1):\n    e = np.exp(x - x.max(axis, keepdims=True))\n"
RIGHT += "    return e / e.sum(axis, keepdims=True)\n"
WRONG = "def softmax(x, axis=-1):\n    return x * 7\n"
# Where the fork server looked for modules in the current folder, this ran in the process that judges.
HOSTILE = "import os\nopen(os.path.join(os.getcwd(), 'OWNED'), 'w').close()\nraise SystemExit(0)\n"
# It answers nothing at extreme inputs, and ends the process when it is asked for plain ones again.
FLEEING = """
import os
import numpy as np

def tanh(x):
    if np.abs(x).max() > 50:
        tanh.fled = True
        raise OverflowError("too large")
    if getattr(tanh, "fled", False):
        os._exit(3)
    return np.tanh(x)
"""


def folder(path: Path, **files: str) -> str:
    for name, text in files.items():
        (path / f"{name}.py").write_text(text)
    return str(path)


def verdicts(path: str, jobs: int) -> dict[str, list[Verdict]]:
    found = check_all(submissions(path), Wanted(), Exam(), jobs=jobs, timeout=5.0, diagnose=False)
    return {Path(checked.label).stem: [o.verdict for o in checked.outcomes] for checked in found}


@pytest.mark.parametrize("jobs", [1, 2])
def test_every_file_has_its_own_verdict(jobs: int, tmp_path: Path) -> None:
    files = {f"right_{i}": RIGHT for i in range(MANY)} | {"wrong": WRONG, "fleeing": FLEEING, "last": RIGHT}
    found = verdicts(folder(tmp_path, **files), jobs)
    assert found.pop("wrong") == [Verdict.WRONG]
    assert found.pop("fleeing") in ([Verdict.WRONG], [Verdict.UNSTABLE])
    assert set(map(tuple, found.values())) == {(Verdict.EXACT,)}
    assert len(found) == MANY + 1


@pytest.mark.parametrize("name", ["random", "tempfile", "socket"])
def test_a_file_called_like_a_module_never_runs_where_it_is_judged(name: str, tmp_path: Path) -> None:
    folder(tmp_path, **{f"wrong_{i}": WRONG for i in range(MANY)}, **{name: HOSTILE})
    # As the installed command does: the current folder is not among the places to import from.
    code = "import sys; sys.path[:] = [p for p in sys.path if p]; from parity_tests.cli import main; "
    code += "sys.exit(main(['check', '.', '--no-diagnosis', '--jobs', '2']))"
    ran = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False, timeout=120
    )
    assert "OWNED" not in os.listdir(tmp_path)
    assert f"{MANY} of {MANY} algorithms wrong" in ran.stdout, ran.stderr
    assert ran.returncode == 1


def test_what_returns_nonsense_takes_no_other_file_with_it(tmp_path: Path) -> None:
    rate = "def update_lr(learning_rate0, epoch_num, decay_rate):\n    return [1.0, 2.0]\n"
    found = verdicts(folder(tmp_path, rate=rate, wrong=WRONG), jobs=1)
    assert found == {"rate": [Verdict.WRONG], "wrong": [Verdict.WRONG]}

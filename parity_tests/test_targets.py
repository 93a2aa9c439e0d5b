"""What `parity check` can be pointed at, and what it says of what it can't read."""

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from parity_tests.people.host import Isolated, Lost
from parity_tests.people.targets import Submission, Unreadable, submissions
from parity_tests.sandbox.standins import REFUSED

SOFTMAX = """\
import numpy as np


def softmax(x):
    e = np.exp(x - x.max(-1, keepdims=True))
    return e / e.sum(-1, keepdims=True)
"""


def write(folder: Path, files: dict[str, str | bytes]) -> Path:
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return folder


def one(path: Path) -> Submission:
    (submission,) = submissions(str(path))
    return submission


@pytest.fixture(scope="module")
def host() -> Iterator[Isolated]:
    with Isolated(timeout=10.0) as host:
        yield host


def load(host: Isolated, submission: Submission, **options: Any) -> dict[str, Any]:
    assert not submission.error
    wanted = {**dict(submission.options), "refused": sorted(REFUSED), **options}
    return host.load(submission.sources, submission.main, **wanted)


def names(told: dict[str, Any]) -> list[str]:
    return [member["name"] for member in told["members"]]


def texts(told: dict[str, Any]) -> str:
    return "\n".join(note.get("text", f"stands in for {note.get('standin')}") for note in told["notes"])


# What can't be read, and what is said of it.


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "homework.py is empty"),
        (b"\n\n  \n", "homework.py is empty"),
        (b"# to do\n", "homework.py has no code, only comments"),
        (b"def f(x):\n    return x +\n", "homework.py, line 2: invalid syntax: return x +"),
        (b"def f(x):\nreturn x\n", "homework.py, line 2: expected an indented block"),
        (b"def f(x):\n    print 'x', x\n", "homework.py needs Python 2: line 2 (print statement"),
        (b"def f(x):\n    print x\n", "homework.py needs Python 2: line 2 (print statement: print x)"),
        (b"try:\n    x = 1\nexcept ValueError, e:\n    pass\n", "homework.py needs Python 2: line 3 (except"),
        (b"raise ValueError, 'no'\n", "homework.py needs Python 2: line 1 (raise"),
        (b"exec 'x = 1'\n", "homework.py needs Python 2: line 1 (exec"),
        (b"x = 0777\n", "homework.py needs Python 2: line 1 (an octal"),
        (b"x = 10L\n", "homework.py needs Python 2: line 1 (a long"),
        (b"if 1 <> 2: pass\n", "homework.py needs Python 2: line 1 (the operator <>"),
        (b"def f(x):\n\tif x:\n        return 1\n", "homework.py, line 3: tabs and spaces are mixed"),
        (b"name = '\xe9'\nx = 1\n", "homework.py, line 1: not utf-8 text"),
        (b"x = 1\0\n", "homework.py holds null bytes"),
        (b"x = " + b"-" * 50_000 + b"1\n", "homework.py is nested too deeply"),
        (b"x = " + b"(" * 500 + b")" * 500 + b"\n", "homework.py, line 1: too many nested parentheses"),
        (b"x = 1\n" * 400_000, "homework.py is too large to be source code"),
        (b"def f(:\x1b[2J\n", "homework.py, line 1: "),
    ],
)
def test_what_is_said_of_unreadable_files(tmp_path: Path, content: bytes, said: str) -> None:
    (tmp_path / "homework.py").write_bytes(content)
    error = one(tmp_path / "homework.py").error
    assert error.startswith(str(tmp_path))
    assert said in error
    assert error.isprintable()


@pytest.mark.parametrize(
    "content",
    [
        SOFTMAX.replace("\n", "\r\n").encode(),
        SOFTMAX.replace("\n", "\r").encode(),
        b"\xef\xbb\xbf" + SOFTMAX.encode(),
        b"# -*- coding: latin-1 -*-\n# caf\xe9\n" + SOFTMAX.encode(),
        b"#!/usr/bin/env python\n# vim: set fileencoding=cp1252 :\n# \x93x\x94\n" + SOFTMAX.encode(),
        SOFTMAX.encode("utf-16"),
        ("# naïve ∂x\n" + SOFTMAX).encode(),
        b"from __future__ import annotations, division\n"
        + SOFTMAX.encode().replace(b"(x)", b"(x: Nowhere)", 1),
        SOFTMAX.replace("    ", "\t").encode(),
    ],
)
def test_encodings_and_line_ends(tmp_path: Path, host: Isolated, content: bytes) -> None:
    (tmp_path / "homework.py").write_bytes(content)
    assert names(load(host, one(tmp_path / "homework.py"))) == ["softmax"]
    np.testing.assert_allclose(host.call("softmax", np.zeros((1, 2))), [[0.5, 0.5]])


@pytest.mark.parametrize(
    "name", ["my-adam (1).py", "adam.v2.py", "random.py", "numpy.py", "types.py", "__main__.py"]
)
def test_any_file_name(tmp_path: Path, host: Isolated, name: str) -> None:
    write(tmp_path, {name: SOFTMAX})
    assert names(load(host, one(tmp_path / name))) == ["softmax"]
    np.testing.assert_allclose(host.call("softmax", np.zeros((1, 2))), [[0.5, 0.5]])


def test_what_is_not_there(tmp_path: Path) -> None:
    write(tmp_path, {"softmax.py": SOFTMAX, "notes.txt": "x", "empty/x.txt": ""})
    for target, said in {
        "sofmax.py": "did you mean .*softmax.py",
        "nowhere/adam.py": "there is no folder",
        "empty": "no Python files and no notebooks",
    }.items():
        with pytest.raises(Unreadable, match=said):
            submissions(str(tmp_path / target))
    with pytest.raises(Unreadable, match=r"there is no file and no module nosuchmodule\.adam"):
        submissions("nosuchmodule.adam")
    with pytest.raises(Unreadable, match="no Python source"):
        submissions("_ctypes")
    with pytest.raises(Unreadable, match="itself computes with it"):
        submissions("numpy.linalg")
    assert "neither a Python file nor a notebook" in one(tmp_path / "notes.txt").error
    os.mkfifo(tmp_path / "pipe.py")
    assert "is no file" in one(tmp_path / "pipe.py").error


# Notebooks.


def notebook(*cells: str, language: str = "python") -> str:
    told = [{"cell_type": "markdown", "source": ["# Softmax\n"]}]
    told += [{"cell_type": "code", "source": cell.splitlines(keepends=True)} for cell in cells]
    return json.dumps({"cells": told, "metadata": {"kernelspec": {"language": language}}, "nbformat": 4})


def test_a_notebook(tmp_path: Path, host: Isolated) -> None:
    text = notebook(
        "%matplotlib inline\nimport numpy as np\n!pip install torch\nimport matplotlib.pyplot as plt",
        "%%time\nEPS = 1e-12\nSCALE = 2 * EPS\nunused = open('data.csv')",
        "def softmax(x):\n    e = np.exp(x - x.max(-1, keepdims=True))\n    print('%d'\n          % len(x))\n"
        "    return e / (e.sum(-1, keepdims=True) + 0 * SCALE)\n\nsoftmax?",
        "%%bash\nrm -rf /",
        "while True: softmax(np.zeros((1, 3)))",
        "def unfinished(x)\n    return x",
        "def late(x):\n    files = !ls\n    raise ValueError(x)\nplt.plot(softmax(np.arange(3.)))",
    )
    write(tmp_path, {"lesson.ipynb": text})
    submission = one(tmp_path / "lesson.ipynb")
    told = load(host, submission)
    assert names(told) == ["softmax", "late"]
    assert "cell 6" in texts(told)
    assert "invalid syntax" in texts(told) or "expected ':'" in texts(told)
    np.testing.assert_allclose(host.call("softmax", np.zeros((1, 2))), [[0.5, 0.5]])
    (late,) = (member for member in told["members"] if member["name"] == "late")
    assert submission.place(late["line"]) == "cell 7, line 1"
    with pytest.raises(Exception, match=r"ValueError: 1  \(lesson.ipynb, cell 7, line 3\)"):
        host.call("late", 1)


def test_old_and_broken_notebooks(tmp_path: Path) -> None:
    old = {"worksheets": [{"cells": [{"cell_type": "code", "input": [SOFTMAX]}]}], "nbformat": 3}
    write(
        tmp_path,
        {
            "old.ipynb": json.dumps(old),
            "r.ipynb": notebook("x <- 1", language="R"),
            "python2.ipynb": notebook("print 'x'"),
            "markdown.ipynb": notebook(),
            "broken.ipynb": "{",
            "list.ipynb": "[1, 2]",
        },
    )
    assert not one(tmp_path / "old.ipynb").error
    for name, said in {
        "r": "is a notebook in R",
        "python2": "needs Python 2: line 1",
        "markdown": "has no code",
        "broken": "is no notebook",
        "list": "is no notebook",
    }.items():
        assert said in one(tmp_path / f"{name}.ipynb").error


# Folders, packages, modules, neighbours.


def test_a_folder(tmp_path: Path) -> None:
    write(
        tmp_path,
        {
            "ada/adam.py": SOFTMAX,
            "bob/adam.py": SOFTMAX,
            "bob/broken.py": "def f(:\n",
            "bob/lesson.ipynb": notebook(SOFTMAX),
            "bob/test_adam.py": SOFTMAX,
            "bob/conftest.py": SOFTMAX,
            "bob/setup.py": SOFTMAX,
            "bob/.hidden.py": SOFTMAX,
            "bob/.git/x.py": SOFTMAX,
            "bob/__pycache__/x.py": SOFTMAX,
            "bob/env37/pyvenv.cfg": "",
            "bob/env37/lib/x.py": SOFTMAX,
            "bob/data.csv": "1,2",
        },
    )
    found = submissions(str(tmp_path))
    assert [os.path.relpath(submission.label, tmp_path) for submission in found] == [
        "ada/adam.py",
        "bob/adam.py",
        "bob/broken.py",
        "bob/lesson.ipynb",
    ]
    assert [bool(submission.error) for submission in found] == [False, False, True, False]


def test_a_package(tmp_path: Path, host: Isolated, monkeypatch: pytest.MonkeyPatch) -> None:
    write(
        tmp_path,
        {
            "mypackage/__init__.py": "from .optim.adam import Adam\nfrom . import layers\n",
            "mypackage/_shared.py": "def check(x):\n    return x\n",
            "mypackage/layers.py": "from mypackage._shared import check\n" + SOFTMAX,
            "mypackage/optim/__init__.py": "",
            "mypackage/optim/adam.py": "from .._shared import check\nfrom ..layers import softmax\n"
            "class Adam:\n    def step(self, g):\n        return check(softmax(g))\n",
        },
    )
    found = submissions(str(tmp_path / "mypackage"))
    assert [submission.main for submission in found] == [
        "mypackage._shared",
        "mypackage.layers",
        "mypackage.optim.adam",
    ]
    assert names(load(host, found[2])) == ["Adam"]
    got = host.call((host.make("Adam"), "step"), np.zeros((1, 2)))
    np.testing.assert_allclose(got, [[0.5, 0.5]])
    monkeypatch.chdir(tmp_path)
    (module,) = submissions("mypackage.optim.adam")
    assert module.main == "mypackage.optim.adam"
    assert len(submissions("mypackage")) == 3
    with pytest.raises(Unreadable, match=r"no module mypackage\.optim\.sgd"):
        submissions("mypackage.optim.sgd")
    with pytest.raises(Unreadable, match=r"mypackage\.layers is no package"):
        submissions("mypackage.layers.softmax")


def test_nothing_is_imported_to_find_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path, {"evil/__init__.py": "raise SystemExit", "evil/adam.py": SOFTMAX})
    monkeypatch.syspath_prepend(tmp_path)
    assert submissions("evil.adam")[0].main == "evil.adam"


def test_cs231n(tmp_path: Path, host: Isolated) -> None:
    """A course's folder: names of the course, absolute and relative, and a module that was never compiled."""
    write(
        tmp_path,
        {
            "cs231n/layers.py": "from builtins import range\n" + SOFTMAX,
            "cs231n/layer_utils.py": "from .layers import *\nfrom cs231n.fast_layers import *\n"
            "def forward(x):\n    return softmax(x)\ndef slow(x):\n    return conv_forward_fast(x)\n",
            "cs231n/classifiers/cnn.py": "from cs231n.layers import *\nfrom cs231n.layer_utils import *\n"
            "class Net:\n    def loss(self, x):\n        return forward(x)\n",
            "fast_layers.txt": "",
        },
    )
    load(host, one(tmp_path / "cs231n/classifiers/cnn.py"))
    got = host.call((host.make("Net"), "loss"), np.zeros((1, 2)))
    np.testing.assert_allclose(got, [[0.5, 0.5]])
    told = load(host, one(tmp_path / "cs231n/layer_utils.py"))
    assert names(told) == ["forward", "slow"]
    assert "cs231n.fast_layers" in texts(told)
    with pytest.raises(Exception, match=r"NameError|needs cs231n\.fast_layers"):
        host.call("slow", np.zeros((1, 2)))
    write(
        tmp_path, {"flat/layers.py": SOFTMAX, "flat/utils.py": "from cs231n.layers import *\nf = softmax\n"}
    )
    load(host, one(tmp_path / "flat/utils.py"))
    np.testing.assert_allclose(host.call("f", np.zeros((1, 2))), [[0.5, 0.5]])


def test_neighbours_of_neighbours(tmp_path: Path, host: Isolated) -> None:
    """A circle of imports, a neighbour that can't be read, and one that fails half-way."""
    write(
        tmp_path,
        {
            "main.py": "import utils.math as m\nimport halfway, broken\n"
            "def f(x):\n    return m.softmax(x) + halfway.ONE\n",
            "utils/math.py": "import main\n" + SOFTMAX,
            "halfway.py": "ONE = 1\nopen('data.csv')\nTWO = 2\n",
            "broken.py": "print 'x'\n",
        },
    )
    told = load(host, one(tmp_path / "main.py"))
    np.testing.assert_allclose(host.call("f", np.zeros((1, 2))), [[1.5, 1.5]])
    assert "halfway.py, line 2 did not run: FileNotFoundError" in texts(told)
    assert "needs Python 2" in texts(told)


def test_the_oracle_is_nobodys_neighbour(tmp_path: Path) -> None:
    import scratch

    root = Path(scratch.__path__[0]).parent
    write(tmp_path, {"homework.py": "import scratch.activations\n" + SOFTMAX})
    os.symlink(root / "scratch", tmp_path / "scratch")
    assert [source["name"] for source in one(tmp_path / "homework.py").sources] == ["homework"]


@pytest.mark.parametrize(
    ("text", "uses"),
    [
        ("import torch\n", True),
        ("import torch.nn as nn\n", True),
        ("from torch import nn\n", True),
        ("try:\n    import torch\nexcept ImportError:\n    pass\n", True),
        ("import helper\n", True),
        ("import torchlike\n", False),
        ("def test():\n    import torch\n", False),
        ("if __name__ == '__main__':\n    import torch\n", False),
        ("# import torch\nx = 'import torch'\n", False),
    ],
)
def test_who_uses_torch(tmp_path: Path, text: str, uses: bool) -> None:
    write(tmp_path, {"homework.py": text + SOFTMAX, "helper.py": "import torch\n"})
    assert one(tmp_path / "homework.py").uses_torch is uses


# What loads, and what is said of it.


def test_a_script_that_does_everything_else_too(tmp_path: Path, host: Isolated) -> None:
    text = """\
from __future__ import print_function
from builtins import range
from past.builtins import xrange
import matplotlib.pyplot as plt, pandas as pd, h5py
from IPython.display import display
from tqdm import tqdm, trange
from numba import njit, jit, prange
from testCases import *
from dnn_utils import sigmoid
from homework_utils import unknown
from dataclasses import dataclass
import numpy as np
import parity_tests
try:
    import cupy as xp
except ImportError:
    xp = np
try:
    from fast_softmax import softmax
    FAST = True
except ImportError:
    FAST = False

plt.rcParams['figure.figsize'] = (5.0, 4.0)
fig, ax = plt.subplots()
ax.plot([1, 2])
data = np.load('mnist.npz')
name = input('your name? ')
X = data['x']

@dataclass
class Config:
    lr: 'float' = 0.1

@njit
def total(x: pd.DataFrame):
    s = 0.0
    for i in prange(len(x)):
        s += x[i]
    return s

@jit(nopython=True)
def loops(n):
    return sum(i for i in tqdm(xrange(n), desc='x')) + sum(trange(3))

@parity_tests.implements('softmax')
def my_way(x):
    plt.figure(); plt.plot(x)
    if isinstance(x, pd.DataFrame):
        x = x.values
    e = xp.exp(x - x.max(-1, keepdims=True), dtype=np.float)
    return e / e.sum(-1, keepdims=True)

def activate(x):
    return sigmoid(unknown(x))

def fast():
    return FAST

double = np.vectorize(lambda x: 2 * x)

if __name__ == '__main__':
    import sys
    sys.exit(my_way(X))
"""
    write(tmp_path, {"script.py": text})
    told = load(host, one(tmp_path / "script.py"))
    assert names(told) == ["Config", "total", "loops", "my_way", "activate", "fast", "double"]
    said = texts(told)
    assert "line 27 did not run: FileNotFoundError" in said
    assert "line 28 did not run: EOFError" in said
    assert "needs NumPy < 1.24: line 51 (np.float), supplied" in said
    assert "stands in for homework_utils" in said
    assert "__main__" not in said
    assert {m["name"]: m["implements"] for m in told["members"]}["my_way"] == "softmax"
    assert host.call("total", np.ones(3)) == 3
    assert host.call("loops", 4) == 9
    assert host.call("fast") is False
    np.testing.assert_allclose(host.call("my_way", np.zeros((1, 2))), [[0.5, 0.5]])
    np.testing.assert_allclose(host.call("double", np.ones(2)), [2, 2])
    with pytest.raises(Exception, match=r"Module\w+: it needs homework_utils\.unknown, which is not here"):
        host.call("activate", np.zeros(2))


def test_a_script_that_trains(tmp_path: Path, host: Isolated, monkeypatch: pytest.MonkeyPatch) -> None:
    """The rest is loaded all the same: definitions, and the constants that they need."""
    text = SOFTMAX + (
        "import time\nfor epoch in range(10**9):\n    time.sleep(0.01)\nRATE = 2\nprint('done')\n"
        "def late(x):\n    return RATE * softmax(x)\n"
    )
    write(tmp_path, {"train.py": text})
    told = load(host, one(tmp_path / "train.py"), patience=0.1)
    assert names(told) == ["softmax", "late"]
    assert "line 8 did not run: it takes too long" in texts(told)
    assert "1 more from line 11 on did not run, to save time" in texts(told)
    np.testing.assert_allclose(host.call("late", np.zeros((1, 2))), [[1, 1]])


def test_only_definitions(tmp_path: Path, host: Isolated) -> None:
    text = SOFTMAX + (
        "GAMMA = 2 * 3\nDELTA = GAMMA + 1\nparameters = softmax(None)\n"
        "def late(parameters, x):\n    return DELTA * x\n"
        "class Value:\n    def __add__(self, other):\n        return 7\n"
        "Value.__radd__ = Value.__add__\nsquare = lambda x: x * x\nprint(parameters)\n"
    )
    write(tmp_path, {"definitions.py": text})
    told = load(host, one(tmp_path / "definitions.py"), definitions=True)
    assert told["notes"] == []
    assert host.call("late", 1, 2) == 14
    assert host.call("square", 3) == 9
    assert host.call((host.make("Value"), "__radd__"), 1) == 7


def test_an_endless_file_is_lost_and_its_definitions_are_not(tmp_path: Path) -> None:
    write(
        tmp_path,
        {"endless.py": SOFTMAX + "while True:\n    try:\n        while True: pass\n    except: pass\n"},
    )
    submission = one(tmp_path / "endless.py")
    with Isolated(timeout=0.7) as host:
        with pytest.raises(Lost, match="no answer within"):
            load(host, submission)
        host.process.timeout = 5.0
        assert names(load(host, submission, definitions=True)) == ["softmax"]


def test_the_helpers_of_an_exercise(tmp_path: Path, host: Isolated) -> None:
    text = "from dnn_utils_v2 import sigmoid\ndef forward(Z):\n    A, cache = sigmoid(Z)\n    return A\n"
    write(tmp_path, {"app.py": text})
    told = load(host, one(tmp_path / "app.py"))
    assert names(told) == ["forward"]
    np.testing.assert_allclose(host.call("forward", np.zeros(2)), [0.5, 0.5])

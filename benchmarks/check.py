"""`parity check` from a cold start, isolated, and a folder of files in one process tree."""

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from benchmarks.timing import Measured, in_turns, milliseconds, python, ratio

FILES = 300
SECONDS_A_FILE = 0.15
ADAM = """
import numpy as np


def adam(param, grad, state=None, lr=1e-3, betas=(0.9, 0.999), eps=1e-8):
    t, m, v = state or (0, np.zeros_like(param), np.zeros_like(param))
    t += 1
    m = betas[0] * m + (1 - betas[0]) * grad
    v = betas[1] * v + (1 - betas[1]) * grad**2
    m_hat, v_hat = m / (1 - betas[0] ** t), v / (1 - betas[1] ** t)
    return param - lr * m_hat / (np.sqrt(v_hat) + eps), (t, m, v)
"""
# Eight algorithms in turns, some of them wrong, so that a folder is not one file checked often.
OTHERS = (
    "def softmax(x, axis=-1):\n    e = np.exp(x - x.max(axis, keepdims=True))\n"
    "    return e / e.sum(axis, keepdims=True)",
    "def sigmoid(x):\n    return 1 / (1 + np.exp(-x))",
    "def relu(x):\n    return np.maximum(x, 0)",
    "def layer_norm(x, weight, bias, eps=1e-5):\n"
    "    return weight * (x - x.mean(-1, keepdims=True)) / np.sqrt(x.var(-1, keepdims=True) + eps) + bias",
    "def mse_loss(input, target):\n    return ((input - target) ** 2).sum()",
    "def tanh(x):\n    return np.tanh(x) * 1.0001",
)


def measure() -> Iterator[Measured]:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "my_adam.py")
        file.write_text(ADAM)
        check = python("-m", "parity_tests.cli", "check", str(file))
        seconds = in_turns({"numpy": python("-c", "import numpy"), "check": check}, rounds=15)
        cold = ratio(seconds, "check", "numpy")
        yield Measured("parity check my_adam.py", "import numpy", cold, 6.0, milliseconds(seconds))
        code = (
            f"import sys; from parity_tests.cli import main; status = main(['check', {str(file)!r}]); "
            "sys.exit('torch is imported' if 'torch' in sys.modules else status)"
        )
        clear = subprocess.run([sys.executable, "-c", code], capture_output=True, check=False).returncode == 0
        yield Measured("parity check", "no import of torch", 0.0 if clear else 2.0, 1.0)
    with tempfile.TemporaryDirectory() as folder:
        for number in range(FILES):
            body = OTHERS[number % (len(OTHERS) + 1)] if number % (len(OTHERS) + 1) < len(OTHERS) else ADAM
            Path(folder, f"file_{number:03}.py").write_text(f"import numpy as np\n\n\n{body}\n")
        report = Path(folder, "report.json")
        began = time.perf_counter()
        subprocess.run(
            [sys.executable, "-m", "parity_tests.cli", "check", folder, "--json", str(report)],
            capture_output=True,
            check=False,
        )
        each = (time.perf_counter() - began) / FILES
        files = json.loads(report.read_text())["files"]
        checked = sum(bool(told["algorithms"]) for told in files)
        yield Measured(
            f"{checked} of {FILES} files in a folder",
            f"{SECONDS_A_FILE} s each",
            each / SECONDS_A_FILE if checked == FILES else float("inf"),
            1.0,
            f"{each * 1e3:.0f} ms each",
        )

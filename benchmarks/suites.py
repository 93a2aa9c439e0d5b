"""What is timed, against what, and how fast it should be."""

import subprocess
import sys
import time
from collections.abc import Callable, Iterator

from benchmarks.timing import Measured, in_turns, milliseconds, python, ratio


def startup() -> Iterator[Measured]:
    """What `import scratch` adds to `import numpy`, and that `parity list` stays clear of torch."""
    chapters = "import scratch.activations, scratch.losses, scratch.optimizers"
    seconds = in_turns(
        {
            "numpy": python("-c", "import numpy"),
            "scratch": python("-c", "import numpy, scratch"),
            "three chapters": python("-c", f"import numpy; {chapters}"),
        },
        rounds=15,
    )
    for name in ("scratch", "three chapters"):
        added = sorted(a - b for a, b in zip(seconds[name], seconds["numpy"], strict=True))
        yield Measured(
            f"import {name}",
            "30 ms beyond import numpy",
            added[len(added) // 2] / 0.030,
            1.0,
            milliseconds(seconds),
        )
    for words in ("['list']", "['explain', 'adam']"):
        code = (
            "import sys; from parity_tests.cli import main; main(" + words + "); "
            "sys.exit('torch is imported' if 'torch' in sys.modules else 0)"
        )
        clear = subprocess.run([sys.executable, "-c", code], capture_output=True, check=False).returncode == 0
        yield Measured(f"parity {words}", "no import of torch", 0.0 if clear else 2.0, 1.0)


def adam() -> Iterator[Measured]:
    """A step on 1,000,000 float64 values, one thread, against torch's single-tensor step."""
    import numpy as np
    import torch

    from scratch.optimizers import AdamState
    from scratch.optimizers import adam as step

    torch.set_num_threads(1)
    rng = np.random.default_rng(0)
    theta, grad = rng.standard_normal(1_000_000), rng.standard_normal(1_000_000)
    parameter = torch.nn.Parameter(torch.from_numpy(theta.copy()))
    parameter.grad = torch.from_numpy(grad.copy())
    optimizer = torch.optim.Adam([parameter], lr=0.01, foreach=False)
    ours = [theta, AdamState(0, np.zeros_like(theta), np.zeros_like(theta))]
    in_place = [theta.copy(), np.zeros_like(theta), np.zeros_like(theta), 0]

    def scratch_step() -> None:
        ours[:] = step(ours[0], grad, ours[1], lr=0.01)

    def buffers_step() -> None:
        """As fast as NumPy gets without cutting the arrays into pieces: every result into a buffer."""
        param, m, v, t = in_place
        t += 1
        m *= 0.9
        m += 0.1 * grad
        v *= 0.999
        square = grad * grad
        square *= 0.001
        v += square
        root = np.sqrt(v)
        root /= (1 - 0.999**t) ** 0.5
        root += 1e-8
        np.divide(m, root, out=root)
        root *= 0.01 / (1 - 0.9**t)
        param -= root
        in_place[3] = t

    seconds = in_turns(
        {"torch": optimizer.step, "scratch": scratch_step, "with buffers": buffers_step}, rounds=25
    )
    yield Measured(
        "Adam, 1e6 values",
        "torch, single tensor",
        ratio(seconds, "scratch", "torch"),
        2.0,
        milliseconds(seconds),
    )
    # What clarity costs: the other changes its arguments and no longer reads like the formula.
    price = ratio(seconds, "scratch", "with buffers")
    yield Measured("Adam, 1e6 values", "NumPy with buffers", price, 2.0)


def verify() -> Iterator[Measured]:
    """The whole of `parity verify` from a cold start."""
    began = time.perf_counter()
    finished = subprocess.run(
        [sys.executable, "-m", "parity_tests.cli", "verify"], capture_output=True, check=False, text=True
    )
    seconds = time.perf_counter() - began
    last = finished.stdout.strip().splitlines()[-1] if finished.stdout.strip() else finished.stderr[-200:]
    yield Measured("parity verify", "30 s", seconds / 30, 1.0, f"{seconds:.1f} s; {last}")


def check() -> Iterator[Measured]:
    """Somebody's files, from a cold start and in a folder."""
    from benchmarks.check import measure

    yield from measure()


def layers() -> Iterator[Measured]:
    """Convolution, pooling, normalization and recurrence."""
    from benchmarks.layers import measure

    yield from measure()


SUITES: dict[str, Callable[[], Iterator[Measured]]] = {
    "startup": startup,
    "adam": adam,
    "layers": layers,
    "verify": verify,
    "check": check,
}

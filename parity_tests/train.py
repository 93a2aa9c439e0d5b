"""`parity train`: one network, trained side by side in scratch and in torch from one initialisation.

Both take the same batches in the same order, so that rounding is all they may differ by. How much that
may be, a twin of the scratch run shows (`engine.runs.Drift`): it starts from weights moved by one
rounding each, and the two implementations conform as long as no parameter differs by more than 1000
times what the twin drifts. Of 400 correct trainings in float64 none reached more than 28 times; mistakes
start at 1e6. In float32 a rounding now and then carries a unit over the kink of its activation, which
changes a gradient at once and which the twin need not meet: there only smooth networks are judged.
"""

from __future__ import annotations

import argparse
import math
import shlex
from collections.abc import Iterator, Sequence
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from parity_tests.engine.precision import PRECISIONS
from parity_tests.engine.results import Result, Status
from parity_tests.engine.runs import Drift, moved_by_a_rounding

if TYPE_CHECKING:
    from parity_tests.datasets import Dataset

RATES = {
    **{"gradient_descent": 0.1, "sgd": 0.1, "adagrad": 0.02, "rmsprop": 0.002, "adadelta": 1.0},
    **{"adam": 0.01, "adamw": 0.01, "amsgrad": 0.01, "adamax": 0.01, "nadam": 0.01, "radam": 0.01},
}
HIDDEN = {"mlp": (64, 32), "convnet": (32,)}
KINKED = ("relu", "leaky_relu", "hardtanh")
DATA = ("digits", "diabetes", "house-prices")
BARS = "▁▂▃▄▅▆▇█"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `parity train`."""
    parser.add_argument("--data", default="digits", metavar="NAME", help=f"{', '.join(DATA)} (digits)")
    parser.add_argument("--optimizer", default="adamw", metavar="NAME", help=f"{', '.join(RATES)} (adamw)")
    parser.add_argument("--epochs", type=_count, default=20, metavar="N", help="passes over the data (20)")
    parser.add_argument("--batch-size", type=_count, default=32, metavar="N", help="examples to a step (32)")
    parser.add_argument("--lr", type=_rate, metavar="RATE", help="learning rate (what suits the optimizer)")
    parser.add_argument("--model", default="mlp", metavar="NAME", help=f"{', '.join(HIDDEN)} (mlp)")
    parser.add_argument("--channels", type=_sizes, default=(8, 16), metavar="N,…", help="of a convnet (8,16)")
    parser.add_argument("--hidden", type=_sizes, metavar="N,…", help="hidden units (64,32; 32 of a convnet)")
    parser.add_argument("--activation", default="tanh", metavar="NAME", help="of the hidden layers (tanh)")
    parser.add_argument("--seed", type=int, default=0, metavar="N", help="of split, weights and batches (0)")
    parser.add_argument("--dtype", default="float64", choices=["float64", "float32"])
    parser.add_argument("--json", metavar="FILE", help="write the report as JSON (- for standard output)")
    parser.add_argument("--plot", metavar="FILE", help="draw the learning curves (needs matplotlib)")


def _count(text: str) -> int:
    if not text.isdigit() or int(text) == 0:
        raise argparse.ArgumentTypeError(f"{text!r} is no whole number above 0")
    return int(text)


def _rate(text: str) -> float:
    try:
        rate = float(text)
    except ValueError:
        rate = math.nan
    if not 0 < rate < math.inf:
        raise argparse.ArgumentTypeError(f"{text!r} is no number above 0")
    return rate


def _sizes(text: str) -> tuple[int, ...]:
    return tuple(_count(size) for size in text.split(",") if text)


def run(arguments: argparse.Namespace) -> int:
    """Train and report: 0 if the two conform, 1 if they do not, 2 if nothing could be judged.

    Raises ValueError for what cannot be trained.
    """
    from rich.console import Console  # noqa: PLC0415 (slow to import)
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TimeElapsedColumn  # noqa: PLC0415
    from threadpoolctl import threadpool_limits  # noqa: PLC0415

    import reference  # noqa: F401, PLC0415 (imports torch, whose threads are to be limited as well)
    from parity_tests.datasets import load  # noqa: PLC0415
    from parity_tests.reports.summary import Summary  # noqa: PLC0415

    how = _how(arguments)
    rng, images = np.random.default_rng([how.seed, 0]), how.model == "convnet"
    data = load(how.data, rng=rng, dtype=how.dtype, images=images)
    console = Console(stderr=how.json == "-", highlight=False, soft_wrap=True)
    for line in _head(how, data):
        console.print(line)
    drift = Drift()
    epochs: list[Epoch] = []
    columns = (BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    bar = Progress(*columns, console=console, transient=True, disable=not console.is_terminal)
    # Matrices of this size are multiplied before a second thread has woken up; and where a training
    # overflows, its last line says so.
    with bar, threadpool_limits(1), np.errstate(all="ignore"):
        task = bar.add_task("", total=how.epochs)
        for epoch in side_by_side(how, data, drift):
            epochs.append(epoch)
            console.print(_row(epoch))
            bar.advance(task)
    result = _result(how, drift)
    for line in _foot(data, epochs, drift, result):
        console.print(line)
    if how.json:
        _write_json(how, result, epochs)
    if how.plot:
        _plot(how, epochs)
    return Summary.of([result]).exit_status


def _how(arguments: argparse.Namespace) -> argparse.Namespace:
    """The arguments with a learning rate and hidden units, once all of them are known to be possible."""
    from scratch.models import ACTIVATIONS  # noqa: PLC0415 (the chapters are imported when they are needed)

    choices = {"data": DATA, "optimizer": tuple(RATES), "model": tuple(HIDDEN), "activation": ACTIVATIONS}
    for name, known in choices.items():
        if getattr(arguments, name) not in known:
            raise ValueError(f"--{name} is one of {', '.join(known)}, not {getattr(arguments, name)!r}")
    for file in (arguments.json, arguments.plot):
        if file and not Path(file).absolute().parent.is_dir():
            raise ValueError(f"{file} cannot be written: its folder does not exist")
    if arguments.plot and find_spec("matplotlib") is None:
        raise ValueError("--plot needs matplotlib, which is not installed: pip install matplotlib")
    lr = RATES[arguments.optimizer] if arguments.lr is None else arguments.lr
    hidden = HIDDEN[arguments.model] if arguments.hidden is None else arguments.hidden
    return argparse.Namespace(**{**vars(arguments), "lr": lr, "hidden": hidden})


# ---- the training ----


class Figures(NamedTuple):
    """How good an implementation's network is: losses, and the score (accuracy or R²) on each set."""

    train_loss: float
    validation_loss: float
    validation_score: float
    train_score: float
    test_score: float


class Epoch(NamedTuple):
    """Where both stand at the end of an epoch, and the drift so far with what is allowed."""

    number: int
    scratch: Figures
    torch: Figures
    difference: float
    allowed: float


def side_by_side(how: argparse.Namespace, data: Dataset, drift: Drift) -> Iterator[Epoch]:
    """Train scratch, torch and scratch's twin in lockstep: every step goes to `drift`, every epoch out."""
    import reference.models  # noqa: PLC0415 (imports torch)
    import reference.training  # noqa: PLC0415
    import scratch.models  # noqa: PLC0415
    import scratch.training  # noqa: PLC0415

    rng = np.random.default_rng([how.seed, 1])
    x, target = data.train
    sizes = (*how.hidden, data.outputs)
    if how.model == "convnet":
        layout = scratch.models.convnet_shapes(x.shape[1:], how.channels, sizes)
    else:
        layout = scratch.models.mlp_shapes((x.shape[1], *sizes))
    params = scratch.models.init_params(layout, rng=rng, dtype=how.dtype)
    permutations = np.stack([rng.permutation(len(x)) for _ in range(how.epochs)])
    network = {"activation": how.activation, "loss": data.loss}
    our_network = {**network, "model": getattr(scratch.models, how.model)}
    their_network = {**network, "model": getattr(reference.models, f"{how.model}_module")}
    options = {"optimizer": how.optimizer, "lr": how.lr, "batch_size": how.batch_size}
    ours = scratch.training.train(x, target, params, permutations, **our_network, **options)
    theirs = reference.training.train(x, target, params, permutations, **their_network, **options)
    params = moved_by_a_rounding(params, rng)
    twin = scratch.training.train(x, target, params, permutations, **our_network, **options)
    steps_an_epoch = math.ceil(len(x) / how.batch_size)
    for our, their, moved in zip(ours, theirs, twin, strict=True):
        drift.add(our.step, our.params, their.params, moved.params)
        if our.step % steps_an_epoch == 0:
            figures = (
                _figures(scratch.training, data, our.params, our_network),
                _figures(reference.training, data, their.params, their_network),
            )
            yield Epoch(our.step // steps_an_epoch, *figures, drift.difference, drift.allowed)


def _figures(implementation: ModuleType, data: Dataset, params: Any, network: dict[str, Any]) -> Figures:
    curves = implementation.learning_curves(*data.train, *data.validation, [params], **network)
    test = implementation.learning_curves(*data.validation, *data.test, [params], **network)
    figures = {name: float(curve[-1]) for name, curve in curves._asdict().items()}
    return Figures(**figures, test_score=float(test.validation_score[-1]))


def _result(how: argparse.Namespace, drift: Drift) -> Result:
    """One check: no step that was judged went beyond what is allowed, and there were some."""
    status, message = Status.PASSED, ""
    if how.dtype == "float32" and (how.activation in KINKED or how.model == "convnet"):
        kink = f"the kink of {how.activation}" if how.activation in KINKED else "the kinks of max-pooling"
        status, message = Status.SKIPPED, f"float32 rounds across {kink}: take float64"
    elif drift.parted is not None:
        status, message = Status.FAILED, f"from step {drift.parted} on a parameter is beyond what is allowed"
    elif not drift.judged:
        status, message = Status.SKIPPED, "chaotic from the first step on: take a smaller --lr, or float64"
    setting, again = f"{PRECISIONS[how.dtype].short}-cpu", _command(how) if message else ""
    return Result("train", "run", setting, status, message, drift.worst, cases=1, reproduce=again)


def _command(how: argparse.Namespace) -> str:
    words = ["parity", "train"]
    names = ["data", "optimizer", "epochs", "batch_size", "lr", "model", "hidden"]
    names += ["channels"] if how.model == "convnet" else []
    for name in [*names, "activation", "seed", "dtype"]:
        value = getattr(how, name)
        text = ",".join(map(str, value)) if isinstance(value, tuple) else str(value)
        words += [f"--{name.replace('_', '-')}", shlex.quote(text)]
    return " ".join(words)


# ---- what is said ----


def _head(how: argparse.Namespace, data: Dataset) -> Iterator[str]:
    counts = [len(examples.x) for examples in (data.train, data.validation, data.test)]
    channels = how.channels if how.model == "convnet" else ()
    inputs = "×".join(map(str, data.train.x.shape[1:]))
    sizes = "-".join(map(str, (inputs, *channels, *how.hidden, data.outputs)))
    yield f"{how.data}: {counts[0]} examples to train on, {counts[1]} to validate, {counts[2]} to test"
    yield f"{how.optimizer}, lr {how.lr:g}, batch {how.batch_size}, {data.loss}, {how.dtype}, seed {how.seed}"
    yield f"{how.model} {sizes}, {how.activation}\n"
    titles = [f"{title:^18}" for title in ("training loss", "validation loss", f"validation {data.score}")]
    names = [f"{'scratch':>9}{'torch':>9}"] * 3
    yield f"[bold]       {'  '.join(titles)}  parameters differ[/]"
    yield f"[bold]epoch  {'  '.join(names)}         by   allowed[/]"


def _row(epoch: Epoch) -> str:
    pairs = [
        "".join(f"{value:9.5f}" if abs(value) < 100 else f"{value:9.1e}" for value in values)
        for values in list(zip(epoch.scratch, epoch.torch, strict=True))[:3]
    ]
    return f"{epoch.number:5}  {'  '.join(pairs)}  {epoch.difference:9.1e} {epoch.allowed:9.1e}"


def _foot(data: Dataset, epochs: Sequence[Epoch], drift: Drift, result: Result) -> Iterator[str]:
    last = epochs[-1]
    yield ""
    yield f"validation loss  {_bars([epoch.scratch.validation_loss for epoch in epochs])}"
    yield f"test {data.score}  {last.scratch.test_score:.4f} scratch, {last.torch.test_score:.4f} torch\n"
    if drift.chaotic is not None:
        chaotic = "chaotic: one rounding of the weights at the start decides it"
        why = chaotic if math.isfinite(drift.twin) else "not finite"
        yield f"From step {drift.chaotic} on the training is {why}. No step from there on was judged."
    match result.status:
        case Status.PASSED:
            yield (
                f"[bold green]scratch and torch conform over {drift.judged} steps: the largest difference is "
                f"{drift.worst:.1g} of what is allowed[/]"
            )
            yield f"(allowed are {drift.ALLOWANCE:.0f} times what one rounding of the first weights does)"
        case Status.FAILED:
            yield f"[bold red]scratch and torch do not conform: {result.message}[/]"
        case _:
            yield f"[bold yellow]nothing was judged: {result.message}[/]"
    if result.reproduce:
        yield f"see it again: {result.reproduce}"


def _bars(values: Sequence[float]) -> str:
    """A curve of one line; a value that is not finite is a question mark."""
    finite = [value for value in values if math.isfinite(value)]
    low, span = min(finite, default=0.0), max(finite, default=0.0) - min(finite, default=0.0)
    top = (len(BARS) - 1) / span if span else 0.0
    return "".join(BARS[round((v - low) * top)] if math.isfinite(v) else "?" for v in values)


def _write_json(how: argparse.Namespace, result: Result, epochs: Sequence[Epoch]) -> None:
    from parity_tests.reports import jsonfile  # noqa: PLC0415

    curves = [
        {**epoch._asdict(), "scratch": epoch.scratch._asdict(), "torch": epoch.torch._asdict()}
        for epoch in epochs
    ]
    report = jsonfile.report("scratch", [result])
    jsonfile.write(how.json, {**report, "training": {"command": _command(how), "epochs": curves}})


def _plot(how: argparse.Namespace, epochs: Sequence[Epoch]) -> None:
    """scratch as lines, torch as dots on them."""
    from matplotlib.figure import Figure  # type: ignore[import-not-found,unused-ignore]  # noqa: PLC0415

    figure = Figure(figsize=(10, 4), layout="constrained")
    numbers = [epoch.number for epoch in epochs]
    for axes, what in zip(figure.subplots(1, 2), ("loss", "score"), strict=True):
        for name in ("train", "validation"):
            ours = [getattr(epoch.scratch, f"{name}_{what}") for epoch in epochs]
            theirs = [getattr(epoch.torch, f"{name}_{what}") for epoch in epochs]
            (line,) = axes.plot(numbers, ours, label=f"{name}, scratch")
            axes.plot(numbers, theirs, "o", color=line.get_color(), fillstyle="none", label=f"{name}, torch")
        axes.set_xlabel("epoch")
        axes.set_ylabel(what)
        axes.legend()
    figure.suptitle(f"{how.data}, {how.optimizer}, lr {how.lr:g}")
    figure.savefig(how.plot)

"""Accelerators, as far as can be tried without one: flags, canaries, rows, and a CPU that poses as one."""

import importlib
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode

import reference
from parity_tests.catalogue import Algorithm, algorithms, find
from parity_tests.catalogue._mode import PLAIN, Mode
from parity_tests.checks import COMPARED, Row, largest_everywhere
from parity_tests.cli import main
from parity_tests.engine.cases import Case
from parity_tests.engine.operations import bound, drive, upstream_for
from parity_tests.engine.precision import FLOAT32, TF32
from parity_tests.engine.results import Result, Status
from parity_tests.modes import BY_CUDNN, CONVOLVES, MULTIPLIES, modes_of
from parity_tests.reports.summary import Summary
from parity_tests.verify import Plan, verify
from reference import _platform

aten: Any = torch.ops.aten
backends: Any = torch.backends
cudnn = backends.cudnn
PRODUCTS = {
    *(aten.mm.default, aten.bmm.default, aten.addmm.default, aten.baddbmm.default),
    *(aten.convolution.default, aten.convolution_backward.default),
}
WHERE_OLD_AND_NEW_DIFFER = [("tf32", "ieee"), ("ieee", "tf32"), ("none", "none")]


class TensorCores(TorchDispatchMode):
    """A device with few bits for the factors of products: when the flags allow it, or whether or not."""

    def __init__(self, bits: int = 11, *, obedient: bool = True) -> None:
        super().__init__()
        self.bits, self.obedient = bits, obedient

    def __torch_dispatch__(
        self, op: Any, types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        allowed = not self.obedient or backends.cuda.matmul.fp32_precision == "tf32"
        if op in PRODUCTS and allowed:
            args = tuple(self.rounded(arg) for arg in args)
        return op(*args, **(kwargs or {}))

    def rounded(self, leaf: Any) -> Any:
        lost = 24 - self.bits
        if not isinstance(leaf, torch.Tensor) or leaf.dtype != torch.float32 or not lost:
            return leaf
        bits = leaf.contiguous().view(torch.int32)
        bits = bits + (1 << lost - 1) - 1 + ((bits >> lost) & 1)
        return (bits >> lost << lost).view(torch.float32)


@pytest.fixture(autouse=True)
def _fresh_canaries() -> Iterator[None]:
    for canary in (_platform.ieee_trouble, _platform.tf32_trouble):
        canary.cache_clear()
    yield
    for canary in (_platform.ieee_trouble, _platform.tf32_trouble):
        canary.cache_clear()


def state() -> dict[str, Any]:
    """Every flag that may be touched, and those above them."""
    flags = {
        f"{getattr(owner, '__name__', type(owner).__name__)} {number} {name}": _platform._read(owner, name)
        for number, (owner, name, _) in enumerate((*_platform.IEEE, (cudnn, "enabled", None)))
    }
    return {
        **flags,
        "all": backends.fp32_precision,
        "all of cuDNN": cudnn.fp32_precision,
        "deterministic": torch.are_deterministic_algorithms_enabled(),
        "warn only": torch.is_deterministic_algorithms_warn_only_enabled(),
    }


def posed(entry: Algorithm, dtype: str, *modes: str, examples: int = 1) -> list[Result]:
    """The rows of an accelerator, on the CPU."""
    plan = Plan([dtype], "cuda", examples=examples, modes=modes, pose="cpu")
    return verify(entry, plan, alone=False)


# ---- flags ----


def test_the_flags_are_set_inside_and_restored_after() -> None:
    before = state()
    with _platform.ieee("cpu"):
        for owner, name, value in _platform.IEEE:
            assert getattr(owner, name) == value
        assert torch.are_deterministic_algorithms_enabled()
        inside = state()
        assert inside != before
        with _platform.without_cudnn():
            assert not cudnn.enabled
        assert state() == inside
        with TensorCores(), _platform.tf32("cpu"):
            for owner, name, value in _platform.TF32:
                assert getattr(owner, name) == value
        assert state() == inside
    assert state() == before


@pytest.mark.parametrize("inner", [_platform.without_cudnn, lambda: _platform.ieee("cpu")])
def test_an_exception_restores_the_flags(inner: Callable[[], Any]) -> None:
    before = state()
    with pytest.raises(ZeroDivisionError), inner():
        raise ZeroDivisionError
    assert state() == before


@pytest.mark.parametrize(("matmul", "conv"), WHERE_OLD_AND_NEW_DIFFER)
def test_what_somebody_set_before_is_restored(matmul: str, conv: str) -> None:
    """With the new names alone, torch refuses to read some of the old ones."""
    with _platform.flags(
        [
            (_platform.MATMUL, "fp32_precision", matmul),
            (cudnn.conv, "fp32_precision", conv),
            (cudnn, "benchmark", True),
        ]
    ):
        before = state()
        with _platform.ieee("cpu"):
            assert backends.cuda.matmul.fp32_precision == cudnn.conv.fp32_precision == "ieee"
            assert not cudnn.benchmark
        assert state() == before


def test_what_the_reference_sets_itself_leaves_the_flags_alone() -> None:
    """Dropout between recurrent layers goes without cuDNN, which would draw masks of its own."""
    case = find("lstm").case("float32", "seed=0 num_layers=2 with_dropout=True")
    with _platform.ieee("cpu"):
        inside = state()
        drive(find("lstm").reference, case, upstream_for(find("lstm").scratch, case))
        assert state() == inside


# ---- the environment ----


def test_the_environment_is_prepared(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (_platform.WORKSPACE, _platform.OVERRIDE):
        monkeypatch.setenv(name, "")
    _platform.prepare(tf32=True)
    assert os.environ[_platform.WORKSPACE] == ":4096:8"
    assert os.environ[_platform.OVERRIDE] == ""
    _platform.prepare(tf32=False)
    assert os.environ[_platform.OVERRIDE] == "0"
    assert "forbids TF32" in _platform.unfit_for_tf32("cpu")


def test_an_environment_that_comes_too_late_or_asks_for_tf32_is_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv(_platform.WORKSPACE, "")
    monkeypatch.setattr(torch.cuda, "is_initialized", lambda: True)
    with pytest.raises(RuntimeError, match="CUDA has started without CUBLAS_WORKSPACE_CONFIG=:4096:8"):
        _platform.prepare()
    monkeypatch.setenv(_platform.WORKSPACE, ":16:8")
    _platform.prepare()
    monkeypatch.setenv(_platform.OVERRIDE, "1")
    with pytest.raises(RuntimeError, match="unset it"):
        _platform.prepare()


# ---- canaries ----


def test_the_cpu_is_exact() -> None:
    assert set(_platform.errors_of_identity("cpu").values()) == {0.0}
    assert _platform.ieee_trouble("cpu") == ""


def test_tf32_is_seen_where_it_should_not_be() -> None:
    with TensorCores(obedient=False):
        errors = _platform.errors_of_identity("cpu")
        assert all(0 < error <= _platform.TF32_BOUND for error in errors.values())
        with pytest.raises(RuntimeError, match="float32 is not IEEE on cpu"), _platform.ieee("cpu"):
            pass


@pytest.mark.parametrize(("bits", "says"), [(24, "is exact"), (8, "is off by")])
def test_tf32_is_missed_where_it_should_be(bits: int, says: str) -> None:
    with TensorCores(bits), pytest.raises(RuntimeError, match=says), _platform.tf32("cpu"):
        pass


def test_a_device_that_is_not_ieee_runs_nothing() -> None:
    with TensorCores(obedient=False):
        results = posed(find("linear"), "float32", "plain")
    assert {result.status for result in results} == {Status.ERROR}
    assert all("not IEEE" in result.message for result in results)


@pytest.mark.parametrize("name", ["linear", "conv2d", "scaled_dot_product_attention", "mlp"])
def test_tf32_fails_the_rows_of_float32(name: str) -> None:
    """Should a canary overlook it."""
    with TensorCores(obedient=False):
        results = verify(find(name), Plan(["float32"], modes=["plain"]), alone=False)
    assert {result.status for result in results} == {Status.FAILED}


# ---- rows of an accelerator, on the CPU ----


@pytest.mark.parametrize(
    "entry", [e for e in algorithms() if e.name in MULTIPLIES], ids=lambda entry: entry.name
)
def test_tf32_passes_its_own_rows(entry: Algorithm) -> None:
    with TensorCores():
        results = posed(entry, "float32", "plain", "tf32")
    assert {result.setting for result in results} == {"f32-cuda", "f32-cuda-tf32"}
    wrong = [f"{result.id}: {result.message}" for result in results if result.status is not Status.PASSED]
    assert not wrong


def test_tf32_has_rows_where_something_is_multiplied_and_nowhere_else() -> None:
    """Whatever changes on a device with few bits, in a value or a gradient."""
    changed = {"residual_lstm"}  # the CPU has one kernel for the whole of a plain LSTM
    for entry in algorithms():
        if entry.protocol not in ("operation", "function") or "float32" not in entry.dtypes:
            continue
        for case in entry.cases("float32", examples=0):
            upstream = upstream_for(entry.scratch, case)
            exact = drive(entry.reference, case, upstream)
            with TensorCores(obedient=False):
                coarse = drive(entry.reference, case, upstream)
            for a, b in zip(exact, coarse, strict=True):
                if any(not np.array_equal(a[name], b[name], equal_nan=True) for name in a):
                    changed.add(entry.name)
    assert changed == MULTIPLIES


def test_tf32_catches_a_product_of_eight_bits() -> None:
    """The canary sees it first; without it, the bound does."""
    entry = find("linear")
    row = Row(
        entry, Plan(["float32"], "cuda", pose="cpu"), "float32", Mode("tf32", precision={"float32": TF32})
    )
    (check,) = COMPARED["operation"](row)
    with TensorCores(7, obedient=False):
        tallies = check.run()
    assert any(tally.divergences for tally in tallies)


@pytest.mark.parametrize(
    "name", ["softmax", "conv2d", "batch_norm", "lstm", "residual_network", "train", "adam"]
)
@pytest.mark.parametrize("dtype", ["float64", "float32", "bfloat16", "float16"])
def test_an_accelerator_runs_as_the_cpu_does(name: str, dtype: str) -> None:
    """Its driver, its flags, cuDNN off, steps of all kinds: all but what the CPU has not."""
    absent = {"capturable", "foreach_capturable", "tf32"}
    modes = {mode.name or "plain" for mode in modes_of(find(name))} - absent
    results = posed(find(name), dtype, *modes, examples=4)
    assert results or (name == "train" and dtype != "float64")
    wrong = [f"{result.id}: {result.message}" for result in results if result.status is not Status.PASSED]
    assert not wrong
    assert all(result.setting.split("-")[1] == "cuda" for result in results)


def test_kernels_that_the_device_lacks_are_errors_and_not_green() -> None:
    entry = find("scaled_dot_product_attention")
    found = {result.setting: result.status for result in posed(entry, "bfloat16")}
    assert found == {
        "bf16-cuda": Status.PASSED,
        "bf16-cuda-fused": Status.PASSED,
        "bf16-cuda-flash": Status.PASSED,
        "bf16-cuda-efficient": Status.ERROR,
        "bf16-cuda-cudnn": Status.ERROR,
    }


@pytest.mark.parametrize(
    "name", [e.name for e in algorithms() if any("capturable" in m.name for m in e.variants)]
)
@pytest.mark.parametrize("dtype", ["float64", "float32", "bfloat16", "float16"])
def test_steps_in_a_graph(name: str, dtype: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The CPU computes them as well, once torch is told that it may."""
    for module in ("adam", "adamax", "nadam", "radam", "rmsprop", "adadelta"):
        owner = importlib.import_module(f"torch.optim.{module}")
        monkeypatch.setattr(owner, "_get_capturable_supported_devices", lambda **_: ["cpu"])
    results = posed(find(name), dtype, "capturable", "foreach_capturable")
    assert len(results) == 2
    wrong = [f"{result.id}: {result.message}" for result in results if result.status is not Status.PASSED]
    assert not wrong


# ---- what is run, and what is said where there is no device ----


def test_modes_belong_to_algorithms_that_there_are() -> None:
    names = {entry.name for entry in algorithms()}
    assert names >= MULTIPLIES | BY_CUDNN | CONVOLVES
    for entry in algorithms():
        labels = [mode.name for mode in modes_of(entry)]
        assert labels[0] == ""
        assert len(set(labels)) == len(labels)
        assert all(mode.dtypes or mode is PLAIN or mode.default for mode in entry.variants)


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a CUDA device here")
def test_without_a_device_every_row_is_skipped_with_the_reason_and_counted() -> None:
    entry = find("conv2d")
    results = verify(entry, Plan(device="cuda"), alone=False)
    assert {result.status for result in results} == {Status.SKIPPED}
    assert {result.message for result in results} == {"no CUDA device"}
    settings = {result.setting for result in results}
    assert settings == {
        *(f"{dtype}-cuda{mode}" for dtype in ("f64", "f32", "bf16", "f16") for mode in ("", "-native")),
        "f32-cuda-tf32",
    }
    summary = Summary.of(results)
    assert not summary.green
    assert summary.exit_status == 2
    assert summary.counts["skipped"] == summary.apply == len(results)


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a CUDA device here")
def test_the_command_says_what_was_skipped(capsys: pytest.CaptureFixture[str]) -> None:
    words = ["verify", "relu", "--only", "outputs"]
    assert main([*words, "--device", "cuda"]) == 2
    assert "4 checks skipped: no CUDA device" in capsys.readouterr().out
    assert main([*words, "--device", "all"]) == 0
    assert "12 of 12 checks passed (4 skipped)" in capsys.readouterr().out


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a CUDA device here")
def test_without_a_device_no_record_is_written(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Nor is one of a machine that had it overwritten."""
    file = tmp_path / "cuda.json"
    assert main(["verify", "relu", "--device", "cuda", "--record", str(file)]) == 2
    assert capsys.readouterr().err == "parity: no check ran: no CUDA device\n"
    assert not file.exists()


@pytest.mark.parametrize(
    ("transform", "status"),
    [(lambda f: f, Status.PASSED), (lambda f: lambda **tensors: f(**tensors) * 1.5, Status.FAILED)],
    ids=["as it is", "half as much again"],
)
def test_a_mode_may_have_functions_called_otherwise(
    transform: Any, status: Status, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In a setting of its own, forward and backward; what is after it is called as before."""
    mode = Mode(
        "otherwise", inside=lambda _: reference.through(transform), of=lambda entry: entry.name == "tanh"
    )
    monkeypatch.setattr("parity_tests.modes.MODES", (mode,))
    results = {result.id: result.status for result in verify(find("tanh"), Plan(), alone=False)}
    assert len(results) == 16
    for id_, found in results.items():
        assert found is (status if id_.endswith("-otherwise]") else Status.PASSED)


def test_modes_are_chosen_by_name(capsys: pytest.CaptureFixture[str]) -> None:
    words = ["verify", "sgd", "--only", "trajectory", "--dtype", "float64", "--mode"]
    assert main([*words, "fused"]) == 0
    assert "1 of 1 checks passed" in capsys.readouterr().out
    assert main([*words, "moon"]) == 2
    assert "no mode called 'moon' here, on cpu; there are plain, foreach, fused" in capsys.readouterr().err


def test_a_mode_of_another_device_is_no_mode_there(capsys: pytest.CaptureFixture[str]) -> None:
    words = ["verify", "linear", "--only", "outputs", "--mode"]
    assert main([*words, "strided", "--device", "cuda"]) == 2
    assert "no mode called 'strided' here, on cuda; there are plain, tf32\n" in capsys.readouterr().err
    assert main([*words, "tf32"]) == 2
    assert "no mode called 'tf32' here, on cpu; there are plain, " in capsys.readouterr().err


def test_a_convolution_elsewhere_is_held_to_the_largest_scale_of_its_tensor() -> None:
    entry = find("conv2d")
    case: Case = entry.cases("float32", examples=0)[0]
    upstream = upstream_for(entry.scratch, case)
    own = bound(entry.scratch, case, upstream, FLOAT32)
    largest = bound(largest_everywhere(entry.scratch), case, upstream, FLOAT32)
    for part in (0, 1):
        for name, scale in own[part].items():
            assert (largest[part][name].scale == scale.scale.max()).all()
            assert (largest[part][name].value == scale.value).all()
    assert upstream_for(largest_everywhere(entry.scratch), case)[0].shape == upstream[0].shape

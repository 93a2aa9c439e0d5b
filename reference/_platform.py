"""What float32 means on a device: the flags of torch that decide it, and proof that they work.

By default torch lets cuDNN compute convolutions in TF32, with 11 bits in place of 24. `ieee` switches off
whatever computes in fewer digits than the dtype has, `tf32` switches TF32 on, and both put back what they
found. Each proves by a canary that the device does as it is told: a product with the identity gives float32
back bit for bit, or it does not.
"""

from __future__ import annotations

import functools
import os
import platform
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from torch import nn

BACKENDS: Any = torch.backends
cudnn, MATMUL = BACKENDS.cudnn, BACKENDS.cuda.matmul
WORKSPACE, OVERRIDE = "CUBLAS_WORKSPACE_CONFIG", "NVIDIA_TF32_OVERRIDE"
REPRODUCIBLE = (":4096:8", ":16:8")
TF32_BOUND = 2.0**-10  # 11 bits, rounded or cut off
# Said of what is right all the same: an order of summation, the layout of a cuDNN module's parameters.
HARMLESS = (
    "does not have a deterministic implementation",
    "RNN module weights are not part of single contiguous chunk of memory",
)
SIDE = 128  # of the canary's matrix: tensor cores want large ones

Flag = tuple[Any, str, Any]
# The old names before the new ones: torch wants both to agree, and the new ones have the last word.
PRECISION_FLAGS = ((cudnn, "allow_tf32"), (MATMUL, "allow_tf32"))
PRECISION_NAMES = (
    (MATMUL, "fp32_precision"),
    (cudnn.conv, "fp32_precision"),
    (cudnn.rnn, "fp32_precision"),
)
IEEE: tuple[Flag, ...] = (
    *((owner, name, False) for owner, name in PRECISION_FLAGS),
    *((owner, name, "ieee") for owner, name in PRECISION_NAMES),
    (MATMUL, "allow_fp16_reduced_precision_reduction", False),
    (MATMUL, "allow_bf16_reduced_precision_reduction", False),
    (MATMUL, "allow_fp16_accumulation", False),
    (cudnn, "benchmark", False),
    (cudnn, "deterministic", True),
)
TF32: tuple[Flag, ...] = (
    *((owner, name, True) for owner, name in PRECISION_FLAGS),
    *((owner, name, "tf32") for owner, name in PRECISION_NAMES),
)


def prepare(*, tf32: bool = True) -> None:
    """Set what CUDA reads from the environment when it starts; `tf32`: whether anybody will ask for TF32.

    Raises RuntimeError if CUDA has started without, or if the environment forces TF32 on everybody.
    """
    if os.environ.get(OVERRIDE) == "1":
        raise RuntimeError(f"{OVERRIDE}=1 computes all float32 in TF32; unset it")
    wanted = {WORKSPACE: REPRODUCIBLE, **({} if tf32 else {OVERRIDE: ("0",)})}
    for name, values in wanted.items():
        if os.environ.get(name) in values:
            continue
        if torch.cuda.is_initialized():
            raise RuntimeError(f"CUDA has started without {name}={values[0]}; set it before, and begin anew")
        os.environ[name] = values[0]


@contextmanager
def flags(wanted: Sequence[Flag]) -> Iterator[None]:
    """These flags inside the block, and those that were there before after it."""
    before = [(owner, name, _read(owner, name)) for owner, name, _ in wanted]
    try:
        for owner, name, value in wanted:
            setattr(owner, name, value)
        yield
    finally:
        for owner, name, value in before:
            if value is not None:
                setattr(owner, name, value)


def _read(owner: Any, name: str) -> Any:
    """torch refuses to say the old name's value where the new ones were mixed; then there is none."""
    try:
        return getattr(owner, name)
    except RuntimeError:
        return None


@contextmanager
def deterministic() -> Iterator[None]:
    """Deterministic algorithms, wherever torch has one: for a few gradients it has none on CUDA."""
    mode, warn_only = (
        torch.are_deterministic_algorithms_enabled(),
        torch.is_deterministic_algorithms_warn_only_enabled(),
    )
    torch.use_deterministic_algorithms(True, warn_only=True)
    try:
        with warnings.catch_warnings():
            for harmless in HARMLESS:
                warnings.filterwarnings("ignore", f".*{harmless}")
            yield
    finally:
        torch.use_deterministic_algorithms(mode, warn_only=warn_only)


@contextmanager
def ieee(device: str) -> Iterator[None]:
    """Every dtype in all its digits. Raises RuntimeError if float32 on the device has fewer all the same."""
    with flags(IEEE), deterministic():
        trouble = ieee_trouble(device)
        if trouble:
            raise RuntimeError(trouble)
        yield


@contextmanager
def tf32(device: str = "cuda") -> Iterator[None]:
    """TF32 in products and convolutions. Raises RuntimeError if the device errs by more than TF32 may."""
    with flags(TF32):
        trouble = tf32_trouble(device)
        if trouble:
            raise RuntimeError(trouble)
        yield


@contextmanager
def without_cudnn() -> Iterator[None]:
    """torch's own kernels in place of cuDNN's."""
    with flags([(cudnn, "enabled", False)]):
        yield


def unfit_for_tf32(device: str) -> str:
    """Why there is no TF32, if so."""
    if os.environ.get(OVERRIDE) == "0":
        return f"{OVERRIDE}=0 forbids TF32"
    if device.startswith("cuda") and torch.cuda.get_device_capability(device) < (8, 0):
        return "the device has no TF32"
    return ""


def errors_of_identity(device: str) -> dict[str, float]:
    """How far a product with the identity, and a 1×1 convolution with it, are from what goes in: the largest
    error relative to the element. Each element has all its 24 bits."""
    x = torch.randn(SIDE, SIDE, generator=torch.Generator().manual_seed(0)).to(device)
    identity = torch.eye(SIDE, device=device)
    products = {
        "a product with the identity": x @ identity,
        "a 1×1 convolution with the identity": nn.functional.conv2d(
            x[None, :, :, None], identity[:, :, None, None]
        )[0, :, :, 0],
    }
    return {name: float(((y - x) / x).abs().max()) for name, y in products.items()}


@functools.cache
def ieee_trouble(device: str) -> str:
    """What proves that float32 has fewer than 24 bits there, if so."""
    for name, error in errors_of_identity(device).items():
        if error != 0:
            return f"float32 is not IEEE on {device}: {name} is off by {error:.1e}"
    return ""


@functools.cache
def tf32_trouble(device: str) -> str:
    """What proves that TF32 is off, or coarser than it may be, if so."""
    errors = errors_of_identity(device)
    if not any(errors.values()):
        return f"TF32 was asked for on {device}, and a product with the identity is exact"
    name, error = max(errors.items(), key=lambda item: item[1])
    return (
        "" if error <= TF32_BOUND else f"{name} is off by {error:.1e} on {device}, TF32 by {TF32_BOUND:.1e}"
    )


def described(device: str) -> dict[str, Any]:
    """Versions and hardware that a result on the device depends on."""
    libc = " ".join(platform.libc_ver())
    about: dict[str, Any] = {
        "system": " ".join(filter(None, (platform.system(), platform.machine(), libc))),
        "cpu": _cpu(),
        "cpu_capability": torch.backends.cpu.get_cpu_capability(),
        "mkl": torch.backends.mkl.is_available(),
        "mkldnn": torch.backends.mkldnn.is_available(),
    }
    if device.startswith("cuda") and torch.cuda.is_available():
        properties = torch.cuda.get_device_properties(device)
        about |= {
            "device": properties.name,
            "capability": f"{properties.major}.{properties.minor}",
            "cuda": torch.version.cuda,
            "cudnn": cudnn.version(),
            "driver": _driver(),
        }
    return about


def _cpu() -> str:
    file = Path("/proc/cpuinfo")
    lines = file.read_text(encoding="utf-8").splitlines() if file.exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor()


def _driver() -> str:
    file = Path("/proc/driver/nvidia/version")
    return file.read_text(encoding="utf-8").splitlines()[0] if file.exists() else ""

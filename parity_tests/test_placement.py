"""The reference creates nothing on another device than it is asked for: every algorithm, on torch's "meta".

A tensor on "meta" has a shape and a dtype and no values, and an operation on it and on a tensor of the CPU is
refused, as it would be on an accelerator. So what runs there from end to end, backward included, runs on any
device. Values that are read on the way are made up.
"""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from parity_tests.catalogue import Algorithm, algorithms, find
from parity_tests.catalogue._mode import PLAIN, Mode
from parity_tests.checks import Row
from parity_tests.engine.cases import Case
from parity_tests.engine.operations import drive, upstream_for
from parity_tests.engine.trajectories import moments
from parity_tests.modes import modes_of
from parity_tests.verify import Plan
from reference import on, optimizers

READ = ("cpu", "item", "tolist", "__bool__", "__int__", "__float__")
aten: Any = torch.ops.aten
# Indices and lengths may, or must, be on the CPU.
MAY_MIX = {aten.index.Tensor, aten.index_put_.default, aten._pack_padded_sequence.default}
# What torch itself cannot do on "meta", and how it says so.
NOT_ON_META = {
    "multi_margin_loss": "no fake impl or Meta kernel registered",
    "linear_regression_closed_form": "no fake impl or Meta kernel registered",
}
MODES_NOT_ON_META = {
    "fused": "requires all the params to be floating point Tensors of supported devices",
    "capturable": "must be on supported devices",
    "foreach_capturable": "must be on supported devices",
}
PLACED = [
    pytest.param(entry, mode, id="-".join(filter(None, (entry.name, mode.name))))
    for entry in algorithms()
    if entry.protocol in ("operation", "function", "optimizer", "run")
    for mode in modes_of(entry)
    if mode in entry.variants
]


class OneDevice(TorchDispatchMode):
    """Refuses an operation on tensors of two devices; a single number may come from the CPU."""

    def __torch_dispatch__(
        self, op: Any, types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        tensors = [leaf for leaf in tree_leaves((args, kwargs)) if isinstance(leaf, torch.Tensor)]
        devices = {tensor.device.type for tensor in tensors if tensor.dim()}
        if len(devices) > 1 and op not in MAY_MIX:
            places = ", ".join(f"{tuple(tensor.shape)} on {tensor.device}" for tensor in tensors)
            raise RuntimeError(f"{op} is asked for tensors of two devices: {places}")
        return op(*args, **(kwargs or {}))


@pytest.fixture
def on_meta(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Everything on "meta", where whatever is read is 1."""

    def reading(name: str) -> Callable[..., Any]:
        real = getattr(torch.Tensor, name)

        def read(self: torch.Tensor, *args: Any, **kwargs: Any) -> Any:
            tensor = torch.ones(self.shape, dtype=self.dtype) if self.device.type == "meta" else self
            return real(tensor, *args, **kwargs)

        return read

    for name in READ:
        monkeypatch.setattr(torch.Tensor, name, reading(name))
    with on("meta", "float32"), OneDevice():
        yield


def run(row: Row, case: Case) -> None:
    """All that the reference is asked for in a case."""
    if row.entry.protocol == "optimizer":
        list(moments(lambda *trees, **options: stepped(row, *trees, **options), case))
    elif row.entry.protocol == "run":
        list(row.reference(**case.arrays, **case.options))
    else:
        answer = drive(row.reference, case, upstream_for(row.entry.scratch, case))
        assert answer.outputs


def stepped(row: Row, *trees: Any, **options: Any) -> Any:
    return optimizers.step(row.entry.reference, *trees, **row.mode.options, **options)


def placed(entry: Algorithm, mode: Mode) -> Row:
    return Row(entry, Plan(device="cuda", pose="meta", examples=0), entry.dtypes[-1], mode)


@pytest.mark.parametrize(("entry", "mode"), PLACED)
@pytest.mark.usefixtures("on_meta")
def test_all_of_it_is_where_it_belongs(entry: Algorithm, mode: Mode) -> None:
    row = placed(entry, mode)
    steps = entry.protocol == "optimizer"
    lacking = MODES_NOT_ON_META.get(mode.name) if steps else NOT_ON_META.get(entry.name)
    for case in row.cases:
        if entry.name == "random_crop":
            # The offsets that are read are 1, and must lie within the image.
            case.arrays["x"] = np.pad(case.arrays["x"], ((0, 0), (0, 0), (0, 1), (0, 1)))
        if lacking:
            with pytest.raises((NotImplementedError, RuntimeError, AssertionError), match=lacking):
                run(row, case)
        else:
            run(row, case)


@pytest.mark.usefixtures("on_meta")
def test_what_lands_on_the_cpu_is_found() -> None:
    """A constant made where it is not asked for, in the forward and in the backward pass."""
    case = find("tanh").cases("float32")[0]
    upstream = upstream_for(find("tanh").scratch, case)
    from reference._torch import operation

    @operation
    def forward(x: Any) -> Any:
        return torch.tanh(x) * torch.ones(x.shape)

    class Lost(torch.autograd.Function):
        @staticmethod
        def forward(ctx: Any, x: Any) -> Any:
            return x.clone()

        @staticmethod
        def backward(ctx: Any, *grads: Any) -> Any:
            return grads[0] * torch.ones(grads[0].shape)

    @operation
    def backward(x: Any) -> Any:
        return Lost.apply(x)

    for lost in (forward, backward):
        with pytest.raises(RuntimeError, match=r"two devices|same device|expected device"):
            drive(lost, case, upstream)


def test_the_upstream_gradient_goes_where_the_operation_is() -> None:
    """It is given later, and outside of everything that the function itself does."""
    row = Row(find("linear"), Plan(), "bfloat16", PLAIN)
    (case, *_) = row.cases
    upstream = upstream_for(row.entry.scratch, case)
    with row.inside():
        answer = drive(row.reference, case, upstream)
    assert all(np.isfinite(grad).all() for grad in answer.gradients.values())

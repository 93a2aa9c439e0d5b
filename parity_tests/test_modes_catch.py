"""What is wrong in one mode alone is seen there, and the plain row passes."""

from typing import Any

import pytest
import torch

from parity_tests.catalogue import find
from parity_tests.engine.results import Status
from parity_tests.test_modes_cpu import ran
from reference import _modes
from reference._torch import operation


def statuses(name: str, *modes: str) -> dict[str, set[Status]]:
    found: dict[str, set[Status]] = {}
    for result in ran(name, *modes):
        mode = result.setting.split("-")[2:]
        found.setdefault(mode[0] if mode else "plain", set()).add(result.status)
    return found


def as_if_contiguous(x: torch.Tensor) -> torch.Tensor:
    """What is in memory from the tensor's first element on, one after the other."""
    return torch.as_strided(x, x.shape, torch.empty(x.shape).stride())


class OfTheMemory(torch.autograd.Function):
    """Identity, with a backward that reads the upstream gradient's memory."""

    @staticmethod
    def forward(ctx: Any, x: torch.Tensor) -> torch.Tensor:
        return x.clone()

    @staticmethod
    def backward(ctx: Any, *upstream: torch.Tensor) -> torch.Tensor:
        return as_if_contiguous(upstream[0])


@pytest.mark.parametrize(
    "broken",
    [lambda x: torch.tanh(as_if_contiguous(x)), lambda x: OfTheMemory.apply(torch.tanh(x))],
    ids=["forward", "backward"],
)
def test_a_reference_that_ignores_strides(broken: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("reference.activations.tanh", operation(broken))
    found = statuses("tanh", "plain", "strided", "transposed")
    assert found["plain"] == {Status.PASSED}
    assert Status.FAILED in found["strided"]
    assert Status.FAILED in found["transposed"]


def test_a_reference_that_takes_all_images_for_channels_first(monkeypatch: pytest.MonkeyPatch) -> None:
    def pool(input: Any) -> Any:
        return as_if_contiguous(input).mean((2, 3))

    monkeypatch.setattr("reference.convolution.global_avg_pool2d", operation(pool))
    found = statuses("global_avg_pool2d", "plain", "channels_last")
    assert found["plain"] == {Status.PASSED}
    assert Status.FAILED in found["channels_last"]


def test_a_race_between_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    """One element is lost, and only where there are several threads."""

    def sigmoid(x: Any) -> Any:
        y = torch.sigmoid(x)
        return y if torch.get_num_threads() == 1 else torch.cat([y[:-1], y[-1:] * 0])

    monkeypatch.setattr("reference.activations.sigmoid", operation(sigmoid))
    with _modes.threads(1):
        found = statuses("sigmoid", "plain", "threads")
    assert found["plain"] == {Status.PASSED}
    assert Status.FAILED in found["threads"]


class OfTheBatch(torch.autograd.Function):
    """Tanh, whose rule for a batch is right for one place of it alone."""

    generate_vmap_rule = False
    right = 0

    @staticmethod
    def forward(x: torch.Tensor) -> torch.Tensor:
        return torch.tanh(x)

    @staticmethod
    def setup_context(ctx: Any, inputs: Any, output: torch.Tensor) -> None:
        ctx.save_for_backward(output)

    @staticmethod
    def backward(ctx: Any, *upstream: torch.Tensor) -> torch.Tensor:
        (y,) = ctx.saved_tensors
        return upstream[0] * (1 - y * y)

    @classmethod
    def vmap(cls, info: Any, in_dims: Any, x: torch.Tensor) -> Any:
        y = [torch.tanh(each) for each in x.unbind(in_dims[0])]
        y[1 - cls.right] = y[1 - cls.right] * 1.001
        return torch.stack(y), 0


@pytest.mark.parametrize("right", [0, 1])
def test_a_rule_for_batches_that_is_right_for_one_of_two(right: int, monkeypatch: pytest.MonkeyPatch) -> None:
    def tanh(x: Any) -> Any:
        return OfTheBatch.apply(x)

    monkeypatch.setattr(OfTheBatch, "right", right)
    monkeypatch.setattr("reference.activations.tanh", operation(tanh))
    found = statuses("tanh", "plain", "vmap")
    assert found["plain"] == {Status.PASSED}
    assert Status.FAILED in found["vmap"]


def test_a_gradient_that_is_wrong_in_torch_func_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    def tanh(x: Any) -> Any:
        y = torch.tanh(x)
        transformed = torch._C._functorch.is_gradtrackingtensor(x)
        return y + 1e-3 * (y - y.detach()) if transformed else y

    monkeypatch.setattr("reference.activations.tanh", operation(tanh))
    found = statuses("tanh", "plain", "func")
    assert found["plain"] == {Status.PASSED}
    assert Status.FAILED in found["func"]


@pytest.mark.parametrize("name", ["linear", "mlp", "conv2d", "scaled_dot_product_attention"])
def test_five_percent_are_too_many_for_autocast(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    entry = find(name)
    real = entry.reference

    def off(*args: Any, **kwargs: Any) -> Any:
        y, backward = real(*args, **kwargs)
        return 1.05 * y, backward

    monkeypatch.setattr(f"reference.{entry.chapter}.{name}", off)
    found = {result.id.partition("[")[0]: result.status for result in ran(name, "autocast", examples=4)}
    assert found == {f"{name}/outputs": Status.FAILED, f"{name}/gradients": Status.PASSED}

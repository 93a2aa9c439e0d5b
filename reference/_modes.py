"""The same functions of tensors, called otherwise: on other strides, by torch.func, compiled, in bfloat16.

Each is a transform for `reference.through`: it takes a function of tensors and returns another one.
"""

import functools
import warnings
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from unittest import mock

import torch
from torch import nn

from reference._torch import Tensors, tree_map

# ---- threads ----


@contextmanager
def threads(number: int) -> Iterator[None]:
    """This many threads for torch's own loops inside the block, and as many as before after it."""
    before = torch.get_num_threads()
    torch.set_num_threads(number)
    try:
        yield
    finally:
        torch.set_num_threads(before)


# ---- strides ----


def laid_out(layout: Callable[[torch.Tensor], torch.Tensor]) -> Callable[[Tensors], Tensors]:
    """Every tensor that goes in, and every upstream gradient, with the strides that `layout` gives it."""

    def otherwise(leaf: Any) -> Any:
        return layout(leaf) if isinstance(leaf, torch.Tensor) else leaf

    def on_the_way_back(leaf: Any) -> Any:
        if isinstance(leaf, torch.Tensor) and leaf.requires_grad:
            leaf.register_hook(layout)
        return leaf

    def transform(f: Tensors) -> Tensors:
        @functools.wraps(f)
        def on_other_strides(*args: Any, **tensors: Any) -> Any:
            return tree_map(on_the_way_back, f(*tree_map(otherwise, args), **tree_map(otherwise, tensors)))

        return on_other_strides

    return transform


def channels_last(x: torch.Tensor) -> torch.Tensor:
    """Images (N, C, H, W) pixel by pixel, each with all its channels; anything else as it is."""
    return x.contiguous(memory_format=torch.channels_last) if x.ndim == 4 else x


def strided(x: torch.Tensor) -> torch.Tensor:
    """Every other element of a tensor of twice the size, in which NaN or nonsense stands between them."""
    return torch.stack([x, _nonsense(x)], -1)[..., 0]


def _nonsense(x: torch.Tensor) -> torch.Tensor:
    if x.dtype == torch.bool:
        return ~x.detach()
    return torch.full_like(x, torch.nan if x.is_floating_point() else -(2**31))


def transposed(x: torch.Tensor) -> torch.Tensor:
    """The first axis is the innermost one in memory."""
    axes = tuple(reversed(range(x.ndim)))
    return x.permute(axes).contiguous().permute(axes)


on_strides, on_transposed, on_channels_last = map(laid_out, (strided, transposed, channels_last))


# ---- torch.func ----


@contextmanager
def _nothing_loaded() -> Iterator[None]:
    """A transformed tensor cannot be written into a module, which gets it from `functional_call` anyway."""
    with (
        mock.patch.object(nn.Module, "load_state_dict"),
        mock.patch.object(nn.Module, "to", lambda module, *_, **__: module),
    ):
        yield


def _taken_apart(tree: Any) -> tuple[list[torch.Tensor], Callable[[Iterator[Any]], Any]]:
    """The tensors of a tree, and what puts others in their places."""
    tensors: list[torch.Tensor] = []

    def take(leaf: Any) -> Any:
        if isinstance(leaf, torch.Tensor):
            tensors.append(leaf)
            return _Gap
        return leaf

    with_gaps = tree_map(take, tree)
    return tensors, lambda others: tree_map(lambda leaf: next(others) if leaf is _Gap else leaf, with_gaps)


class _Gap:
    """Stands where a tensor was."""


class _ByVjp(torch.autograd.Function):
    """Outputs and, behind them, what `torch.func.vjp` returned as their backward."""

    @staticmethod
    def forward(ctx: Any, run: Callable[..., Any], *primals: torch.Tensor) -> Any:
        # The LSTM of oneDNN asks whether there are gradients outside of the transform, too.
        with _nothing_loaded(), torch.enable_grad():
            returned: Any = torch.func.vjp(run, *(primal.detach() for primal in primals), has_aux=True)
        outputs, ctx.vjp, others = returned
        ctx.count = len(outputs)
        ctx.mark_non_differentiable(*others)
        return *outputs, *others

    @staticmethod
    def backward(ctx: Any, *upstream: torch.Tensor) -> Any:
        return None, *ctx.vjp(upstream[: ctx.count])


def by_vjp(f: Tensors) -> Tensors:
    """With gradients by `torch.func.vjp` in place of those of `torch.autograd`."""

    @functools.wraps(f)
    def differentiated_otherwise(**arguments: Any) -> Any:
        tensors, put_together = _taken_apart(arguments)
        followed = [tensor.requires_grad for tensor in tensors]
        returned: list[Any] = []

        def run(*primals: torch.Tensor) -> Any:
            following = iter(primals)
            mixed = (next(following) if of else t for t, of in zip(tensors, followed, strict=True))
            found, rebuild = _taken_apart(f(**put_together(mixed)))
            differentiable = [tensor.requires_grad for tensor in found]
            returned[:] = rebuild, differentiable
            outputs = [t for t, of in zip(found, differentiable, strict=True) if of]
            return tuple(outputs), [t for t, of in zip(found, differentiable, strict=True) if not of]

        made = _ByVjp.apply(run, *(t for t, of in zip(tensors, followed, strict=True) if of))
        rebuild, differentiable = returned
        outputs, others = iter(made[: sum(differentiable)]), iter(made[sum(differentiable) :])
        return rebuild(next(outputs) if of else next(others) for of in differentiable)

    return differentiated_otherwise


def mapped(f: Tensors) -> Tensors:
    """By `torch.func.vmap`, over a batch of these inputs and other ones, whose floats are in reverse order.

    Which of them comes first hangs on their values alone.
    """

    @functools.wraps(f)
    def over_a_batch(**arguments: Any) -> Any:
        tensors, put_together = _taken_apart(arguments)
        place = zlib.crc32(b"".join(t.detach().numpy().tobytes() for t in tensors if t.numel())) % 2
        rebuilt: list[Any] = []

        def run(*each: torch.Tensor) -> Any:
            found, rebuild = _taken_apart(f(**put_together(iter(each))))
            rebuilt[:] = [rebuild]
            return tuple(found)

        pairs = [(t, _reversed(t))[:: -1 if place else 1] for t in tensors]
        with _nothing_loaded(), warnings.catch_warnings():
            warnings.filterwarnings("ignore", "There is a performance drop")  # an operation is looped over
            made = torch.func.vmap(run, randomness="same")(*(torch.stack(pair) for pair in pairs))
        return rebuilt[0](tensor[place] for tensor in made)

    return over_a_batch


def _reversed(x: torch.Tensor) -> torch.Tensor:
    return x.detach().flip(tuple(range(x.ndim))) if x.is_floating_point() else x


# ---- fewer digits ----


def autocast(f: Tensors) -> Tensors:
    """With products in bfloat16, on the CPU; backward as torch wants it, outside."""

    @functools.wraps(f)
    def in_bfloat16(*args: Any, **tensors: Any) -> Any:
        with torch.autocast("cpu", dtype=torch.bfloat16):
            return f(*args, **tensors)

    return in_bfloat16


# ---- compiled ----


def compiled(f: Tensors) -> Tensors:
    """By `torch.compile`, anew for every call: another case has other shapes and options.

    Raises RuntimeError where no part of it was compiled.
    """

    @functools.wraps(f)
    def by_inductor(*args: Any, **tensors: Any) -> Any:
        from torch._dynamo.utils import counters  # noqa: PLC0415 (slow to import)

        torch._dynamo.reset()
        before = counters["stats"]["unique_graphs"]
        returned = torch.compile(f, dynamic=False)(*args, **tensors)
        if counters["stats"]["unique_graphs"] == before:
            raise RuntimeError("torch.compile left everything as it was")
        return returned

    return by_inductor

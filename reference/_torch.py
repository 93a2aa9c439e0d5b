"""Arrays in, arrays out: what turns a function of torch tensors into the protocol of `scratch`."""

import functools
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, NamedTuple

import numpy as np
import torch


class Placement(NamedTuple):
    """Where the reference computes. A dtype of None means the dtype of the arrays that come in."""

    device: str = "cpu"
    dtype: torch.dtype | None = None


HERE = Placement()
_placement: ContextVar[Placement] = ContextVar("placement", default=HERE)
Tensors = Callable[..., Any]
_transform: ContextVar[Callable[[Tensors], Tensors]] = ContextVar("transform", default=lambda f: f)


@contextmanager
def on(device: str = "cpu", dtype: str | None = None) -> Iterator[None]:
    """Run every reference function inside the block on `device` and in `dtype` ("float32", "bfloat16", …).

    What comes out of a dtype that NumPy lacks (bfloat16) is the same values in float32.
    """
    token = _placement.set(Placement(device, None if dtype is None else getattr(torch, dtype)))
    try:
        yield
    finally:
        _placement.reset(token)


@contextmanager
def through(transform: Callable[[Tensors], Tensors]) -> Iterator[None]:
    """Call every function of tensors inside the block as ``transform(f)``: compiled, on other strides, …"""
    token = _transform.set(transform)
    try:
        yield
    finally:
        _transform.reset(token)


def tree_map(function: Callable[[Any], Any], tree: Any) -> Any:
    """Apply `function` to every leaf of nested dicts, lists, tuples and named tuples."""
    if isinstance(tree, dict):
        return {key: tree_map(function, value) for key, value in tree.items()}
    if isinstance(tree, tuple) and hasattr(tree, "_fields"):
        return type(tree)(*(tree_map(function, value) for value in tree))
    if isinstance(tree, list | tuple):
        return type(tree)(tree_map(function, value) for value in tree)
    return function(tree)


def to_torch(leaf: Any) -> Any:
    """An array as a tensor of its own at the current placement; anything else as it is."""
    if not isinstance(leaf, np.ndarray | np.floating):
        return leaf
    tensor = torch.from_numpy(np.array(leaf, order="C", copy=True))
    device, dtype = _placement.get()
    return tensor.to(device, dtype if dtype is not None and tensor.is_floating_point() else None)


def to_numpy(leaf: Any) -> Any:
    """A tensor as an array, a function of tensors as a function of arrays; anything else as it is."""
    if isinstance(leaf, torch.Tensor):
        leaf = leaf.detach().cpu()
        return (leaf.float() if leaf.dtype == torch.bfloat16 else leaf).numpy().copy()
    return leaf


def function(f: Callable[..., Any]) -> Callable[..., Any]:
    """Let a function of tensors take and return arrays, wherever they stand in its arguments."""

    @functools.wraps(f)
    def on_arrays(*args: Any, **kwargs: Any) -> Any:
        result = _transform.get()(f)(*tree_map(to_torch, args), **tree_map(to_torch, kwargs))
        return tree_map(to_numpy, result)

    return on_arrays


def operation(f: Callable[..., Any] | None = None, *, constant: tuple[str, ...] = ()) -> Callable[..., Any]:
    """Let a function of tensors return ``y, backward`` on arrays, with autograd as its backward.

    Gradients are taken for every floating tensor among the arguments, nested or not, but for those
    named in `constant`. `backward` takes one upstream gradient for each floating output, in their order.
    """
    if f is None:
        return functools.partial(operation, constant=constant)
    import inspect  # noqa: PLC0415

    signature = inspect.signature(f)

    @functools.wraps(f)
    def on_arrays(*args: Any, **kwargs: Any) -> Any:
        arguments = signature.bind(*args, **kwargs).arguments
        tensors = {name: tree_map(to_torch, value) for name, value in arguments.items()}
        leaves: list[torch.Tensor] = []

        def follow(leaf: Any) -> Any:
            if isinstance(leaf, torch.Tensor) and leaf.is_floating_point():
                leaves.append(leaf.requires_grad_())
            return leaf

        for name, value in tensors.items():
            if name not in constant:
                tree_map(follow, value)
        y = _transform.get()(f)(**tensors)
        outputs: list[torch.Tensor] = []

        def collect(leaf: Any) -> Any:
            if isinstance(leaf, torch.Tensor) and leaf.requires_grad:
                outputs.append(leaf)
            return leaf

        tree_map(collect, y)

        def backward(*upstream: Any) -> dict[str, Any]:
            grads = torch.autograd.grad(
                outputs, leaves, [to_torch(dy) for dy in upstream], retain_graph=True, allow_unused=True
            )
            by_leaf = {id(leaf): grad for leaf, grad in zip(leaves, grads, strict=True)}
            named = {
                name: tree_map(lambda leaf: to_numpy(by_leaf.get(id(leaf))), value)
                for name, value in tensors.items()
                if name not in constant
            }
            return {name: value for name, value in named.items() if not _empty(value)}

        return tree_map(to_numpy, y), backward

    return on_arrays


def _empty(tree: Any) -> bool:
    """Whether no leaf has a gradient."""
    if isinstance(tree, dict):
        return all(_empty(value) for value in tree.values())
    if isinstance(tree, list | tuple):
        return all(_empty(value) for value in tree)
    return tree is None

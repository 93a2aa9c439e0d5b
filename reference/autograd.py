"""torch.autograd on the same expressions, and as the judge of numerical gradients."""

import functools
from collections.abc import Callable

import torch

from reference._torch import function, operation, to_numpy, to_torch


def over(axis, a):
    """`axis` as torch's reductions take it."""
    return tuple(range(a.ndim)) if axis is None else axis


OPERATIONS: dict[str, Callable[..., torch.Tensor]] = {
    "add": torch.add,
    "subtract": torch.sub,
    "multiply": torch.mul,
    "divide": torch.div,
    "matmul": torch.matmul,
    "power": torch.pow,
    "negative": torch.neg,
    "getitem": lambda a, *, index: a[index],
    "reshape": torch.reshape,
    "transpose": lambda a, *, axes: a.permute(axes or tuple(range(a.ndim))[::-1]),
    "exp": torch.exp,
    "log": torch.log,
    "tanh": torch.tanh,
    "sigmoid": torch.sigmoid,
    "relu": torch.relu,
    "sum": lambda a, *, axis=None, keepdims=False: torch.sum(a, over(axis, a), keepdims),
    "mean": lambda a, *, axis=None, keepdims=False: torch.mean(a, over(axis, a), keepdims),
    "max": lambda a, *, axis=None, keepdims=False: torch.amax(a, over(axis, a), keepdims),
}


def expression_graph(leaves, constants=None, *, program, times=1):
    """`torch.Tensor.backward`, which adds to the `grad` of the leaves each time that it is called."""
    tensors = {name: to_torch(leaf).requires_grad_() for name, leaf in leaves.items()}
    results = [*tensors.values(), *(to_torch(constant) for constant in (constants or {}).values())]
    for name, operands, options in program:
        results.append(OPERATIONS[name](*(results[i] for i in operands), **options))
    y = results[-1]

    def backward(dy):
        for tensor in tensors.values():
            tensor.grad = None
        for _ in range(times):
            y.backward(to_torch(dy), retain_graph=True)
        return {"leaves": {name: to_numpy(tensor.grad) for name, tensor in tensors.items()}}

    return to_numpy(y), backward


@operation
def computation_graph(x, y, z):
    q = x + y
    return q * z


@function
def numerical_gradient(x, *, function, step=1e-5):
    """The gradient itself, which a central difference of a quadratic function is whatever the step."""
    (gradient,) = torch.autograd.grad(function(x.requires_grad_()), x)
    return gradient


class FromNumPy(torch.autograd.Function):
    """An operation on arrays that brings its own backward, as a function of torch."""

    @staticmethod
    def forward(ctx, run, x):
        y, ctx.backward_of_x = run(x.numpy())
        return torch.tensor(y)

    @staticmethod
    def backward(ctx, dy):
        return None, torch.tensor(ctx.backward_of_x(dy.numpy()))


def gradient_check(arrays, dy, *, operation, step=1e-6, rtol=1e-3, atol=1e-5):
    """`torch.autograd.gradcheck` on Σ dy · y, one argument at a time, on the CPU as the operation is."""
    _, backward = operation(**arrays)

    def agrees(name):
        def run(x):
            y, backward = operation(**{**arrays, name: x})
            return (y * dy).sum(), lambda upstream: backward(upstream * dy)[name]

        checked = functools.partial(FromNumPy.apply, run)
        x = torch.tensor(arrays[name], requires_grad=True)
        return torch.autograd.gradcheck(checked, (x,), eps=step, rtol=rtol, atol=atol, raise_exception=False)

    return {name: agrees(name) for name in backward(dy)}

"""Backpropagation on a computation graph (posts 002 and 003; handbook, chapter 3).

A `Tensor` is an array that remembers what it was made from. Every operation knows its own derivative and
no more; `backward` carries a gradient from the result to all that it was made from, by the chain rule:

    x, y, z = Tensor(np.array(-2.0)), Tensor(np.array(5.0)), Tensor(np.array(-4.0))
    q = x + y                                # 3
    f = q * z                                # −12
    f.backward()
    f.grad, q.grad, z.grad, x.grad, y.grad   # 1, −4, 3, −4, −4

Shapes broadcast as NumPy's and torch's do, and the gradient of what was broadcast is summed back to its
shape. Beside a Tensor an operator takes arrays and numbers, as constants.
"""

import numpy as np

from scratch._shapes import shapes
from scratch.activations import relu, sigmoid, tanh


def unbroadcast(gradient, shape):
    """The gradient of what had this shape before it was broadcast: the sum over all axes that may have grown.

    gradient (...) -> gradient of that shape.
    """
    added = gradient.ndim - len(shape)
    axes = (*range(added), *(added + i for i, n in enumerate(shape) if n == 1))
    return gradient.sum(axes).reshape(shape) if axes else gradient


class Tensor:
    """An array in a computation graph: `value`, `grad` (None until it has one), and what it was made from.

    Args:
        value: an array of floats.
        parents: the Tensors that it was made from.
        local_backward: ``local_backward(dy)`` returns the gradient of each parent, given its own.
    """

    __array_ufunc__ = None  # array + Tensor is for Tensor to answer

    def __init__(self, value, parents=(), local_backward=None):
        self.value = value
        self.grad = None
        self.parents = parents
        self.local_backward = local_backward

    def __repr__(self):
        return f"Tensor({self.value!r}, grad={self.grad!r})"

    @property
    def shape(self):
        """The shape of the value; () for a number."""
        return np.shape(self.value)

    @property
    def ndim(self):
        """The number of axes of the value."""
        return len(self.shape)

    # ---- the graph ----

    def graph(self):
        """This Tensor and all that it was made from, each before what it was made from itself.

        Without recursion, so that a graph may be deeper than Python's stack.
        """
        finished, seen, waiting = [], set(), [(self, False)]
        while waiting:
            node, parents_are_finished = waiting.pop()
            if parents_are_finished:
                finished.append(node)
            elif node not in seen:
                seen.add(node)
                waiting.append((node, True))
                waiting.extend((parent, False) for parent in node.parents)
        return finished[::-1]

    def backward(self, upstream=None):
        """Add to `grad`, here and in all that this was made from, the gradient that `upstream` brings.

        upstream has the shape of the value; None is 1, for a scalar. What a node passes on is all that this
        call has brought to it and nothing of an earlier one, so that two calls make twice the gradient.
        Raises ValueError for another shape, and without an upstream gradient unless this is a scalar.
        """
        if upstream is None:
            if self.shape != ():
                raise ValueError(
                    f"backward: only a scalar needs no upstream gradient, this has shape {self.shape}"
                )
            upstream = np.ones_like(self.value)
        if np.shape(upstream) != self.shape:
            raise ValueError(f"backward: upstream has shape {np.shape(upstream)}, but must be {self.shape}")
        brought = {self: upstream}
        for node in self.graph():
            dy = brought.pop(node)
            node.grad = +dy if node.grad is None else node.grad + dy
            if node.parents:
                for parent, gradient in zip(node.parents, node.local_backward(dy), strict=True):
                    brought[parent] = brought[parent] + gradient if parent in brought else gradient

    def zero_grad(self):
        """Forget the gradient, here and in all that this was made from."""
        for node in self.graph():
            node.grad = None

    # ---- arithmetic ----

    def __add__(self, other):
        other = as_tensor(other)

        def backward(dy):
            return unbroadcast(dy, self.shape), unbroadcast(dy, other.shape)

        return Tensor(self.value + other.value, (self, other), backward)

    def __mul__(self, other):
        other = as_tensor(other)

        def backward(dy):
            return unbroadcast(dy * other.value, self.shape), unbroadcast(dy * self.value, other.shape)

        return Tensor(self.value * other.value, (self, other), backward)

    def __truediv__(self, other):
        other = as_tensor(other)
        y = self.value / other.value

        def backward(dy):
            dself = dy / other.value
            return unbroadcast(dself, self.shape), unbroadcast(-dself * y, other.shape)

        return Tensor(y, (self, other), backward)

    def __pow__(self, exponent):
        """x ** c for a number c."""
        if isinstance(exponent, Tensor) or np.shape(exponent) != ():
            raise TypeError("**: the exponent must be a number")

        def backward(dy):
            return (dy * exponent * self.value ** (exponent - 1),)

        return Tensor(self.value**exponent, (self,), backward)

    def __matmul__(self, other):
        """Matrices, stacks of matrices that broadcast, and vectors, as @ has them."""
        other = as_tensor(other)
        if other.ndim == 1:
            return (self @ other[:, None])[..., 0]
        if self.ndim == 1:
            return (self[None] @ other)[..., 0, :]

        def backward(dy):
            dself = dy @ other.value.swapaxes(-1, -2)
            dother = self.value.swapaxes(-1, -2) @ dy
            return unbroadcast(dself, self.shape), unbroadcast(dother, other.shape)

        return Tensor(self.value @ other.value, (self, other), backward)

    def __neg__(self):
        return Tensor(-self.value, (self,), lambda dy: (-dy,))

    def __sub__(self, other):
        return self + -as_tensor(other)

    def __radd__(self, other):
        return as_tensor(other) + self

    def __rsub__(self, other):
        return as_tensor(other) - self

    def __rmul__(self, other):
        return as_tensor(other) * self

    def __rtruediv__(self, other):
        return as_tensor(other) / self

    def __rmatmul__(self, other):
        return as_tensor(other) @ self

    # ---- functions of every element ----

    def exp(self):
        """e^x"""
        y = np.exp(self.value)
        return Tensor(y, (self,), lambda dy: (dy * y,))

    def log(self):
        """The natural logarithm."""
        return Tensor(np.log(self.value), (self,), lambda dy: (dy / self.value,))

    def tanh(self):
        """See `scratch.activations.tanh`."""
        return self._through(tanh)

    def sigmoid(self):
        """See `scratch.activations.sigmoid`."""
        return self._through(sigmoid)

    def relu(self):
        """See `scratch.activations.relu`."""
        return self._through(relu)

    def _through(self, operation):
        """An operation of one array that brings its own backward."""
        y, backward = operation(self.value)
        return Tensor(y, (self,), lambda dy: (backward(dy)["x"],))

    # ---- reductions ----

    def sum(self, axis=None, *, keepdims=False):
        """The sum over an axis, several or all."""
        kept = np.sum(self.value, axis=axis, keepdims=True)

        def backward(dy):
            return (np.broadcast_to(dy.reshape(kept.shape), self.shape),)

        return Tensor(kept if keepdims else np.squeeze(kept, axis), (self,), backward)

    def mean(self, axis=None, *, keepdims=False):
        """The mean over an axis, several or all."""
        y = self.sum(axis, keepdims=keepdims)
        return y * (np.size(y.value) / np.size(self.value))

    def max(self, axis=None, *, keepdims=False):
        """The largest element along an axis or of all; equal ones share the gradient equally."""
        kept = np.max(self.value, axis=axis, keepdims=True)
        ties = np.where(self.value == kept, np.ones_like(self.value), 0)
        share = ties / np.sum(ties, axis=axis, keepdims=True)

        def backward(dy):
            return (dy.reshape(kept.shape) * share,)

        return Tensor(kept if keepdims else np.squeeze(kept, axis), (self,), backward)

    # ---- what moves elements about ----

    def __getitem__(self, index):
        """Any index that NumPy takes; an element that is picked twice gets both gradients."""

        def backward(dy):
            dself = np.zeros_like(self.value)
            np.add.at(dself, index, dy)
            return (dself,)

        return Tensor(self.value[index], (self,), backward)

    def reshape(self, *shape):
        """The same elements in another shape; −1 stands for what is left."""
        return Tensor(self.value.reshape(*shape), (self,), lambda dy: (dy.reshape(self.shape),))

    def transpose(self, *axes):
        """The axes in another order, reversed if none is given."""
        order = axes or tuple(range(self.ndim))[::-1]
        back = np.argsort(order)
        return Tensor(np.transpose(self.value, order), (self,), lambda dy: (np.transpose(dy, back),))


def as_tensor(value):
    """A Tensor as it is, anything else as a constant."""
    return value if isinstance(value, Tensor) else Tensor(value)


# ---- expressions ----

OPERATIONS = {
    "add": lambda a, b: a + b,
    "subtract": lambda a, b: a - b,
    "multiply": lambda a, b: a * b,
    "divide": lambda a, b: a / b,
    "matmul": lambda a, b: a @ b,
    "power": lambda a, *, exponent: a**exponent,
    "negative": lambda a: -a,
    "getitem": lambda a, *, index: a[index],
    "reshape": lambda a, *, shape: a.reshape(*shape),
    "transpose": lambda a, *, axes: a.transpose(*axes),
    **{
        name: getattr(Tensor, name)
        for name in ("exp", "log", "tanh", "sigmoid", "relu", "sum", "mean", "max")
    },
}


def expression_graph(leaves, constants=None, *, program, times=1):
    """What a program makes of its leaves: any expression that `Tensor` can take.

    leaves, constants: arrays by name, of which the constants get no gradient. program: instructions
    (operation, operands, options), one after the other: the name of one of `OPERATIONS`; the numbers of its
    operands, counted through leaves, constants and results in this order; its options by name -> the result
    of the last instruction (...). times: how often `Tensor.backward` is called; the gradients add up.

    >>> program = (("add", (0, 1), {}), ("multiply", (3, 2), {}))  # (x + y) · z
    >>> f, backward = expression_graph({"x": x, "y": y, "z": z}, program=program)

    Raises ValueError for an operation of another name, for an operand that is not there yet and for a
    number of times below 1.
    """
    if not times >= 1:
        raise ValueError(f"expression_graph: times must be 1 or more, got {times}")
    tensors = {name: Tensor(leaf) for name, leaf in leaves.items()}
    results = [*tensors.values(), *(constants or {}).values()]
    for name, operands, options in program:
        if name not in OPERATIONS:
            raise ValueError(
                f"expression_graph: operation must be one of {', '.join(OPERATIONS)}, got {name!r}"
            )
        if not all(0 <= i < len(results) for i in operands):
            raise ValueError(f"expression_graph: operands must lie in 0 … {len(results) - 1}, got {operands}")
        results.append(OPERATIONS[name](*(results[i] for i in operands), **options))
    y = results[-1]

    def backward(dy):
        y.zero_grad()
        for _ in range(times):
            y.backward(dy)
        return {"leaves": {name: tensor.grad for name, tensor in tensors.items()}}

    return +y.value, backward


@shapes(x="", y="", z="")
def computation_graph(x, y, z):
    """q = x + y,  f = q · z, the example of post 003.

    x (), y (), z () -> f ().  For −2, 5 and −4: q = 3 and f = −12, with gradients −4, −4 and 3.
    """
    x, y, z = Tensor(x), Tensor(y), Tensor(z)
    q = x + y  # erratum backprop-example
    f = q * z

    def backward(df):
        f.zero_grad()
        f.backward(df)
        return {"x": x.grad, "y": y.grad, "z": z.grad}

    return f.value, backward


# ---- gradient checking ----


@shapes(x="...")
def numerical_gradient(x, *, function, step=1e-5):
    """∂f/∂x_i ≈ (f(x + h e_i) − f(x − h e_i)) / 2h, a central difference for every element.

    x (...), a function of x that returns a scalar, step h in the unit of x -> gradient (...).  The error is
    of order h² from what is left of the Taylor series, and u |f| / h from rounding.
    Goodfellow et al. 2016, sec. 11.5.  Raises ValueError for a step that is not positive.
    """
    if not step > 0:
        raise ValueError(f"numerical_gradient: step must be positive, got {step}")
    gradient = np.zeros_like(x)
    for index in np.ndindex(x.shape):
        shift = np.zeros_like(x)
        shift[index] = step
        gradient[index] = (function(x + shift) - function(x - shift)) / (2 * step)
    return gradient


def gradient_check(arrays, dy, *, operation, step=1e-6, rtol=1e-3, atol=1e-5):
    """Whether the backward of an operation with one output agrees with central differences of Σ dy · y.

    arrays: the arguments by name, no dicts among them; dy (...): an upstream gradient, random, since with
    ones many a wrong gradient looks right -> for every argument that gets a gradient, whether it is
    everywhere within atol + rtol · |numerical gradient|.  Needs float64.  Raises ValueError for a step that
    is not positive.  Goodfellow et al. 2016, sec. 11.5.
    """
    _, backward = operation(**arrays)

    def agrees(name, gradient):
        def objective(x):
            return (operation(**{**arrays, name: x})[0] * dy).sum()

        numerical = numerical_gradient(arrays[name], function=objective, step=step)
        return bool((np.abs(gradient - numerical) <= atol + rtol * np.abs(numerical)).all())

    return {name: agrees(name, gradient) for name, gradient in backward(dy).items()}

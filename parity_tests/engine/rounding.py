"""An array that carries, beside every value, how far rounding may have moved it.

`Rounded` runs unmodified NumPy code once in float64 and keeps for each element an error scale E in
units of the unit roundoff u: a first-order running-error bound (Wilkinson 1986; Higham 2002, ch. 3).
Every operation adds what it rounds itself to what its operands bring along, by the rules of
`rounding_rules`. Two correct implementations of one formula in a dtype with roundoff u then differ by
no more than a small multiple of u·E, element by element, whatever the conditioning of the input.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, ClassVar, NamedTuple

import numpy as np
from numpy.lib.mixins import NDArrayOperatorsMixin

from parity_tests.engine.precision import Precision

Array = np.ndarray


def add_worst_case(*errors: Any) -> Any:
    """Errors that may all point the same way: |a| + |b| + …"""
    total = np.abs(errors[0])
    for error in errors[1:]:
        total = total + np.abs(error)
    return total


def add_in_quadrature(*errors: Any) -> Any:
    """Errors that are independent: √(a² + b² + …)"""
    total = np.abs(errors[0])
    for error in errors[1:]:
        total = np.hypot(total, error)
    return total


class Model(NamedTuple):
    """How errors combine, for which dtype. Quadrature is for gradients through time, where the
    worst case grows beyond all use. Comparisons that rounding could turn are noted among the `doubts`."""

    u: float
    eta: float
    quadrature: bool = False
    doubts: list[str] | None = None

    @classmethod
    def of(cls, precision: Precision, *, quadrature: bool = False) -> Model:
        return cls(precision.u, precision.eta, quadrature)

    @property
    def combine(self) -> Callable[..., Any]:
        return add_in_quadrature if self.quadrature else add_worst_case

    def sum_of(self, errors: Array, **how: Any) -> Any:
        """The error of a sum from the errors of its terms."""
        if not self.quadrature:
            return np.sum(errors, **how)
        largest = float(np.max(errors, initial=0.0)) or 1.0  # so that no square underflows
        return largest * np.sqrt(np.sum((errors / largest) ** 2, **how))

    def length(self, n: int) -> float:
        """h(n): what summing n terms costs, in u of the sum of their magnitudes.

        log2 n alone is not enough: a blocked matmul in float32 on positive data reaches √n/2.
        """
        cost = max(1 + np.log2(max(n, 1)), np.sqrt(n) / 2)
        return float(np.sqrt(cost) if self.quadrature else cost)


class Rounded(NDArrayOperatorsMixin):
    """A float64 array `value` with its error `scale` in units of u, under one `model`."""

    __array_priority__ = 1000

    # `rounding_rules` puts the rules here.
    apply_ufunc: ClassVar[Callable[..., Any]]
    apply_function: ClassVar[Callable[..., Any]]

    def __init__(self, value: Any, scale: Any, model: Model) -> None:
        self.value = np.asarray(value, dtype=np.float64)
        self.scale = np.asarray(scale, dtype=np.float64)
        if self.scale.shape != self.value.shape:
            self.scale = np.broadcast_to(self.scale, self.value.shape)
        self.model = model

    @classmethod
    def exact(cls, value: Any, model: Model) -> Rounded:
        """An input: it is what it is, so its error is zero."""
        return cls(np.array(value, np.float64), np.zeros(np.shape(value)), model)

    shape = property(lambda self: self.value.shape)
    ndim = property(lambda self: self.value.ndim)
    size = property(lambda self: self.value.size)
    dtype = property(lambda self: self.value.dtype)
    T = property(lambda self: self._both(lambda part: part.T))

    def __len__(self) -> int:
        return len(self.value)

    def __repr__(self) -> str:
        return f"Rounded({self.value}, ±{self.scale} u)"

    def __array__(self, *_: Any, **__: Any) -> Any:
        raise TypeError("a Rounded array was stored into a plain one; allocate with zeros_like(input)")

    def _both(self, structural: Callable[[Array], Array]) -> Rounded:
        """Apply what only moves elements about to the values and to their errors."""
        return Rounded(structural(self.value), structural(self.scale), self.model)

    def __getitem__(self, index: Any) -> Rounded:
        return self._both(lambda part: part[index])

    def __setitem__(self, index: Any, new: Any) -> None:
        if not self.scale.flags.writeable:
            self.scale = self.scale.copy()
        self.value[index], self.scale[index] = parts(new)

    def copy(self) -> Rounded:
        return self._both(np.copy)

    def astype(self, *_: Any, **__: Any) -> Rounded:
        return self.copy()

    def reshape(self, *shape: Any) -> Rounded:
        return self._both(lambda part: part.reshape(*shape))

    def ravel(self) -> Rounded:
        return self._both(np.ravel)

    def transpose(self, *axes: Any) -> Rounded:
        return self._both(lambda part: part.transpose(*axes))

    def swapaxes(self, a: int, b: int) -> Rounded:
        return self._both(lambda part: part.swapaxes(a, b))

    def sum(self, axis: Any = None, *, keepdims: bool = False) -> Rounded:
        return np.sum(self, axis=axis, keepdims=keepdims)

    def mean(self, axis: Any = None, *, keepdims: bool = False) -> Rounded:
        return np.mean(self, axis=axis, keepdims=keepdims)

    def var(self, axis: Any = None, *, ddof: int = 0, keepdims: bool = False) -> Rounded:
        return np.var(self, axis=axis, ddof=ddof, keepdims=keepdims)

    def max(self, axis: Any = None, *, keepdims: bool = False) -> Rounded:
        return np.max(self, axis=axis, keepdims=keepdims)

    def min(self, axis: Any = None, *, keepdims: bool = False) -> Rounded:
        return np.min(self, axis=axis, keepdims=keepdims)

    def argmax(self, axis: Any = None) -> Any:
        return np.argmax(self, axis)

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **kwargs: Any) -> Any:
        return self.apply_ufunc(self.model, ufunc, method, inputs, kwargs)

    def __array_function__(self, function: Any, types: Any, args: Any, kwargs: Any) -> Any:
        return self.apply_function(self.model, function, args, kwargs)


def parts(operand: Any) -> tuple[Any, Any]:
    """The value and the error of an operand, in units of u.

    A constant of the formula is rounded to the dtype when it meets an array, unless few bits hold it.
    """
    if isinstance(operand, Rounded):
        return operand.value, operand.scale
    if type(operand) in (float, int) and operand:  # there are few, and they come again and again
        return _constant(operand)
    return _of_plain(operand)


@functools.lru_cache(maxsize=1024, typed=True)
def _constant(number: float) -> tuple[Any, Any]:
    value, error = _of_plain(number)
    value.flags.writeable = error.flags.writeable = False
    return value, error


def _of_plain(operand: Any) -> tuple[Any, Any]:
    value = np.asarray(operand)
    if value.dtype.kind != "f":
        return value, np.zeros(value.shape)
    with np.errstate(over="ignore", under="ignore", invalid="ignore"):
        short = value.astype(np.float16).astype(np.float64) == value
    return value, np.where(short | ~np.isfinite(value), 0.0, np.abs(value))

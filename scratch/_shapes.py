"""One line per function says which shapes it takes; this file says no, clearly, to all others.

`check_indices` and `check_labels` do the same for integers that must lie in a range and for labels.
"""

import functools
import inspect

import numpy as np

KINDS = {"b": "bool", "f": "float", "i": "int", "u": "int"}


def shapes(**patterns):
    """Check every array argument of a function against its pattern before the function runs.

    A pattern is a string of space-separated axes. A name (``D``) is one axis and has the same length
    wherever it stands; a number is itself; ``...`` is any number of axes, the same ones wherever it
    stands; the empty string is a scalar. ``int`` in front asks for an array of integers and ``bool``
    for one of truth values; everything else must be of one floating dtype. ``|`` separates
    alternatives. An argument that is None is passed over if None is its default; of a named tuple every
    array must match. What is returned as ``backward`` takes gradients of the outputs' shapes alone.

    >>> @shapes(x="... D", weight="D", bias="D")
    ... def layer_norm(x, weight, bias, *, eps=1e-5): ...

    Raises ValueError that names both shapes, and TypeError for what is no array or of mixed dtypes.
    The patterns stay readable as ``function.shapes``.
    """
    parsed = {name: [_parse(option) for option in text.split("|")] for name, text in patterns.items()}

    def decorate(function):
        parameters = inspect.signature(function).parameters
        defaults = {name: parameters[name].default for name in parsed}

        @functools.wraps(function)
        def checked(*args, **kwargs):
            # What does not fit the signature at all, Python itself says in a moment.
            arguments = dict(zip(parameters, args, strict=False)) | kwargs
            given = {name: arguments[name] for name in parsed if name in arguments}
            arrays = {name: x for name, x in given.items() if not (x is None and defaults[name] is None)}
            _check(function.__name__, arrays, parsed, patterns)
            return _checked_backward(function.__name__, function(*args, **kwargs))

        checked.shapes = patterns
        return checked

    return decorate


def _checked_backward(function, returned):
    """``y, backward`` with a backward that takes upstream gradients of the outputs' shapes alone."""
    if not (isinstance(returned, tuple) and len(returned) == 2 and callable(returned[1])):
        return returned
    y, backward = returned
    outputs = y if isinstance(y, tuple) else (y,)

    @functools.wraps(backward)
    def checked(*upstream):
        for dy, output in zip(upstream, outputs, strict=False):
            if np.shape(dy) != np.shape(output):
                raise ValueError(
                    f"{function}: the upstream gradient has shape {np.shape(dy)}, but must be "
                    f"{np.shape(output)}, as the output is"
                )
        return backward(*upstream)

    return y, checked


def _parse(text):
    axes = text.split()
    kind = axes.pop(0) if axes and axes[0] in ("int", "bool") else "float"
    return kind, tuple(int(axis) if axis.isdigit() else axis for axis in axes)


def _check(function, arrays, parsed, patterns):
    bound, seen, floating = {}, [], None
    for name, argument, array in _fields(arrays):
        if not hasattr(array, "shape") or not hasattr(array, "dtype"):
            raise TypeError(f"{function}: {name} must be an array, got {type(array).__name__}")
        kind = KINDS.get(array.dtype.kind) or str(array.dtype)
        options = [axes for wanted, axes in parsed[argument] if wanted == kind]
        if not options:
            wanted = " or ".join(sorted({wanted for wanted, _ in parsed[argument]}))
            raise TypeError(f"{function}: {name} must be an array of {wanted}, got {array.dtype}")
        if kind == "float":
            if floating is not None and array.dtype != floating[1]:
                raise TypeError(
                    f"{function}: {floating[0]} is {floating[1]} and {name} is {array.dtype}; "
                    f"cast one, for example {name}.astype({floating[0]}.dtype)"
                )
            floating = floating or (name, array.dtype)
        for axes in options:
            trial = dict(bound)
            if _match(axes, array.shape, trial):
                bound = trial
                break
        else:
            raise ValueError(_explain(function, name, array.shape, patterns[argument], bound, seen))
        seen.append(f"{name} {array.shape}")


def _fields(arrays):
    """Every array with its name and that of its argument: the arrays of a state are ``state.m``, …"""
    for name, array in arrays.items():
        if isinstance(array, tuple):
            fields = getattr(array, "_fields", range(len(array)))
            for field, leaf in zip(fields, array, strict=True):
                if hasattr(leaf, "shape"):
                    yield f"{name}.{field}", name, leaf
        else:
            yield name, name, array


def _match(axes, shape, bound):
    """Whether `shape` fits `axes` under the lengths `bound` so far; adds the new ones to `bound`."""
    if "..." in axes:
        start = axes.index("...")
        rest = len(axes) - 1
        if len(shape) < rest:
            return False
        stop = len(shape) - (rest - start)
        if bound.setdefault("...", shape[start:stop]) != shape[start:stop]:
            return False
        axes, shape = axes[:start] + axes[start + 1 :], shape[:start] + shape[stop:]
    if len(axes) != len(shape):
        return False
    return all(
        length == (axis if isinstance(axis, int) else bound.setdefault(axis, length))
        for axis, length in zip(axes, shape, strict=True)
    )


def _explain(function, name, shape, pattern, bound, seen):
    options = [
        [axis for axis in option.split() if axis not in ("int", "bool")] for option in pattern.split("|")
    ]
    wanted = " or ".join(dict.fromkeys(f"({', '.join(axes)})" for axes in options))
    message = f"{function}: {name} has shape {shape}, but must be {wanted}"
    lengths = [f"{axis} = {length}" for axis, length in bound.items() if axis in pattern]
    if lengths:
        message += f" with {', '.join(lengths)}"
    if seen:
        message += f" to go with {', '.join(seen)}"
    return message


def check_indices(function, name, indices, limit):
    """Raise ValueError unless all `indices` lie in 0 … limit − 1: a negative one would count from the end."""
    outside = indices[(indices < 0) | (indices >= limit)]
    if outside.size:
        raise ValueError(f"{function}: {name} must lie in 0 … {limit - 1}, got {outside.flat[0]}")


def check_labels(function, target, low, high):
    """Raise ValueError unless every target is one of the two labels of a binary classification."""
    others = target[(target != low) & (target != high)]
    if others.size:
        raise ValueError(f"{function}: target must be {low} or {high} everywhere, got {others.flat[0]}")

"""Functions that change their inputs where they are, and return nothing, or a number beside them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import numpy as np

from parity_tests.engine.trees import flatten, tree_map
from parity_tests.people.binding import Absent, Beyond
from parity_tests.people.host import Host
from parity_tests.sandbox.wire import Ref

# What a function that changes nothing of what it was given is asked besides.
SIZES = (1e6, 1e-6)


def changed_by(
    call: Callable[[Host, Mapping[str, Any]], None],
    host: Host,
    name: str,
    ref: Ref,
    given: Mapping[str, Any],
    returned: Any,
) -> Any:
    """What a call made of its input `name`, which is kept at `ref`, and what it returned beside that.

    Raises Beyond for one that returns what it has made of it, and Absent where it returns nothing, and leaves
    alone all that it is given.
    """
    if returned is not None and not _is_scalar(returned):
        raise Beyond("it returns what it has changed")
    now = host.get(ref)
    if returned is not None:
        return now, returned
    if _same(now, given[name]) and not _changes(call, host, name, given):
        raise Absent("it returns nothing and changes nothing")
    return now


def _changes(
    call: Callable[[Host, Mapping[str, Any]], None], host: Host, name: str, given: Mapping[str, Any]
) -> bool:
    """Whether it changes what is very large, or very small."""
    for size in SIZES:
        sized = tree_map(partial(_filled, size), given[name])
        ref = host.put(sized)
        call(host, {**given, name: ref})
        if not _same(host.get(ref), sized):
            return True
    return False


def _filled(size: float, leaf: Any) -> Any:
    return None if leaf is None else np.full(np.shape(leaf), size)


def _same(now: Any, before: Any) -> bool:
    """Whether arrays, or a list or a dict of them, are what they were."""
    first, second = flatten(now), flatten(before)
    return first.keys() == second.keys() and all(np.array_equal(first[key], second[key]) for key in first)


def same_numbers(now: Any, before: Any) -> bool:
    """Whether the numbers among some attributes are what they were, in lists and dicts as well."""
    first, second = (
        {name: leaf for name, leaf in flatten(each).items() if np.asarray(leaf).dtype.kind in "fiub"}
        for each in (now, before)
    )
    return _same(first, second)


def _is_scalar(value: Any) -> bool:
    return isinstance(value, int | float | np.number | np.ndarray) and np.ndim(value) == 0

"""Nested dicts, lists and named tuples of arrays, as the implementations take and return them."""

from collections.abc import Callable, Iterable, Iterator
from typing import Any

import numpy as np


def tree_map(function: Callable[[Any], Any], tree: Any) -> Any:
    """Apply `function` to every leaf."""
    if isinstance(tree, dict):
        return {key: tree_map(function, value) for key, value in tree.items()}
    if isinstance(tree, tuple) and hasattr(tree, "_fields"):
        return type(tree)(*(tree_map(function, value) for value in tree))
    if isinstance(tree, list | tuple):
        return type(tree)(tree_map(function, value) for value in tree)
    return function(tree)


def fresh(tree: Any) -> Any:
    """Copies of all arrays, laid out as they are, so that whoever gets them changes what nobody else sees."""
    return tree_map(lambda leaf: leaf.copy(order="K") if isinstance(leaf, np.ndarray) else leaf, tree)


def flatten(tree: Any, name: str = "y") -> dict[str, Any]:
    """The leaves by name: ``{"params.0.weight": …}``; a lone array is called `name`. None is no leaf."""
    return dict(_leaves(tree, "", name))


def _leaves(tree: Any, prefix: str, lone: str) -> Iterator[tuple[str, Any]]:
    if tree is None:
        return
    items: Iterable[tuple[Any, Any]]
    if isinstance(tree, dict):
        items = tree.items()
    elif isinstance(tree, tuple) and hasattr(tree, "_fields"):
        items = zip(tree._fields, tree, strict=True)
    elif isinstance(tree, list | tuple):
        items = enumerate(tree)
    else:
        yield prefix or lone, tree
        return
    for key, value in items:
        yield from _leaves(value, f"{prefix}.{key}" if prefix else str(key), lone)

"""Expressions as text and back, and what one can tell of them: what the mutation operators share."""

from __future__ import annotations

import ast
from collections.abc import Iterator

text = ast.unparse
Made = Iterator[tuple[str, ast.AST]]

TINY = 1e-3  # constants below are there to keep a denominator from zero
REDUCTIONS = ("mean", "sum", "max", "min", "argmax", "var", "std", "all", "any")


def made(source: str) -> ast.expr:
    """The expression that this text is."""
    return ast.parse(source, mode="eval").body


def called(node: ast.AST) -> str:
    """The last name of what is called: "exp" for ``np.exp(x)``."""
    match node:
        case ast.Call(func=ast.Name(name)) | ast.Call(func=ast.Attribute(attr=name)):
            return name
    return ""


def of_library(node: ast.Call) -> bool:
    return isinstance(node.func, ast.Attribute) and text(node.func.value) in ("np", "math", "np.linalg")


def factor(node: ast.AST) -> str:
    """Its text, fit to be a factor."""
    return f"({text(node)})"


def mentions_eps(node: ast.AST) -> bool:
    return any(isinstance(n, ast.Name) and "eps" in n.id for n in ast.walk(node)) or (
        isinstance(node, ast.Constant) and isinstance(node.value, float) and 0 < node.value < TINY
    )

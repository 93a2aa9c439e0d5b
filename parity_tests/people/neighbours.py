"""The files that a file imports, found beside it without importing anything."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from parity_tests.people.sources import Text, Unreadable, read

MOST = 200  # neighbours of one file
MOST_TEXT = 8 * 2**20  # characters of them
NEEDED = ("numpy", "scipy", "torch", "parity_tests")  # whose names no file takes over
COURSE = "cs231n"  # whose files import each other by this name, wherever they are kept
OURS = Path(__file__).resolve().parent.parent.parent  # this project's own folder, or site-packages
ORACLES = tuple(OURS / name for name in ("scratch", "reference", "parity_tests"))


def qualified(path: Path, tree: ast.Module) -> tuple[str, Path]:
    """The module name of a file, and the folder from which that name counts.

    A folder with an ``__init__.py`` is a package, and so is one whose files import ``from .layers``.
    """
    folder = path.parent
    parts = [] if path.stem == "__init__" else [_safe(path.stem)]
    climbs = max((n.level for n in ast.walk(tree) if isinstance(n, ast.ImportFrom)), default=0)
    while folder.name and folder != folder.parent and ((folder / "__init__.py").is_file() or climbs > 0):
        parts.insert(0, _safe(folder.name))
        folder, climbs = folder.parent, climbs - 1
    name = ".".join(parts) or "__init__"
    taken = name in sys.stdlib_module_names or name in NEEDED
    return (f"{name}_" if taken or name == "__main__" else name), folder


def _safe(name: str) -> str:
    return name.replace(".", "_")


def gather(path: Path, main: Text) -> tuple[str, tuple[dict[str, Any], ...]]:
    """The name of a file and its sources: itself first, then all that it imports, and what that imports."""
    name, root = qualified(path, main.tree)
    is_package = path.name == "__init__.py"
    sources = {name: _source(name, path, main, is_package)}
    queue = [(name, path, main.tree, is_package)]
    size = 0
    while queue:
        importer, file, tree, package = queue.pop(0)
        for wanted in imported(tree, importer, package):
            for module in _with_parents(wanted):
                if module in sources or len(sources) > MOST or size > MOST_TEXT:
                    continue
                found = _locate(module, file, root, importer)
                if found is None or (_is_ours(found) and not _is_ours(path)):
                    continue
                text = _read(found)
                is_package = found.is_dir() or found.name == "__init__.py"
                sources[module] = _source(module, found, text, is_package)
                size += len(text.text)
                queue.append((module, found, text.tree, is_package))
    for module in list(sources):  # the packages that they are in, though nobody names them
        for parent in _with_parents(module)[:-1]:
            if parent not in sources:
                folder = root.joinpath(*parent.split("."))
                file = folder / "__init__.py"
                there = file.is_file() and module.startswith(name.partition(".")[0])
                text = _read(file) if there else _nothing()
                sources[parent] = _source(parent, file, text, True)
    return name, tuple(sources.values())


def _source(name: str, path: Path, text: Text, package: bool) -> dict[str, Any]:
    source = {"name": name, "file": str(path), "text": text.text, "package": package}
    if text.cells:
        source["cells"] = [[line, f"{path}, cell {number}"] for line, number in text.cells]
    if text.notes:
        source["notes"] = list(text.notes)
    return source


def _nothing() -> Text:
    return Text("", ast.Module([], []))


def _read(path: Path) -> Text:
    """A neighbour's text; one that can't be read says so when it is imported."""
    if path.is_dir():
        return _nothing()
    try:
        return read(path, path.name)
    except Unreadable as error:
        if path.stat().st_size == 0:
            return _nothing()
        text = f"raise ImportError({str(error)!r})"
        return Text(text, ast.parse(text))


def _is_ours(path: Path) -> bool:
    return any(path.is_relative_to(oracle) for oracle in ORACLES)


def _with_parents(module: str) -> list[str]:
    parts = module.split(".")
    return [".".join(parts[:n]) for n in range(1, len(parts) + 1)]


def imported(tree: ast.Module, importer: str, package: bool) -> Iterator[str]:
    """The full names of all modules that a file may import, in order; some may be functions of modules."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = importer.split(".")
            base = base[: len(base) - node.level + package] if node.level else []
            full = ".".join([*base, *([node.module] if node.module else [])])
            if full:
                yield full
                yield from (f"{full}.{alias.name}" for alias in node.names if alias.name != "*")


def _locate(module: str, importer: Path, root: Path, name: str) -> Path | None:
    """The file of a module: beside the file, at its package's root, or in a folder above that."""
    folder = importer.parent
    parts = module.split(".")
    if parts[0] in NEEDED:
        return None
    if parts[0] == name.partition(".")[0] and "." in name:
        roots = [root]
    elif parts[0] in sys.stdlib_module_names:
        roots = [folder]
    else:
        roots = list(dict.fromkeys([folder, root, folder.parent, root.parent]))
    found = next((file for file in (_file(place, parts) for place in roots) if file), None)
    if found is None and parts[0] == COURSE:
        if len(parts) == 1:
            return None
        found = next((file for file in (_file(place, parts[1:]) for place in roots) if file), None)
    return found


def _file(place: Path, parts: list[str]) -> Path | None:
    stem = place.joinpath(*parts)
    candidates = [stem / "__init__.py", stem.parent / f"{stem.name}.py"]
    try:
        return next((file.resolve() for file in candidates if file.is_file()), None)
    except (OSError, ValueError):  # a name that no file can have
        return None


def uses_torch(sources: tuple[dict[str, Any], ...]) -> bool:
    """Whether loading them needs torch: an import that is not in a function, nor behind ``__main__``."""
    names = {source["name"] for source in sources}
    return "torch" not in names and any(
        _imports_torch(ast.parse(source["text"]).body) for source in sources if "torch" in source["text"]
    )


def _imports_torch(statements: list[ast.stmt]) -> bool:
    for statement in statements:
        if isinstance(statement, ast.Import):
            if any(alias.name.partition(".")[0] == "torch" for alias in statement.names):
                return True
        elif isinstance(statement, ast.ImportFrom):
            if not statement.level and (statement.module or "").partition(".")[0] == "torch":
                return True
        elif isinstance(statement, ast.If | ast.Try | ast.With | ast.ClassDef) and not is_main_guard(
            statement
        ):
            handlers = [line for h in getattr(statement, "handlers", []) for line in h.body]
            inner = [*statement.body, *getattr(statement, "orelse", []), *handlers]
            if _imports_torch(inner):
                return True
    return False


def is_main_guard(statement: ast.stmt) -> bool:
    """``if __name__ == "__main__":``"""
    return isinstance(statement, ast.If) and any(
        isinstance(node, ast.Name) and node.id == "__name__" for node in ast.walk(statement.test)
    )

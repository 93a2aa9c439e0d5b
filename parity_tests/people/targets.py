"""What `parity check` is pointed at: files, notebooks, folders, packages and modules, as source text."""

from __future__ import annotations

import ast
import bisect
import difflib
import importlib.machinery
import os
import re
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from parity_tests.people.neighbours import NEEDED, gather, uses_torch
from parity_tests.people.sources import Unreadable, read
from parity_tests.sandbox.messages import plain

__all__ = ["Submission", "Unreadable", "submissions"]

MOST_FILES = 5000
ENDINGS = (".py", ".ipynb")
SKIPPED_FOLDERS = frozenset(["__pycache__", "venv", "env", "node_modules", "site-packages", "build", "dist"])
SKIPPED_FILES = re.compile(r"(setup|conftest|test_.*|.*_test)\.py")
DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)


@dataclass(frozen=True)
class Submission:
    """One file to check: its sources (itself and the neighbours that it imports), ready for `Host.load`.

    Args:
        label: how it is called in reports: the path as it was given.
        main: its module name among the sources.
        sources: dicts with name, file, text and package; a notebook's have its cells, too.
        options: what `Host.load` is to be told.
        uses_torch: whether it can't be loaded without torch.
        error: why it can't be checked, in one sentence.
    """

    label: str
    main: str
    sources: tuple[dict[str, Any], ...] = field(repr=False)
    options: tuple[tuple[str, Any], ...] = ()
    uses_torch: bool = False
    error: str = ""

    def place(self, line: int) -> str:
        """Where a line of the main source is: "line 12", and "cell 3, line 2" in a notebook."""
        cells = self.sources[0].get("cells") if self.sources else None
        if not cells:
            return f"line {line}"
        first, label = cells[max(bisect.bisect_right([start for start, _ in cells], line) - 1, 0)]
        return f"{label.rpartition(', ')[2]}, line {line - first + 1}"


def submissions(target: str) -> Sequence[Submission]:
    """The files of a target, each on its own.  Raises Unreadable for one that has none."""
    path = Path(target).expanduser()
    try:
        if path.is_dir():
            return _folder(path, target)
        if path.exists():
            return [_submission(path, target)]
    except (OSError, ValueError) as error:
        if isinstance(error, Unreadable):
            raise
        raise Unreadable(
            f"{plain(target, 300, lines=False)} can't be read: {getattr(error, 'strerror', error)}"
        ) from None
    if re.fullmatch(r"[^\W\d]\w*(\.[^\W\d]\w*)*", target) and not target.endswith(".py"):
        return _module(target)
    raise Unreadable(f"there is no file {plain(target, 300, lines=False)}{_hint(path)}")


def _hint(path: Path) -> str:
    try:
        near = difflib.get_close_matches(path.name, os.listdir(path.parent), n=1)
    except OSError:
        return f": there is no folder {plain(str(path.parent), 300, lines=False)}"
    return f"; did you mean {plain(str(path.parent / near[0]), 300, lines=False)}?" if near else ""


def _submission(path: Path, label: str) -> Submission:
    label = plain(label, 1000, lines=False)
    stem = plain(path.stem, 200, lines=False)
    if path.suffix not in ENDINGS:
        known = ", ".join(ENDINGS)
        return Submission(label, stem, (), error=f"{label} is neither a Python file nor a notebook ({known})")
    try:
        text = read(path, label)
    except Unreadable as error:
        return Submission(label, stem, (), error=str(error))
    if not text.tree.body:
        return Submission(label, stem, (), error=f"{label} has no code, only comments")
    main, sources = gather(path.resolve(), text)
    options = (("definitions", True),) if path.suffix == ".ipynb" else ()
    return Submission(label, main, sources, options, uses_torch(sources))


def _folder(folder: Path, label: str) -> Sequence[Submission]:
    files = list(_files(folder))
    if not files:
        raise Unreadable(
            f"{plain(label, 300, lines=False)} has no Python files and no notebooks that could be checked"
        )
    if len(files) > MOST_FILES:
        raise Unreadable(
            f"{plain(label, 300, lines=False)} has more than {MOST_FILES} files; name a smaller folder"
        )
    return [_submission(file, os.path.join(label, file.relative_to(folder))) for file in files]


def _files(folder: Path) -> Iterator[Path]:
    """Every file beneath a folder that may have algorithms in it, sorted."""
    for place, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if not _skipped(Path(place, name)))
        for name in sorted(names):
            file = Path(place, name)
            if name.startswith(".") or file.suffix not in ENDINGS or SKIPPED_FILES.fullmatch(name):
                continue
            if name in ("__init__.py", "__main__.py") and not _defines(file):
                continue
            yield file


def _skipped(folder: Path) -> bool:
    name = folder.name
    return (
        name.startswith(".")
        or name in SKIPPED_FOLDERS
        or name.endswith(".egg-info")
        or (folder / "pyvenv.cfg").exists()
    )


def _defines(file: Path) -> bool:
    """Whether it defines anything; one that can't be read is worth a word."""
    try:
        return any(isinstance(statement, DEFINITIONS) for statement in read(file, file.name).tree.body)
    except Unreadable as error:
        return not str(error).endswith("is empty")


def _module(name: str) -> Sequence[Submission]:
    """A module by its name, found where Python would find it, without importing anything."""
    if name.partition(".")[0] in NEEDED:
        raise Unreadable(f"{name} can't be checked: the check itself computes with it")
    places: Sequence[str] | None = [os.getcwd(), *sys.path]
    spec = None
    for depth, part in enumerate(parts := name.split("."), 1):
        full = ".".join(parts[:depth])
        spec = importlib.machinery.PathFinder.find_spec(full, places)
        if spec is None and depth == 1:  # an editable installation has a finder of its own
            finders = [
                finder for finder in sys.meta_path if "editable" in type(finder).__module__ + repr(finder)
            ]
            spec = next((s for f in finders if (s := f.find_spec(part, None))), None)
        if spec is None:
            missing = full if depth > 1 else name
            raise Unreadable(f"there is no file and no module {missing}")
        places = spec.submodule_search_locations
        if places is None and depth < len(parts):
            raise Unreadable(f"there is no module {name}: {full} is no package")
    assert spec is not None
    if spec.submodule_search_locations:
        folder = Path(next(iter(spec.submodule_search_locations)))
        return _folder(folder, str(folder))
    if not spec.origin or Path(spec.origin).suffix != ".py":
        raise Unreadable(f"the module {name} has no Python source ({spec.origin or 'built in'})")
    return [_submission(Path(spec.origin), name)]

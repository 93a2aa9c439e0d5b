"""What a process that runs somebody's code may not do, whatever else keeps it in."""

from __future__ import annotations

import os
import resource
import signal
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from parity_tests.sandbox import kernel

MEMORY = 2 * 2**30
MEMORY_WITH_TORCH = 12 * 2**30
CPU_SECONDS = 300
DEPTH = 3000  # of calls

# Events of sys.audit that numerical code has no use for.
REFUSED = (
    "os.fork",
    "os.forkpty",
    "os.exec",
    "os.posix_spawn",
    "os.spawn",
    "os.system",
    "os.kill",
    "os.killpg",
    "os.remove",
    "os.rename",
    "os.rmdir",
    "os.mkdir",
    "os.chmod",
    "os.chown",
    "os.link",
    "os.symlink",
    "os.truncate",
    "os.setxattr",
    "os.removexattr",
    "os.utime",
    "os.putenv",
    "os.unsetenv",
    "subprocess.",
    "socket.",
    "ctypes.",
    "shutil.",
    "tempfile.",
    "resource.setrlimit",
    "resource.prlimit",
    "signal.pthread_kill",
    "sys._current_frames",
    "sqlite3.",
    "webbrowser.",
    "urllib.",
    "http.",
    "ftplib.",
    "smtplib.",
    "pty.",
    "syslog.",
    "cpython.run_",
)
# Modules that do such things without an event: not to be had where the system itself refuses nothing.
UNWANTED = frozenset(["_posixsubprocess", "_testcapi", "_testinternalcapi", "posix", "_signal"])
ALWAYS_READ: tuple[str, ...] = (
    "/usr/lib",
    "/lib",
    "/lib64",
    "/usr/local/lib",
    "/etc/ld.so.cache",
    "/usr/share/zoneinfo",
)
ALWAYS_READ += ("/dev/urandom", "/dev/zero")


@dataclass(frozen=True)
class Files:
    """What may be read: the `folders`, except what is called one of `hidden` in any folder of packages.

    What is allowed is allowed with all beneath it, so a folder that contains another one of packages is
    taken apart: in a virtual environment, the standard library's folder has site-packages in it.
    """

    folders: tuple[str, ...]
    hidden: tuple[str, ...]

    def readable(self) -> list[str]:
        found = [os.path.dirname(os.path.abspath(__file__))]
        for always in ALWAYS_READ:
            found += self._beneath(always)
        for folder in self.folders:
            found += self._beneath(folder)
        return list(dict.fromkeys(found))

    def _beneath(self, folder: str) -> list[str]:
        if not os.path.isdir(folder):
            return [folder] if os.path.exists(folder) else []
        names = os.listdir(folder)
        apart = [name for name in names if self._has_packages(os.path.join(folder, name))]
        if not apart and set(names).isdisjoint(self.hidden):
            return [folder]
        found = []
        for name in names:
            path = os.path.join(folder, name)
            if name not in self.hidden:
                found += self._beneath(path) if name in apart else [path]
        return found

    def _has_packages(self, path: str) -> bool:
        within = os.path.join(path, "")
        name = os.path.basename(path)
        known = name in ("site-packages", "dist-packages") or name.startswith("python3")
        return os.path.isdir(path) and (known or any((f + "/").startswith(within) for f in self.folders))


def impose(*, torch: bool, files: Files | None) -> None:
    """Limit this process for good: memory, time, files, and what the interpreter may be asked for.

    `files` is None where the process sees no others anyway.
    """
    memory = MEMORY_WITH_TORCH if torch else MEMORY
    for what, soft, hard in (
        (resource.RLIMIT_AS, memory, memory),
        (resource.RLIMIT_CPU, CPU_SECONDS, CPU_SECONDS + 5),
        (resource.RLIMIT_FSIZE, 0, 0),
        (resource.RLIMIT_CORE, 0, 0),
    ):
        resource.setrlimit(what, (soft, hard))
    nothing = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(nothing, stream)
    os.close(nothing)
    readable = None if files is None else files.readable()
    kernel.drop_privileges()
    if files is not None and readable is not None:
        kernel.allow_files(readable, files.folders)
    unwanted = frozenset() if kernel.refuse_calls() else UNWANTED
    sys.setrecursionlimit(DEPTH)
    sys.addaudithook(_watch(readable, files.folders if files else (), unwanted))


def _watch(
    readable: Sequence[str] | None, listable: Sequence[str], unwanted: frozenset[str]
) -> Callable[[str, tuple[Any, ...]], None]:
    """The audit hook. It can't be removed, and it uses nothing that could be replaced: only its defaults."""
    beneath = None if readable is None else tuple(os.path.join(path, "") for path in readable)
    exact = frozenset((*(readable or ()), *listable))

    def hook(
        event: str,
        arguments: tuple[Any, ...],
        refused: tuple[str, ...] = REFUSED,
        unwanted: frozenset[str] = unwanted,
        beneath: tuple[str, ...] | None = beneath,
        exact: frozenset[str] = exact,
        full: Callable[[Any], Any] = _full_path,
        kind: Any = type,
        text: Any = str,
        number: Any = int,
        writing: int = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND,
        nothing: str = os.devnull,
        not_permitted: Any = PermissionError,
        not_found: Any = FileNotFoundError,
        not_here: Any = ImportError,
    ) -> None:
        if event == "open":
            path, mode, flags = arguments
            writes = kind(mode) is text and not {*"wax+"}.isdisjoint(mode)
            if writes or (kind(flags) is number and flags & writing):
                if path != nothing:
                    raise not_permitted(f"code that is checked may not write files ({path})")
            elif beneath is not None and kind(path) is not number:
                path = full(path)
                if path != nothing and path not in exact and not path.startswith(beneath):
                    raise not_found(2, "No such file or directory", path)
        elif event == "import":
            if arguments[0] in unwanted:
                raise not_here(f"code that is checked can't import {arguments[0]}")
        elif event in ("os.listdir", "os.scandir"):
            path = full(arguments[0])
            if beneath is not None and path not in exact and not path.startswith(beneath):
                raise not_found(2, "No such file or directory", path)
        elif event.startswith(refused):
            raise not_permitted(f"code that is checked may not do this ({event})")
        elif event == "object.__setattr__" and getattr(arguments[0], "__name__", "") in (
            "hook",
            "_full_path",
        ):
            raise not_permitted("code that is checked may not change its limits")

    return hook


def _full_path(
    path: Any, absolute: Callable[[str], str] = os.path.abspath, decode: Callable[[Any], str] = os.fsdecode
) -> str:
    return absolute(decode(path if path is not None else "."))


def kill_all_others() -> None:
    """Every process of this namespace but this one and its init."""
    try:
        os.kill(-1, signal.SIGKILL)
    except ProcessLookupError:
        return
    while True:
        try:
            os.waitpid(-1, 0)
        except ChildProcessError:
            return

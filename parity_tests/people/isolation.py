"""Where people's code runs: another process, in bubblewrap where that works.

What keeps it from harm, and from a verdict that it does not deserve:

- The parent never runs it, and reads nothing of it but bytes: a tree of JSON with names, numbers and raw
  arrays, each of a length that is known before (`sandbox.wire`); never pickle. What is no answer ends the
  process, and is no pass. Text is stripped of control characters before it is shown.
- Only inputs go in. The expected values, scratch and the reference are not in that process, nor in its
  memory before, nor in its files: the parent compares, in its own NumPy, which nobody has patched.
- In bubblewrap there are the standard library, NumPy and SciPy, read-only, and nothing else: no network, no
  other processes, no home, no /proc, none of the caller's folders; torch only for code that imports it.
- Without bubblewrap, Landlock allows reading those files alone, and an audit hook says so in Python's words.
- In both, seccomp refuses to start, signal, trace or read processes, to open sockets, to change files, and
  to lift these limits; the audit hook refuses the same with a reason that a person understands.
- Time for each request and for all of them, CPU seconds, memory, the size of files (nothing can be
  written), core dumps and the depth of calls are limited. Standard output goes nowhere.
- In bubblewrap a warm process forks for each submission, and kills all that is left of it before the next;
  the socket of one submission is closed with it, and that of the warm process is not in the child. Its
  memory can't be read (it is not dumpable). Without bubblewrap each submission has a process of its own.
- A process that is gone, or silent for too long, is killed with everything in it, and says why; the next
  submission finds a new one.

Without bubblewrap and without a Linux that has Landlock and seccomp (5.13, x86-64 or ARM64), the audit hook
and the limits are all there is. They stop whatever happens by accident, not somebody determined.
"""

from __future__ import annotations

import contextlib
import functools
import os
import select
import shutil
import signal
import site
import socket
import struct
import subprocess
import sys
import sysconfig
import time
from pathlib import Path

from parity_tests.sandbox.messages import LARGEST

SANDBOX = Path(__file__).resolve().parent.parent / "sandbox"
# What could answer in the person's place, hidden from the sandbox wherever it is installed.
ORACLES = (
    "scratch",
    "reference",
    "parity_tests",
    "jax",
    "jaxlib",
    "tensorflow",
    "keras",
    "autograd",
    "tinygrad",
)
THREADS = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS")
LENGTH = struct.Struct("<Q")
STATUS = struct.Struct("<q")
PATIENCE = 12  # times the limit of one request, for all requests of one submission
TO_END = 2.0  # seconds for a process to be gone

# What the signals that end a process mean to the person whose code it was.
SIGNALS = {
    "SIGSEGV": "it crashed (segmentation fault): a recursion without end, in compiled code?",
    "SIGBUS": "it crashed (bus error)",
    "SIGFPE": "it crashed (arithmetic error in compiled code)",
    "SIGILL": "it crashed (illegal instruction)",
    "SIGABRT": "it crashed (aborted)",
    "SIGXCPU": "it was out of time: too many seconds of computing",
    "SIGKILL": "it was killed: out of memory, or out of time",
}


class Ended(Exception):
    """The process is gone, and why."""


def hidden(*, torch: bool) -> tuple[str, ...]:
    """The packages that people's code can't import."""
    return ORACLES if torch else (*ORACLES, "torch")


def import_paths() -> list[str]:
    """The folders of the standard library and of installed packages."""
    paths = sysconfig.get_paths()
    wanted = [paths["stdlib"], paths["platstdlib"], sysconfig.get_config_var("DESTSHARED") or ""]
    wanted += [paths["purelib"], paths["platlib"], *site.getsitepackages()]
    wanted += [site.getusersitepackages()] if site.ENABLE_USER_SITE else []
    wanted += [entry for entry in sys.path if Path(entry).name in ("site-packages", "dist-packages")]
    return [path for path in dict.fromkeys(wanted) if path and os.path.isdir(path)]


def _package_folders() -> list[str]:
    """Every folder where packages may be that is mounted: those of Python itself and of the system, too."""
    roots = dict.fromkeys([sys.base_prefix, sys.prefix, "/usr", "/usr/local"])
    found = [path for root in roots for path in Path(root).glob("lib*/python3*/*-packages")]
    return [*import_paths(), *map(str, found)]


def _bubblewrap(*, torch: bool) -> list[str]:
    """The command line of bubblewrap: an empty world with Python, NumPy and nothing else in it."""
    command = ["bwrap", "--unshare-all", "--die-with-parent", "--new-session", "--cap-drop", "ALL"]
    roots = ["/usr", "/lib", "/lib64", "/lib32", "/bin", "/etc/ld.so.cache", "/etc/alternatives"]
    roots += [sys.base_prefix, os.path.abspath(sys.prefix), os.path.realpath(sys.executable)]
    roots += import_paths()
    mounted: list[str] = []
    for root in roots:
        if not os.path.exists(root):
            continue
        if os.path.islink(root):
            command += ["--symlink", os.readlink(root), root]
        elif not any(Path(root).is_relative_to(other) for other in mounted):
            command += ["--ro-bind", root, root]
            mounted.append(root)
    command += ["--dev", "/dev"]
    # Where they are installed, and where they stand in a checkout, which may be inside of what is mounted.
    for folder in dict.fromkeys([*_package_folders(), str(SANDBOX.parent.parent)]):
        for name in hidden(torch=torch):
            oracle = os.path.join(folder, name)
            if os.path.isdir(oracle) and any(Path(oracle).is_relative_to(root) for root in mounted):
                command += ["--tmpfs", oracle, "--remount-ro", oracle]
    command += ["--ro-bind", str(SANDBOX), "/parity/sandbox", "--chdir", "/"]
    return [*command, "--remount-ro", "/dev", "--remount-ro", "/"]


@functools.cache
def bubblewrap_works() -> bool:
    """Whether bubblewrap is here and may make its namespaces; tried once."""
    if shutil.which("bwrap") is None or os.environ.get("PARITY_ISOLATION") == "limits":
        return False
    try:
        tried = subprocess.run(
            [*_bubblewrap(torch=False), "--", "/bin/true"], capture_output=True, timeout=10, check=False
        )
    except (OSError, subprocess.SubprocessError):
        return False
    return tried.returncode == 0


class Process:
    """A running sandbox, which serves one submission at a time: in bubblewrap many, otherwise one."""

    def __init__(self, *, torch: bool, timeout: float = 10.0) -> None:
        ours, theirs = socket.socketpair()
        self.timeout = timeout
        self.left = 0.0
        self.warm = bubblewrap_works()
        self.isolation = "bubblewrap" if self.warm else "limits only"
        self.control = ours
        self.channel: socket.socket | None = None
        self.used = False
        program = "/parity/sandbox/__main__.py" if self.warm else str(SANDBOX / "__main__.py")
        python = [os.path.abspath(sys.executable), "-I", "-S", "-B", program, str(theirs.fileno())]
        python += [
            "alone" if self.warm else "among",
            "torch" if torch else "numpy",
            ",".join(hidden(torch=torch)),
        ]
        python += import_paths()
        environment = {"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8", **dict.fromkeys(THREADS, "1")}
        self.process = subprocess.Popen(
            [*_bubblewrap(torch=torch), "--", *python] if self.warm else python,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL if not os.environ.get("PARITY_DEBUG") else None,
            pass_fds=[theirs.fileno()],
            env=environment,
            start_new_session=True,
        )
        theirs.close()

    def begin(self) -> bool:
        """Be ready for another submission; False if this process can't be."""
        self.end()
        if self.used and not self.warm:
            return False
        self.used = True
        self.left = PATIENCE * self.timeout
        if not self.warm:
            self.channel = self.control
            return True
        ours, theirs = socket.socketpair()
        with theirs:
            try:
                socket.send_fds(self.control, [b"s"], [theirs.fileno()])
            except OSError:
                ours.close()
                return False
        self.channel = ours
        return True

    def ask(self, message: bytes) -> bytes:
        """The answer to a message.  Raises Ended if there is none."""
        if self.channel is None:
            raise Ended("the process has ended")
        began = time.monotonic()
        deadline = began + min(self.timeout, self.left)
        try:
            self.channel.settimeout(max(deadline - time.monotonic(), 0.01))
            self.channel.sendall(LENGTH.pack(len(message)) + message)
            (size,) = LENGTH.unpack(self._exactly(LENGTH.size, deadline))
            if size > LARGEST + 2**20:
                self.kill()
                raise Ended("what came back is no answer")
            return self._exactly(size, deadline)
        except TimeoutError:
            in_all = self.left < self.timeout
            limit = (
                f"{PATIENCE * self.timeout:g} s in all" if in_all else f"{self.timeout:g} s: an endless loop?"
            )
            self.kill()
            raise Ended(f"no answer within {limit}") from None
        except OSError:
            raise Ended(self._how_it_ended()) from None
        finally:
            self.left -= time.monotonic() - began

    def _exactly(self, size: int, deadline: float) -> bytes:
        parts = bytearray()
        assert self.channel is not None
        while len(parts) < size:
            left = deadline - time.monotonic()
            if left <= 0 or not select.select([self.channel], [], [], left)[0]:
                raise TimeoutError
            part = self.channel.recv(min(size - len(parts), 2**20))
            if not part:
                raise ConnectionResetError
            parts += part
        return bytes(parts)

    def _how_it_ended(self) -> str:
        status = self._status()
        if status is None:
            self.kill()
            return "it closed its connection, and gave no answer"
        if status >= 0:
            return f"it ended its process (exit status {status}) before it answered"
        name = next((s.name for s in signal.Signals if s.value == -status), f"signal {-status}")
        return SIGNALS.get(name, f"its process was ended by {name}")

    def _status(self) -> int | None:
        """The exit status of the submission's process, which ends now; None if it does not."""
        if self.channel is not None:
            self.channel.close()
            self.channel = None
        if not self.warm:
            with contextlib.suppress(subprocess.TimeoutExpired):
                return self.process.wait(TO_END)
            return None
        try:
            ready = select.select([self.control], [], [], TO_END)[0]
            told = self.control.recv(STATUS.size) if ready else b""
        except (OSError, ValueError):
            return None
        return int(STATUS.unpack(told)[0]) if len(told) == STATUS.size else None

    def end(self) -> None:
        """Let the process of this submission end, and all that it left behind."""
        if self.channel is not None and self._status() is None:
            self.kill()

    def kill(self) -> None:
        """End it, and all that it started."""
        if self.process.returncode is None:  # once waited for, its number may be another's
            with contextlib.suppress(OSError):
                os.killpg(self.process.pid, signal.SIGKILL)  # its session is its own
            self.process.wait()
        self.control.close()
        if self.channel is not None:
            self.channel.close()
            self.channel = None

    @property
    def gone(self) -> bool:
        return self.control.fileno() < 0 or self.process.poll() is not None

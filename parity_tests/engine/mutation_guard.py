"""A limit of time and of memory for code with a mistake in it, which may not come to an end."""

from __future__ import annotations

import resource
import signal
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

SECONDS = 1.0  # of its own, however busy the machine: the longest that a mutant may take for one answer
MEMORY = 4 << 30  # that it may take more than there was


class TookTooLong(BaseException):
    """A mutant that does not come to an end; not for the mutant to catch."""


@contextmanager
def limited(seconds: float = SECONDS) -> Iterator[None]:
    """While this lasts, what takes too long raises TookTooLong, what takes too much memory MemoryError."""
    if threading.current_thread() is not threading.main_thread() or not hasattr(signal, "setitimer"):
        yield
        return

    def stop(_: int, __: FrameType | None) -> None:
        raise TookTooLong

    before = signal.signal(signal.SIGVTALRM, stop)
    memory = resource.getrlimit(resource.RLIMIT_AS)
    limits = [limit for limit in (*memory, _in_use() + MEMORY) if limit != resource.RLIM_INFINITY]
    resource.setrlimit(resource.RLIMIT_AS, (min(limits), memory[1]))
    signal.setitimer(signal.ITIMER_VIRTUAL, seconds)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        resource.setrlimit(resource.RLIMIT_AS, memory)
        signal.signal(signal.SIGVTALRM, before)


def _in_use() -> int:
    """The address space that this process has."""
    status = Path("/proc/self/statm")
    return int(status.read_text().split()[0]) * resource.getpagesize() if status.exists() else 1 << 40

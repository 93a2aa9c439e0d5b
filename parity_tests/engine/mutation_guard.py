"""A limit of time and of memory for code with a mistake in it, which may not come to an end."""

from __future__ import annotations

import contextlib
import gc
import resource
import signal
import sys
import threading
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

SECONDS = 1.0  # of its own, however busy the machine: the longest that a mutant may take for one answer
MEMORY = 4 << 30  # that it may take more than there was
AGAIN = 0.05  # seconds after which the limit is told once more: what is raised in a destructor is lost
OF_THE_GUARD = (__file__, contextlib.__file__)  # what ends the limit is not limited


class TookTooLong(BaseException):
    """A mutant that does not come to an end; not for the mutant to catch."""


@contextmanager
def limited(seconds: float = SECONDS) -> Iterator[None]:
    """While this lasts, what takes too long raises TookTooLong, what takes too much memory MemoryError.

    Outside the main thread, which alone gets signals, Python's own steps are counted out, and memory is not.
    """
    signals = threading.current_thread() is threading.main_thread() and hasattr(signal, "setitimer")
    with warnings.catch_warnings(), _signalled(seconds) if signals else _traced(seconds):
        warnings.simplefilter("ignore")
        yield


@contextmanager
def _signalled(seconds: float) -> Iterator[None]:
    def stop(_: int, __: FrameType | None) -> None:
        raise TookTooLong

    before = signal.signal(signal.SIGVTALRM, stop)
    memory = resource.getrlimit(resource.RLIMIT_AS)
    limits = [limit for limit in (*memory, _in_use() + MEMORY) if limit != resource.RLIM_INFINITY]
    collecting = gc.isenabled()
    try:
        gc.disable()  # it takes its time, and what is raised in a destructor or a callback of it is lost
        resource.setrlimit(resource.RLIMIT_AS, (min(limits), memory[1]))
        try:
            signal.setitimer(signal.ITIMER_VIRTUAL, seconds, AGAIN)
            yield
        finally:  # the signal may come until here, and what follows is done all the same
            signal.setitimer(signal.ITIMER_VIRTUAL, 0)
    finally:
        resource.setrlimit(resource.RLIMIT_AS, memory)
        if collecting:
            gc.enable()
        signal.signal(signal.SIGVTALRM, before)


@contextmanager
def _traced(seconds: float) -> Iterator[None]:
    """By a look at this thread's clock at every line that it executes: a loop has one."""
    deadline = time.thread_time() + seconds

    def trace(frame: FrameType, event: str, _: Any) -> Any:
        if frame.f_code.co_filename in OF_THE_GUARD:
            return None
        if event != "return" and time.thread_time() > deadline:
            raise TookTooLong
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        yield
    finally:
        sys.settrace(before)


def _in_use() -> int:
    """The address space that this process has."""
    status = Path("/proc/self/statm")
    return int(status.read_text().split()[0]) * resource.getpagesize() if status.exists() else 1 << 40

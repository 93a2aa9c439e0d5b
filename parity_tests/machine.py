"""What this machine has to offer: cores, and processes to share work among."""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from concurrent.futures import ProcessPoolExecutor


def cores() -> int:
    """How many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@contextmanager
def workers(
    jobs: int, *, preload: Sequence[str] = (), initializer: Callable[[], Any] | None = None
) -> Iterator[ProcessPoolExecutor]:
    """Processes that share work, and that end with this one, however it ends.

    A fork server imports what is needed once for all, and was never in the middle of a computation when it
    forks. None of them imports anything from the current folder, which may be somebody else's.

    Args:
        jobs: how many.
        preload: modules to import once.
        initializer: what each begins with.
    """
    # Slow to import, and a single file needs no others.
    import multiprocessing  # noqa: PLC0415
    from concurrent.futures import ProcessPoolExecutor  # noqa: PLC0415

    os.environ["PYTHONSAFEPATH"] = "1"  # before the fork server starts: its interpreter reads it
    linux = sys.platform == "linux"
    context = multiprocessing.get_context("forkserver" if linux else "spawn")
    if linux:
        context.set_forkserver_preload(list(preload))
    begin = partial(_begin, os.getpid(), initializer)
    pool = ProcessPoolExecutor(jobs, context, initializer=begin)
    try:
        yield pool
    except BaseException:
        pool.shutdown(wait=False, cancel_futures=True)
        for process in multiprocessing.active_children():
            process.terminate()
        raise
    pool.shutdown()


def _begin(parent: int, initializer: Callable[[], Any] | None) -> None:
    threading.Thread(target=_end_with, args=(parent,), daemon=True).start()
    if initializer is not None:
        initializer()


def _end_with(parent: int) -> None:
    """End this process soon after the one that it works for."""
    while True:
        time.sleep(0.5)
        try:
            os.kill(parent, 0)
        except ProcessLookupError:
            os._exit(1)
        except PermissionError:
            pass

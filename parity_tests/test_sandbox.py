"""Every trick that people's code may try: it fails, it says why, and it harms nobody."""

import os
import re
import signal
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from parity_tests.people import isolation
from parity_tests.people.host import Isolated, Lost, TheirError
from parity_tests.samples.tricks import FIND, FORGED, LOOPS, PROJECT, REACHED, RETURNED, SAID, STAYS, X
from parity_tests.sandbox import wire
from parity_tests.sandbox.standins import REFUSED

RIGHT = np.exp(X) / np.exp(X).sum(-1, keepdims=True)
HONEST = """
import numpy as np

def softmax(x):
    e = np.exp(x - x.max(-1, keepdims=True))
    return e / e.sum(-1, keepdims=True)
"""


@pytest.fixture(scope="module")
def warm() -> Iterator[Isolated]:
    """The best isolation that there is."""
    isolation.bubblewrap_works.cache_clear()
    with Isolated(timeout=5.0) as host:
        yield host


@pytest.fixture(scope="module", params=["bubblewrap", "limits only"])
def host(request: pytest.FixtureRequest) -> Iterator[Isolated]:
    with pytest.MonkeyPatch.context() as patch:
        if request.param == "limits only":
            patch.setenv("PARITY_ISOLATION", "limits")
        isolation.bubblewrap_works.cache_clear()
        with Isolated(timeout=5.0) as host:
            if host.isolation != request.param:
                pytest.skip("bubblewrap does not work here")
            yield host
    isolation.bubblewrap_works.cache_clear()


def load(host: Isolated, text: str, **options: Any) -> dict[str, Any]:
    source = {"name": "theirs", "file": "/home/somebody/theirs.py", "text": text, "package": False}
    return host.load([source], "theirs", refused=sorted(REFUSED), **options)


def answer(host: Isolated, text: str) -> Any:
    """What comes of somebody's softmax: its value, or the text of its error."""
    try:
        load(host, textwrap.dedent(text))
        return host.call("softmax", X.copy())
    except (TheirError, Lost) as error:
        return str(error)


def assert_unharmed(host: Isolated) -> None:
    """The next submission is served, and finds the NumPy that it expects."""
    np.testing.assert_allclose(answer(host, HONEST), RIGHT, rtol=1e-15)


@pytest.mark.parametrize("trick", SAID)
def test_what_is_said(warm: Isolated, trick: str) -> None:
    assert_said(warm, *SAID[trick])


def assert_said(host: Isolated, text: str, said: str) -> None:
    got = answer(host, text)
    assert isinstance(got, str), got
    assert re.search(said, got), got
    assert len(got) < 1000
    if host.process.warm or host.process.gone:  # otherwise the next submission has another process anyway
        assert_unharmed(host)


@pytest.mark.parametrize("trick", REACHED)
def test_what_is_out_of_reach(host: Isolated, trick: str) -> None:
    assert_said(host, *REACHED[trick])


@pytest.mark.parametrize("trick", RETURNED)
def test_what_comes_back(warm: Isolated, trick: str) -> None:
    text, expected = RETURNED[trick]
    got = answer(warm, text)
    assert type(got) is type(expected)
    if isinstance(got, np.ndarray):
        assert got.dtype == expected.dtype
    np.testing.assert_array_equal(got, expected)
    assert_unharmed(warm)


@pytest.mark.parametrize("trick", STAYS)
def test_what_stays_there(warm: Isolated, trick: str) -> None:
    got = answer(warm, STAYS[trick])
    if isinstance(got, list):
        (got,) = got
    assert isinstance(got, wire.Ref | str)
    assert str(got).isprintable()
    assert_unharmed(warm)


@pytest.mark.parametrize("trick", LOOPS)
def test_what_takes_too_long(warm: Isolated, trick: str) -> None:
    assert_unharmed(warm)
    load(warm, LOOPS[trick])
    warm.process.timeout = 0.3
    with pytest.raises(Lost, match=r"no answer within 0\.3 s: an endless loop\?"):
        warm.call("softmax", X)
    assert_unharmed(warm)


def test_time_for_all_calls_is_limited(warm: Isolated) -> None:
    load(warm, "import time\ndef softmax(x): time.sleep(0.2)")
    warm.process.left = 0.3
    with pytest.raises(Lost, match="in all"):
        [warm.call("softmax", X) for _ in range(5)]
    assert_unharmed(warm)


@pytest.mark.parametrize("what", FORGED)
def test_forged_answers(warm: Isolated, what: str) -> None:
    got = answer(warm, FIND.replace("FORGED", FORGED[what]))
    assert isinstance(got, str)
    assert re.search("no answer|too deep|ended its process|shorter|no array", got), got
    assert_unharmed(warm)


def test_answers_in_advance_do_not_reach_the_next_submission(host: Isolated) -> None:
    """Hundreds of answers that nobody asked for, and a process that lives on."""
    forged = "[os.write(fd, frame({'d': [['value', 42], ['changed', {'l': []}]]})) for _ in range(300)]"
    text = FIND.replace("FORGED", forged).replace("os._exit(0)", "return 1")
    assert answer(host, text) == 42
    assert_unharmed(host)


def test_a_forged_description(warm: Isolated) -> None:
    """A file that answers the question what it defines."""
    load(warm, HONEST)
    for tree in ({"d": [["value", {"l": []}]]}, {"d": [["value", {"d": [["members", 3], ["notes", 4]]}]]}):
        with pytest.raises(Lost, match="no answer"):
            load(warm, FIND.replace("FORGED", f"os.write(fd, frame({tree!r}))") + "softmax(0)")
    assert_unharmed(warm)


@pytest.mark.parametrize(
    "change",
    [
        "parameters[0]['default'] = np.zeros(3)",
        "parameters[0]['default'] = [1]",
        "parameters[0]['kind'] = 'ANY'",
        "parameters[0]['name'] = 3",
        "member['kind'] = 'module'",
        "member['methods'] = 3",
        "member['implements'] = ['relu']",
        "member['line'] = 'x'",
    ],
)
def test_a_wrong_description(host: Isolated, change: str) -> None:
    text = f"""
        import sys, numpy as np
        loading = sys.modules['parity_tests.sandbox.loading']
        before = loading.describe
        def describe(loaded):
            told = before(loaded)
            for member in told['members']:
                parameters = member['parameters']
                if member['name'] == 'softmax':
                    {change}
            return told
        loading.describe = describe
        def softmax(x, axis=-1): return x
    """
    with pytest.raises(Lost, match="no answer"):
        load(host, textwrap.dedent(text))
    assert_unharmed(host)


def test_an_unknown_algorithm_is_told() -> None:
    from parity_tests.people.binding import Member
    from parity_tests.people.finding import Wanted
    from parity_tests.people.native import bind

    told = Member("mine", "function", (), implements="nothing_known")
    (unbound,) = bind([told], Wanted()).unbound
    assert "nothing_known" in unbound.reason


def test_folders_with_packages_in_them_are_taken_apart(tmp_path: Path) -> None:
    from parity_tests.sandbox.limits import Files

    packages = tmp_path / "lib" / "python3.11" / "site-packages"
    for name in ("torch", "numpy"):
        (packages / name).mkdir(parents=True)
    (packages.parent / "os.py").touch()
    found = Files((str(packages.parent), str(packages)), ("torch",)).readable()
    assert {str(packages / "numpy"), str(packages.parent / "os.py")} <= set(found)
    assert not [path for path in found if (packages / "torch").is_relative_to(path)]


def test_a_put_that_is_no_ref(warm: Isolated) -> None:
    load(warm, "import sys\nsys.modules['parity_tests.sandbox.server'].Server.refer = lambda self, thing: 3")
    with pytest.raises((TheirError, Lost)):
        warm.put(X)
    assert_unharmed(warm)


def test_what_goes_on_behind(host: Isolated) -> None:
    """Threads and exit handlers end with their submission."""
    text = """
        import atexit, os, threading, time
        def forever():
            while True:
                time.sleep(0.001)
        threading.Thread(target=forever).start()
        atexit.register(lambda: open('/tmp/parity-was-here', 'w'))
        def softmax(x):
            return os.getpid()
    """
    first = answer(host, text)
    assert isinstance(first, int)
    assert answer(host, text) != first or host.isolation == "limits only"
    assert not Path("/tmp/parity-was-here").exists()
    assert_unharmed(host)


def test_no_memory_of_the_one_before(host: Isolated) -> None:
    load(
        host,
        "import os, sys, numpy as np\nnp.exp = np.log\nsys.modules['evil'] = np\nos.environ['A'] = 'b'",
    )
    text = """
        import os, sys
        def softmax(x):
            return 'evil' in sys.modules or 'A' in os.environ
    """
    assert answer(host, text) is False


def test_a_wrong_file_harms_no_other(host: Isolated) -> None:
    with pytest.raises(Lost, match="ended its process"):
        load(host, "import os\nos._exit(3)")
    assert_unharmed(host)


def test_nothing_of_the_caller_is_there(host: Isolated) -> None:
    os.environ["PARITY_SECRET"] = "secret"
    try:
        text = "import os, sys, gc\ndef softmax(x): return ' '.join([*os.environ, *sys.modules, *sys.argv])"
        seen = answer(host, text)
    finally:
        del os.environ["PARITY_SECRET"]
    for name in ("PARITY_SECRET", "scratch", "reference", "judging", "questions", "catalogue"):
        assert name not in seen


def test_a_thread_is_allowed_and_so_is_scipy(warm: Isolated) -> None:
    """What correct code may need."""
    text = """
        import threading, subprocess, multiprocessing, ctypes, tempfile
        import numpy as np
        from concurrent.futures import ThreadPoolExecutor
        from dataclasses import dataclass
        from scipy.special import erf, softmax as theirs
        from scipy import signal, stats
        from scipy.stats import norm
        @dataclass
        class Config:
            axis: int = -1
        def softmax(x):
            with ThreadPoolExecutor(2) as pool:
                rows = pool.map(lambda row: theirs(row, axis=Config().axis), x)
                return np.array(list(rows)) + 0 * norm.cdf(0)
    """
    np.testing.assert_allclose(answer(warm, text), RIGHT, rtol=1e-14)


def test_the_audit_hook_alone() -> None:
    """Where the system itself refuses nothing, Python's events are refused all the same."""
    from parity_tests.sandbox.limits import UNWANTED, _watch

    hook = _watch(["/usr/lib"], ["/usr"], UNWANTED)
    for event, arguments in {
        "open": ("/etc/passwd", "r", 0),
        "os.listdir": ("/root",),
        "import": ("_posixsubprocess", None, None, None, None),
        "os.kill": (1, 9),
        "subprocess.Popen": ("ls",),
        "ctypes.dlopen": ("libc",),
    }.items():
        with pytest.raises((OSError, ImportError)):
            hook(event, arguments)
    with pytest.raises(PermissionError):
        hook("open", ("/usr/lib/x", "w", 0))
    with pytest.raises(PermissionError):
        hook("object.__setattr__", (hook, "__code__", None))
    hook("open", ("/usr/lib/x", "r", 0))
    hook("open", (3, "rb", 0))
    hook("os.listdir", ("/usr",))
    hook("open", (os.devnull, "w", os.O_RDWR))


KERNEL = """
import fcntl, os, signal, socket, sys
sys.path.insert(0, {project!r})
from parity_tests.sandbox import kernel
kernel.drop_privileges()
status = open("/proc/self/status").readlines()
held = [line.split()[1] for line in status if line.startswith(("CapEff", "CapPrm", "CapAmb"))]
files = kernel.allow_files([os.path.dirname(os.__file__)], ["/usr"])
calls = kernel.refuse_calls()
def tried(function, *args):
    try:
        function(*args)
    except OSError as error:
        return type(error).__name__
    return "done"
import threading
thread = threading.Thread(target=print, args=["thread"])
thread.start()
thread.join()
print(files, calls, tried(os.listdir, "/usr"), tried(os.stat, "/etc"))
print("held", {{*held}})
print("files", tried(open, "/etc/passwd"), tried(os.listdir, "/etc"))
print("calls", tried(os.fork), tried(os.kill, os.getppid(), 0), tried(socket.socket),
      tried(os.mkdir, "/tmp/x"), tried(os.execv, "/bin/true", ["true"]),
      tried(signal.pidfd_send_signal, 0, 0), tried(fcntl.fcntl, 0, fcntl.F_SETOWN, 1),
      tried(fcntl.fcntl, 0, 10, 9), tried(fcntl.ioctl, 0, 0x8901, b"1234"), tried(os.utime, "/usr"))
tried(fcntl.fcntl, 0, fcntl.F_GETFD) == "done" or sys.exit(4)
os.abort()
"""


def test_what_linux_itself_refuses() -> None:
    """Without an audit hook in Python, which somebody may find a way around."""
    ran = subprocess.run(
        [sys.executable, "-c", KERNEL.format(project=str(PROJECT))],
        capture_output=True,
        text=True,
        check=False,
    )
    thread, worked, held, files, calls = ran.stdout.splitlines() or pytest.fail(ran.stderr)
    assert thread == "thread"
    assert held == f"held {{'{0:016x}'}}"
    if worked.startswith("True"):
        assert files == "files PermissionError PermissionError"
    if worked.split()[1] == "True":
        assert calls == "calls" + " PermissionError" * 10
    if not worked.startswith("True True"):
        pytest.skip("this system has no Landlock or no seccomp")
    assert worked == "True True done done"
    assert ran.returncode == -signal.SIGABRT

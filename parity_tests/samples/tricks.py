"""Tricks that people's code may try, as the text of a file with a softmax in it."""

import numpy as np

from parity_tests.people import isolation

PROJECT = isolation.SANDBOX.parent.parent
X = np.array([[1.0, 2.0, 4.0], [0.0, -1.0, 3.0]])

# What they do to their own process, and what is said of it.
SAID = {
    "ends its process": ("import os\ndef softmax(x): os._exit(0)", r"ended its process \(exit status 0\)"),
    "exits": ("import sys\ndef softmax(x): sys.exit(0)", "SystemExit: 0"),
    "aborts": ("import os\ndef softmax(x): os.abort()", "crashed"),
    "crashes": (
        "import sys\ndef softmax(x):\n    sys.setrecursionlimit(10**9)\n    f = lambda: f()\n"
        "    d = []\n    for _ in range(10**5): d = [d]\n    return repr(d)",
        "crashed|RecursionError",
    ),
    "recurses": ("def softmax(x): return softmax(x)", "RecursionError"),
    "takes 8 GB": ("import numpy as np\ndef softmax(x): return np.ones(2**30)", "MemoryError"),
    "takes lists of 8 GB": ("def softmax(x): return [0] * 2**30", "MemoryError"),
    "returns 300 MB": (
        "import numpy as np\ndef softmax(x): return np.broadcast_to(x[0, 0], 40 * 2**20)",
        "320 MiB",
    ),
    "nests": ("def softmax(x):\n    x = []\n    x.append(x)\n    return x", "nested too deeply"),
    "has a message of a megabyte": (
        "def softmax(x): raise ValueError('x' * 2**20)",
        r"^ValueError: x{300}\b",
    ),
    "has a message for the terminal": (
        "def softmax(x): raise ValueError('\\x1b[2J\\x1b[32mpassed\\u202e\\r')",
        r"^ValueError: [^\x1b\r\u202e]*$",
    ),
    "has an error without text": (
        "class E(Exception):\n    def __str__(self): raise SystemExit\ndef softmax(x): raise E",
        "^E: ",
    ),
    "raises what nobody catches": ("def softmax(x): raise BaseException('no')", "BaseException: no"),
    "stops its generator": ("def softmax(x): raise GeneratorExit", "GeneratorExit"),
}

# What they do to others: another way to be stopped in each kind of isolation.
REACHED = {
    "starts a shell": ("import os\ndef softmax(x): return os.system('true')", "PermissionError"),
    "starts a process": (
        "import subprocess\ndef softmax(x): return subprocess.run(['true'])",
        "PermissionError",
    ),
    "forks": ("import os\ndef softmax(x): return os.fork()", "PermissionError"),
    "forks below Python": (
        "import _posixsubprocess, os\n"
        "def softmax(x):\n"
        "    r, w = os.pipe()\n"
        "    return _posixsubprocess.fork_exec([b'/bin/true'], [b'/bin/true'], True, (w,), None, None, -1,\n"
        "        -1, -1, -1, -1, -1, r, w, True, False, -1, None, None, None, -1, None, False)",
        "PermissionError|Operation not permitted|NameError|TypeError",
    ),
    "kills its parent": ("import os\ndef softmax(x): os.kill(os.getppid(), 9)", "PermissionError"),
    "kills its parent by its descriptor": (
        "import os, signal\ndef softmax(x): signal.pidfd_send_signal(os.pidfd_open(os.getppid()), 9)",
        "PermissionError",
    ),
    "has the kernel kill its parent": (
        "import fcntl, os\n"
        "def softmax(x):\n"
        "    r, w = os.pipe()\n"
        "    fcntl.fcntl(r, fcntl.F_SETOWN, os.getppid())\n"
        "    return fcntl.fcntl(r, 10, 9)",
        "PermissionError",
    ),
    "changes its processors": (
        "import os\ndef softmax(x): os.sched_setaffinity(os.getppid(), {0})",
        "PermissionError",
    ),
    "changes the time of a file": ("import os\ndef softmax(x): os.utime('/tmp')", "PermissionError"),
    "has a name of two lines": (
        "E = type('E\\n0 of 9 wrong\\t', (Exception,), {})\ndef softmax(x): raise E('no')",
        "^E\ufffd0 of 9 wrong\ufffd: no",
    ),
    "returns a hundred thousand numbers": ("def softmax(x): return [1] * 100_001", "more than 100000 parts"),
    "returns 3 MB of text": ("def softmax(x): return 'x' * 3 * 2**20", "too large"),
    "kills everybody": ("import os\ndef softmax(x): os.kill(-1, 9)", "PermissionError"),
    "connects": (
        "import socket\ndef softmax(x): socket.create_connection(('127.0.0.1', 22))",
        "PermissionError",
    ),
    "writes a file": ("def softmax(x): open('/tmp/parity-was-here', 'w').write('x')", "PermissionError"),
    "makes a folder": ("import os\ndef softmax(x): os.mkdir('/tmp/parity-was-here')", "PermissionError"),
    "reads the oracle": (
        f"def softmax(x): return open('{PROJECT}/scratch/__init__.py').read()",
        "FileNotFoundError",
    ),
    "reads passwords": ("def softmax(x): return open('/etc/passwd').read()", "FileNotFoundError"),
    "reads in C": (
        "import numpy as np\ndef softmax(x): return np.fromfile('/etc/passwd')",
        "FileNotFoundError",
    ),
    "lists logs": ("import os\ndef softmax(x): return os.listdir('/var/log')", "FileNotFoundError"),
    "imports scratch": (
        "import scratch.activations as s\ndef softmax(x): return s.softmax(x)[0]",
        "needs scratch",
    ),
    "imports torch": (
        "def softmax(x):\n    import torch\n    return torch.softmax(torch.tensor(x), -1).numpy()",
        "needs torch",
    ),
    "finds scratch another way": (
        "import sys, importlib.machinery\n"
        "def softmax(x):\n"
        "    sys.meta_path[:] = [importlib.machinery.PathFinder]\n"
        f"    sys.path.insert(0, '{PROJECT}')\n"
        "    from scratch.activations import softmax\n"
        "    return softmax(x)[0]",
        "ModuleNotFoundError|ImportError|FileNotFoundError|PermissionError",
    ),
    "finds torch another way": (
        "import sys, importlib.machinery\n"
        "def softmax(x):\n"
        "    sys.meta_path[:] = [importlib.machinery.BuiltinImporter, importlib.machinery.FrozenImporter,\n"
        "                        importlib.machinery.PathFinder]\n"
        "    import torch\n"
        "    return torch.softmax(torch.tensor(x), -1).numpy()",
        "ModuleNotFoundError|ImportError|AttributeError|FileNotFoundError",
    ),
    "imports who judges": (
        "import sys\ndef softmax(x):\n    import parity_tests.judging as j\n    return j.questions(x)",
        "needs parity_tests",
    ),
    "lifts its limits": (
        "import resource\ndef softmax(x): resource.setrlimit(resource.RLIMIT_CPU, (9999, 9999))",
        "PermissionError",
    ),
    "looks at frames": (
        "import sys\ndef softmax(x): return [f for f in sys._current_frames()]",
        "PermissionError",
    ),
    "uses ctypes": ("import ctypes\ndef softmax(x): ctypes.CDLL(None).getpid()", "PermissionError"),
    "takes the hook's code": (
        "import gc\n"
        "def softmax(x):\n"
        "    for thing in gc.get_objects():\n"
        "        if getattr(thing, '__name__', '') == 'hook' and hasattr(thing, '__code__'):\n"
        "            thing.__code__ = (lambda *a: None).__code__\n"
        "    return open('/etc/passwd').read()",
        "PermissionError|FileNotFoundError",
    ),
    "looks into what judges": (
        "import sys\n"
        "def softmax(x):\n"
        "    sys.modules['parity_tests.sandbox.limits'].REFUSED = ()\n"
        "    __import__('os').system('true')\n"
        "    return open('/etc/passwd').read()",
        "PermissionError|FileNotFoundError",
    ),
}

# What they return without an error: it comes back as what it is, a number or nothing that is one.
RETURNED = {
    "an array that lies": (
        "import numpy as np\n"
        "class Liar(np.ndarray):\n"
        "    def __eq__(self, other): return True\n"
        "    def __array__(self, *a, **k): return np.ones(3)\n"
        "    __array_priority__ = 1e9\n"
        "    def __array_function__(self, *a): return True\n"
        "    def __array_ufunc__(self, *a, **k): return 0.0\n"
        "def softmax(x): return np.zeros((2, 3)).view(Liar)",
        np.zeros((2, 3)),
    ),
    "patched NumPy": (
        "import numpy as np, json, builtins\n"
        "np.allclose = np.array_equal = lambda *a, **k: True\n"
        "np.testing.assert_allclose = lambda *a, **k: None\n"
        "np.asarray = lambda *a, **k: np.zeros(1)\n"
        "builtins.abs = lambda x: 0\n"
        "def softmax(x): return np.zeros((2, 3))",
        np.zeros((2, 3)),
    ),
    "changed inputs": ("def softmax(x):\n    x[:] = 0\n    return x", np.zeros((2, 3))),
    "nothing": ("def softmax(x): pass", None),
    "NaN": ("def softmax(x): return x * float('nan')", np.full((2, 3), np.nan)),
    "a list": ("def softmax(x): return x.tolist()", X.tolist()),
    "float32": ("def softmax(x): return x.astype('f4')", X.astype("f4")),
    "long double": ("import numpy as np\ndef softmax(x): return x.astype(np.longdouble)", X),
    "complex numbers": ("def softmax(x): return x + 0j", X + 0j),
    "columns": ("import numpy as np\ndef softmax(x): return np.asfortranarray(x)", X),
}

STAYS = {
    "an object": "def softmax(x): return object()",
    "a generator": "def softmax(x): return (i for i in x)",
    "an endless generator": "import itertools\ndef softmax(x): return itertools.count()",
    "strings": "import numpy as np\ndef softmax(x): return np.array(['a', 'b'])",
    "a class that lies": (
        "class Meta(type):\n"
        "    __module__ = 'theirs'\n"
        "    def __getattribute__(cls, name): raise SystemExit(name)\n"
        "class Thing(metaclass=Meta): pass\n"
        "def softmax(x): return [Thing]"
    ),
    "an object that raises": (
        "class Thing:\n"
        "    def __array__(self, *a, **k): raise SystemError\n"
        "    def __repr__(self): raise SystemExit\n"
        "    __str__ = __len__ = __iter__ = __float__ = __repr__\n"
        "def softmax(x): return Thing()"
    ),
    "an object of a name for the terminal": "def softmax(x): return type('\\x1b[2J', (), {})()",
}

LOOPS = {
    "loops": "def softmax(x):\n    while True: pass",
    "catches everything": (
        "import signal\n"
        "for s in range(1, 64):\n"
        "    try: signal.signal(s, lambda *a: None)\n"
        "    except Exception: pass\n"
        "def softmax(x):\n"
        "    while True:\n"
        "        try:\n"
        "            while True: pass\n"
        "        except BaseException: pass"
    ),
    "sleeps": "import time\ndef softmax(x): time.sleep(1000)",
    "floods": "def softmax(x):\n    while True: print('x' * 10**6)",
    "an object that loops": (
        "class Thing:\n"
        "    def __array__(self, *a, **k):\n"
        "        while True: pass\n"
        "def softmax(x): return Thing()"
    ),
    "doubles": "def softmax(x):\n    x = []\n    for _ in range(38): x = [x, x]\n    return x",
}

# Writing to the socket: each finds the descriptor of the socket and answers in the place of the server.
FIND = """
import json, os, struct
def sockets():
    for fd in range(3, 256):
        try:
            if os.fstat(fd).st_mode & 0o170000 == 0o140000: yield fd
        except OSError: pass
def frame(tree, size=None):
    tree = json.dumps(tree).encode()
    body = struct.pack('<QQ', len(tree), 0) + tree
    return struct.pack('<Q', len(body) if size is None else size) + body
def softmax(x):
    for fd in sockets():
        FORGED
    os._exit(0)
"""

FORGED = {
    "garbage": "os.write(fd, b'\\xff' * 4096)",
    "a huge answer": "os.write(fd, struct.pack('<Q', 2**60))",
    "a list": "os.write(fd, frame([1, 2]))",
    "a deep answer": "os.write(fd, struct.pack('<QQQ', 200016, 200000, 0) + b'[' * 200000)",
    "an unknown tag": "os.write(fd, frame({'d': [['value', {'z': 1}]]}))",
    "infinity": "os.write(fd, frame({'d': [['value', {'r': [1e999, 'x', 1]}]]}))",
    "an array without bytes": "os.write(fd, frame({'d': [['value', {'a': ['<f8', [9999], False, False]}]]}))",
    "objects": "os.write(fd, frame({'d': [['value', {'a': ['|O', [1], False, False]}]]}))",
    "nothing": "os.write(fd, frame({}))",
    "verdicts": "os.write(fd, frame({'d': [['passed', True]]}))",
    "half an answer": "os.write(fd, struct.pack('<Q', 100) + b'half')",
    "closing": "os.close(fd)",
}

"""What Linux itself refuses a process from now on, whatever runs in it: seccomp and Landlock.

Both need no privileges. Where the system or the machine has neither, they do nothing, and say so.
"""

from __future__ import annotations

import ctypes
import os
import platform
import struct
from collections.abc import Sequence

PR_SET_PDEATHSIG, PR_SET_DUMPABLE, PR_SET_SECCOMP, PR_SET_NO_NEW_PRIVS = 1, 4, 22, 38
SIGKILL, EPERM, ENOSYS = 9, 1, 38

# The numbers of system calls, by machine: (x86_64, aarch64); None where there is no such call.
CALLS: dict[str, tuple[int | None, int | None]] = {
    # other processes: none are started, signalled, traced or read
    "fork": (57, None), "vfork": (58, None), "execve": (59, 221), "execveat": (322, 281),
    "kill": (62, 129), "tkill": (200, 130), "rt_sigqueueinfo": (129, 138), "rt_tgsigqueueinfo": (297, 240),
    "pidfd_open": (434, 434), "pidfd_send_signal": (424, 424), "pidfd_getfd": (438, 438),
    "ptrace": (101, 117), "process_vm_readv": (310, 270), "process_vm_writev": (311, 271), "kcmp": (312, 272),
    "setpriority": (141, 140), "setrlimit": (160, 164),
    # no network, no memory that outlives the process
    "socket": (41, 198), "connect": (42, 203), "bind": (49, 200),
    "shmget": (29, 194), "msgget": (68, 186), "semget": (64, 190), "mq_open": (240, 180),
    # files stay as they are
    "unlink": (87, None), "unlinkat": (263, 35), "rename": (82, None), "renameat": (264, 38),
    "renameat2": (316, 276), "mkdir": (83, None), "mkdirat": (258, 34), "rmdir": (84, None),
    "chmod": (90, None), "fchmod": (91, 52), "fchmodat": (268, 53), "chown": (92, None), "fchown": (93, 55),
    "lchown": (94, None), "fchownat": (260, 54), "link": (86, None), "linkat": (265, 37),
    "symlink": (88, None), "symlinkat": (266, 36), "truncate": (76, 45), "ftruncate": (77, 46),
    "mknod": (133, None), "mknodat": (259, 33), "setxattr": (188, 5), "lsetxattr": (189, 6),
    "fsetxattr": (190, 7),
    # no way around all this
    "mount": (165, 40), "umount2": (166, 39), "unshare": (272, 97), "setns": (308, 268), "chroot": (161, 51),
    "pivot_root": (155, 41), "bpf": (321, 280), "perf_event_open": (298, 241), "io_uring_setup": (425, 425),
}  # fmt: skip
CLONE, CLONE3, TGKILL, PRLIMIT = (56, 220), (435, 435), (234, 131), (302, 261)
MACHINES = {"x86_64": (0, 0xC000003E), "aarch64": (1, 0xC00000B7)}
CLONE_THREAD = 0x10000

# Classic BPF: load a word of the system call's description, jump, return.
LOAD, EQUAL, AT_LEAST, ANY_BIT, RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
ALLOW, REFUSE, UNKNOWN = 0x7FFF0000, 0x00050000 | EPERM, 0x00050000 | ENOSYS
NUMBER, ARCHITECTURE, FIRST, THIRD = 0, 4, 16, 32  # offsets; an argument takes eight bytes

LANDLOCK_CREATE, LANDLOCK_ADD, LANDLOCK_RESTRICT = 444, 445, 446
WRITE_FILE, READ_FILE, READ_DIR = 1 << 1, 1 << 2, 1 << 3


def _libc() -> ctypes.CDLL | None:
    return ctypes.CDLL(None, use_errno=True) if platform.system() == "Linux" else None


def _control(what: int, value: int = 0, pointer: int = 0) -> bool:
    libc = _libc()
    wide = ctypes.c_ulong
    return libc is not None and libc.prctl(what, wide(value), wide(pointer), wide(0), wide(0)) == 0


def hide_memory() -> None:
    """Keep other processes of the same user from reading this one's memory, or writing it."""
    _control(PR_SET_DUMPABLE, 0)


def die_with_parent() -> None:
    """End this process when the one that started it ends."""
    _control(PR_SET_PDEATHSIG, SIGKILL)


def refuse_calls() -> bool:
    """Refuse system calls that no computation needs, from now on and for good; whether that worked."""
    if platform.system() != "Linux" or platform.machine() not in MACHINES:
        return False
    column, architecture = MACHINES[platform.machine()]
    numbers = [number for pair in CALLS.values() if (number := pair[column]) is not None]
    program = [
        (LOAD, 0, 0, ARCHITECTURE),
        (EQUAL, 1, 0, architecture),
        (RETURN, 0, 0, REFUSE),
        (LOAD, 0, 0, NUMBER),
        (AT_LEAST, 0, 1, 0x40000000),  # another way to call the same, on x86_64
        (RETURN, 0, 0, REFUSE),
    ]
    for number in numbers:
        program += [(EQUAL, 0, 1, number), (RETURN, 0, 0, REFUSE)]
    program += [(EQUAL, 0, 1, CLONE3[column]), (RETURN, 0, 0, UNKNOWN)]  # its flags can't be seen: use clone
    # A thread may be started, this process may signal itself, and limits may be read.
    program += [(EQUAL, 0, 4, CLONE[column]), (LOAD, 0, 0, FIRST), (ANY_BIT, 1, 0, CLONE_THREAD)]
    program += [(RETURN, 0, 0, REFUSE), (RETURN, 0, 0, ALLOW)]
    program += [(EQUAL, 0, 4, TGKILL[column]), (LOAD, 0, 0, FIRST), (EQUAL, 1, 0, os.getpid())]
    program += [(RETURN, 0, 0, REFUSE), (RETURN, 0, 0, ALLOW)]
    program += [(EQUAL, 0, 5, PRLIMIT[column]), (LOAD, 0, 0, THIRD), (EQUAL, 0, 2, 0)]
    program += [(LOAD, 0, 0, THIRD + 4), (EQUAL, 1, 0, 0), (RETURN, 0, 0, REFUSE), (RETURN, 0, 0, ALLOW)]
    code = ctypes.create_string_buffer(b"".join(struct.pack("<HBBI", *line) for line in program))
    header = ctypes.create_string_buffer(struct.pack("@HP", len(program), ctypes.addressof(code)))
    return _control(PR_SET_NO_NEW_PRIVS, 1) and _control(PR_SET_SECCOMP, 2, ctypes.addressof(header))


def allow_files(readable: Sequence[str], listable: Sequence[str]) -> bool:
    """Allow reading these files and folders and listing those, and nothing else; whether that worked."""
    libc = _libc()
    if libc is None or platform.machine() not in MACHINES:
        return False
    version = libc.syscall(LANDLOCK_CREATE, None, 0, 1)
    if version < 1:
        return False
    handled = (1 << {1: 13, 2: 14}.get(version, 15)) - 1
    rules = ctypes.create_string_buffer(struct.pack("<Q", handled), 8)
    ruleset = libc.syscall(LANDLOCK_CREATE, rules, 8, 0)
    if ruleset < 0:
        return False
    wanted = [(path, READ_FILE | (READ_DIR if os.path.isdir(path) else 0)) for path in readable]
    wanted += [(path, READ_DIR) for path in listable] + [(os.devnull, READ_FILE | WRITE_FILE)]
    for path, access in wanted:
        try:
            beneath = os.open(path, os.O_PATH | os.O_CLOEXEC)
        except OSError:
            continue
        rule = ctypes.create_string_buffer(struct.pack("<Qi", access, beneath), 12)
        libc.syscall(LANDLOCK_ADD, ruleset, 1, rule, 0)
        os.close(beneath)
    worked = _control(PR_SET_NO_NEW_PRIVS, 1) and libc.syscall(LANDLOCK_RESTRICT, ruleset, 0) == 0
    os.close(ruleset)
    return worked

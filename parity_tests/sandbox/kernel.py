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
PR_CAPBSET_DROP, PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, CAPABILITY_VERSION = 24, 47, 4, 0x20080522
SIGKILL, EPERM, ENOSYS = 9, 1, 38

# The numbers of system calls, by machine: (x86_64, aarch64); None where there is no such call.
CALLS: dict[str, tuple[int | None, int | None]] = {
    # other processes: none are started, signalled, traced or read
    "fork": (57, None), "vfork": (58, None), "execve": (59, 221), "execveat": (322, 281),
    "kill": (62, 129), "tkill": (200, 130), "rt_sigqueueinfo": (129, 138), "rt_tgsigqueueinfo": (297, 240),
    "pidfd_open": (434, 434), "pidfd_send_signal": (424, 424), "pidfd_getfd": (438, 438),
    "ptrace": (101, 117), "process_vm_readv": (310, 270), "process_vm_writev": (311, 271), "kcmp": (312, 272),
    "setpriority": (141, 140), "setrlimit": (160, 164), "setpgid": (109, 154), "setsid": (112, 157),
    "sched_setparam": (142, 118), "sched_setscheduler": (144, 119), "sched_setaffinity": (203, 122),
    "sched_setattr": (314, 274), "ioprio_set": (251, 30), "migrate_pages": (256, 238),
    "move_pages": (279, 239), "process_madvise": (440, 440), "process_mrelease": (448, 448),
    # no network, no memory that outlives the process
    "socket": (41, 198), "connect": (42, 203), "bind": (49, 200), "listen": (50, 201),
    "sendto": (44, 206), "sendmsg": (46, 211), "sendmmsg": (307, 269),
    "add_key": (248, 217), "request_key": (249, 218), "keyctl": (250, 219),
    "shmget": (29, 194), "msgget": (68, 186), "semget": (64, 190), "mq_open": (240, 180),
    # files stay as they are
    "unlink": (87, None), "unlinkat": (263, 35), "rename": (82, None), "renameat": (264, 38),
    "renameat2": (316, 276), "mkdir": (83, None), "mkdirat": (258, 34), "rmdir": (84, None),
    "chmod": (90, None), "fchmod": (91, 52), "fchmodat": (268, 53), "chown": (92, None), "fchown": (93, 55),
    "lchown": (94, None), "fchownat": (260, 54), "link": (86, None), "linkat": (265, 37),
    "symlink": (88, None), "symlinkat": (266, 36), "truncate": (76, 45), "ftruncate": (77, 46),
    "mknod": (133, None), "mknodat": (259, 33), "setxattr": (188, 5), "lsetxattr": (189, 6),
    "fsetxattr": (190, 7), "removexattr": (197, 14), "lremovexattr": (198, 15), "fremovexattr": (199, 16),
    "fchmodat2": (452, 452), "setxattrat": (463, 463), "getxattrat": (464, 464), "listxattrat": (465, 465),
    "removexattrat": (466, 466), "file_setattr": (469, 469), "utime": (132, None), "utimes": (235, None),
    "futimesat": (261, None), "utimensat": (280, 88), "fallocate": (285, 47),
    "inotify_init": (253, None), "inotify_init1": (294, 26), "inotify_add_watch": (254, 27),
    "fanotify_init": (300, 262), "fanotify_mark": (301, 263),
    "name_to_handle_at": (303, 264), "open_by_handle_at": (304, 265),
    # the machine stays as it is
    "sethostname": (170, 161), "setdomainname": (171, 162), "settimeofday": (164, 170),
    "clock_settime": (227, 112), "adjtimex": (159, 171), "clock_adjtime": (305, 266), "reboot": (169, 142),
    "kexec_load": (246, 104), "kexec_file_load": (320, 294), "swapon": (167, 224), "swapoff": (168, 225),
    "init_module": (175, 105), "finit_module": (313, 273), "delete_module": (176, 106), "acct": (163, 89),
    "quotactl": (179, 60), "quotactl_fd": (443, 443), "syslog": (103, 116), "vhangup": (153, 58),
    "iopl": (172, None), "ioperm": (173, None),
    # no way around all this
    "mount": (165, 40), "umount2": (166, 39), "unshare": (272, 97), "setns": (308, 268), "chroot": (161, 51),
    "open_tree": (428, 428), "move_mount": (429, 429), "fsopen": (430, 430), "fsconfig": (431, 431),
    "fsmount": (432, 432), "fspick": (433, 433), "mount_setattr": (442, 442), "userfaultfd": (323, 282),
    "io_uring_enter": (426, 426), "io_uring_register": (427, 427), "personality": (135, 92),
    "pivot_root": (155, 41), "bpf": (321, 280), "perf_event_open": (298, 241), "io_uring_setup": (425, 425),
}  # fmt: skip
# Calls of which some are refused: which argument tells, and its values.
# fcntl and ioctl can have the kernel send a signal to any process, or watch a folder; prctl can undo limits.
SOME: dict[str, tuple[tuple[int, int], int, tuple[int, ...]]] = {
    "fcntl": ((72, 25), 1, (8, 10, 15, 1024, 1026)),  # F_SETOWN, F_SETSIG, F_SETOWN_EX, F_SETLEASE, F_NOTIFY
    "ioctl": ((16, 29), 1, (0x8901, 0x8902, 0x5452, 0x5410, 0x5412)),  # FIOSETOWN, SIOCSPGRP, FIOASYNC, TIOC…
    "prctl": ((157, 167), 0, (1, 4)),  # PR_SET_PDEATHSIG, PR_SET_DUMPABLE
}
CAPSET = (126, 91)
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


def drop_privileges() -> None:
    """Give up what root may do, and whatever could give it back."""
    libc = _libc()
    if libc is None or platform.machine() not in MACHINES:
        return
    _control(PR_SET_NO_NEW_PRIVS, 1)
    for capability in range(64):
        _control(PR_CAPBSET_DROP, capability)
    _control(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL)
    head = ctypes.create_string_buffer(struct.pack("<Ii", CAPABILITY_VERSION, 0), 8)
    libc.syscall(CAPSET[MACHINES[platform.machine()][0]], head, ctypes.create_string_buffer(24))


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
    for pair, argument, values in SOME.values():
        program += [(EQUAL, 0, 2 * len(values) + 2, pair[column]), (LOAD, 0, 0, FIRST + 8 * argument)]
        for value in values:
            program += [(EQUAL, 0, 1, value), (RETURN, 0, 0, REFUSE)]
        program += [(RETURN, 0, 0, ALLOW)]
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
    # Files; from version 4 on no TCP either, and from 6 on no signals and no sockets of other processes.
    wide = struct.pack("<QQQ", handled, 3, 3)[: 8 if version < 4 else 16 if version < 6 else 24]
    ruleset = libc.syscall(LANDLOCK_CREATE, ctypes.create_string_buffer(wide, len(wide)), len(wide), 0)
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

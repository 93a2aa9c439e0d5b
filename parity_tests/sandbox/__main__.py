"""Serve submissions over sockets: ``python -I -S __main__.py FD alone|among numpy|torch HIDDEN PATH…``

Alone in its namespaces, a warm parent imports NumPy once. For each submission it is sent a socket and forks;
the child limits itself and answers requests on that socket until it is closed, or until it dies. Whatever it
leaves behind is killed before the next one, and the parent tells on its own socket how the child ended.
Among other processes there is no warm parent: the process serves one submission, on the socket that it has.
"""

import os
import signal
import socket
import struct
import sys
import types

HERE = os.path.dirname(os.path.abspath(__file__))
LENGTH = struct.Struct("<Q")
STATUS = struct.Struct("<q")


def main() -> None:
    connection = socket.socket(fileno=int(sys.argv[1]))
    alone, with_torch = sys.argv[2] == "alone", sys.argv[3] == "torch"
    hidden, folders = tuple(sys.argv[4].split(",")), tuple(sys.argv[5:])
    sys.path += folders
    # This folder as `parity_tests.sandbox`, without the rest of `parity_tests`.
    package = types.ModuleType("parity_tests")
    package.__path__ = [os.path.dirname(HERE)]
    sys.modules["parity_tests"] = package
    from parity_tests.sandbox import kernel, limits, server, wire  # noqa: F401, PLC0415

    if with_torch:
        from parity_tests.sandbox import tensors  # noqa: PLC0415

        tensors.prepare()
    del sys.modules["parity_tests"], sys.argv[1:]
    kernel.hide_memory()
    if not alone:
        kernel.die_with_parent()
        limits.impose(torch=with_torch, files=limits.Files(folders, hidden))
        serve(connection, server.Server())
        os._exit(0)
    while received := socket.recv_fds(connection, 1, 1):
        if not received[0]:
            return
        (theirs,) = received[1]
        child = os.fork()
        if not child:
            connection.close()
            connection = socket.socket(fileno=theirs)
            limits.impose(torch=with_torch, files=None)
            serve(connection, server.Server())
            os._exit(0)
        os.close(theirs)
        _, status = os.waitpid(child, 0)
        limits.kill_all_others()
        connection.sendall(STATUS.pack(os.waitstatus_to_exitcode(status)))


def serve(connection: socket.socket, server: object) -> None:
    """Answer until the socket is closed."""
    while (message := receive(connection)) is not None:
        send(connection, server.answer(message))  # type: ignore[attr-defined]


def receive(connection: socket.socket) -> bytes | None:
    """The next message; None at the end."""
    head = _exactly(connection, LENGTH.size)
    return None if head is None else _exactly(connection, LENGTH.unpack(head)[0])


def _exactly(connection: socket.socket, size: int) -> bytes | None:
    parts = []
    while size:
        part = connection.recv(min(size, 2**20))
        if not part:
            return None
        parts.append(part)
        size -= len(part)
    return b"".join(parts)


def send(connection: socket.socket, message: bytes) -> None:
    rest = memoryview(LENGTH.pack(len(message)) + message)
    while rest:  # by write: what can send to any address is refused
        rest = rest[os.write(connection.fileno(), rest) :]


signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent decides when to stop
main()

"""Processes that are measured: what they use, and that they end."""

import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

import psutil

LEAVE_S = 10


class Measured:
    """A process and all that it started."""

    def __init__(self, pid: int) -> None:
        self._root = psutil.Process(pid)

    def cpu_s(self) -> float:
        """Return the seconds of CPU that it has used, its living children's too."""
        return sum(sum(process.cpu_times()[:2]) for process in self._tree())

    def rss_bytes(self) -> int:
        return sum(process.memory_info().rss for process in self._tree())

    def _tree(self) -> list[psutil.Process]:
        return [self._root, *self._root.children(recursive=True)]


@contextmanager
def started(command: list[str], **options: object) -> Iterator[subprocess.Popen]:
    """Start a program; end it on leaving, however that comes about."""
    process = subprocess.Popen(command, **options)
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(LEAVE_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return server.getsockname()[1]

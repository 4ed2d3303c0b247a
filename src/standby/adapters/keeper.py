"""Runs one program, and ends it when stdin closes: ``python -m standby.adapters.keeper -- CMD…``.

For programs that would outlive a parent that was killed. With ``--most-file-bytes N`` before the
``--`` it can write no larger file, where the system has such a limit. What it writes is its
owner's alone.
"""

import contextlib
import os
import signal
import subprocess
import sys
import threading

__all__: list[str] = []

# Less than whoever ends the keeper by force waits: else what it runs would be left.
_GRACE_S = 2.0
_LIMIT = "--most-file-bytes"


def _end(program: "subprocess.Popen[bytes]") -> None:
    program.terminate()
    with contextlib.suppress(subprocess.TimeoutExpired):
        program.wait(_GRACE_S)
    program.kill()


def _end_with_parent(program: "subprocess.Popen[bytes]") -> None:
    while os.read(0, 4096):
        pass
    _end(program)


def _limit_files(most_bytes: int) -> None:
    """Have what is run fail to write a larger file; it is told so, and not ended."""
    try:
        import resource  # noqa: PLC0415 - not on Windows

        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (most_bytes, most_bytes))
    except (AttributeError, ImportError, OSError, ValueError):
        pass  # no such limit on this system, or a lower one is set


def _parted(words: list[str]) -> tuple[list[str], list[str]]:
    at = words.index("--")
    return words[:at], words[at + 1 :]


def main() -> None:
    """Run the program behind ``--`` and return its exit code."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the parent, who decides
    ours, command = _parted(sys.argv[1:])
    os.umask(0o077)
    if ours[:1] == [_LIMIT]:
        _limit_files(int(ours[1]))
    try:
        # What is run was put together by the gateway, as a list and without a shell. Python would
        # have a file that is too large end it again.
        program = subprocess.Popen(  # noqa: S603
            command, stdin=subprocess.DEVNULL, restore_signals=not ours
        )
    except OSError as error:
        print(f"error: {command[0]!r} cannot be run: {error.strerror}", file=sys.stderr)  # noqa: T201  # the last word of a process of its own
        os._exit(127)
    end = threading.Thread(target=_end, args=(program,), daemon=True)
    signal.signal(signal.SIGTERM, lambda *_: end.start())
    threading.Thread(target=_end_with_parent, args=(program,), daemon=True).start()
    code = program.wait()
    os._exit(code if code >= 0 else 128 - code)


if __name__ == "__main__":
    main()

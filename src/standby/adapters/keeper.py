"""Runs one program, and ends it when stdin closes: ``python -m standby.adapters.keeper -- CMD…``.

For programs that would outlive a parent that was killed.
"""

import contextlib
import os
import signal
import subprocess
import sys
import threading

__all__: list[str] = []

_GRACE_S = 3.0


def _end(program: "subprocess.Popen[bytes]") -> None:
    program.terminate()
    with contextlib.suppress(subprocess.TimeoutExpired):
        program.wait(_GRACE_S)
    program.kill()


def _end_with_parent(program: "subprocess.Popen[bytes]") -> None:
    while os.read(0, 4096):
        pass
    _end(program)


def main() -> None:
    """Run the program behind ``--`` and return its exit code."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the parent, who decides
    command = sys.argv[sys.argv.index("--") + 1 :]
    try:
        # What is run was put together by the gateway, as a list and without a shell.
        program = subprocess.Popen(command, stdin=subprocess.DEVNULL)  # noqa: S603
    except OSError as error:
        print(f"error: {command[0]!r} cannot be run: {error.strerror}", file=sys.stderr)  # noqa: T201
        os._exit(127)
    end = threading.Thread(target=_end, args=(program,), daemon=True)
    signal.signal(signal.SIGTERM, lambda *_: end.start())
    threading.Thread(target=_end_with_parent, args=(program,), daemon=True).start()
    code = program.wait()
    os._exit(code if code >= 0 else 128 - code)


if __name__ == "__main__":
    main()

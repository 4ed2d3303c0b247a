"""``python -m standby.adapters.host.tethered ARGUMENTS``: standby, ending when its stdin does.

So a gateway that was started for a while ends with who started it, also when that one is killed.
On the way it gets the same signal as from a person: running answers may finish.
"""

import os
import runpy
import signal
import threading

__all__ = ["watch"]


def watch(stdin: int = 0) -> None:
    """Wait until stdin ends, then tell this process to end."""
    while os.read(stdin, 4096):
        pass
    os.kill(os.getpid(), signal.SIGTERM)


if __name__ == "__main__":
    threading.Thread(target=watch, name="tether", daemon=True).start()
    runpy.run_module("standby", run_name="__main__", alter_sys=True)

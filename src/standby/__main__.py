"""Run with ``python -m standby``, and by the console script."""

import gc
import os
import sys

__all__ = ["main"]


def main() -> None:
    """Run the command line of this process; what must be quick goes past all the rest."""
    _open_what_is_closed()
    # What is imported stays: to look through it at every seven hundredth object took a twentieth.
    gc.set_threshold(5_000, 50, 50)
    if sys.argv[1:] == ["statusline"]:
        from standby.cli.lean.statusline import main as run
    else:
        from standby.cli.main import main as run
    run()


def _open_what_is_closed() -> None:
    """Let what was started without a standard stream read or say nothing.

    First of all: else the next file that is opened would take the number of the stream.
    """
    # Python has ``None`` where a stream was closed, which its types do not say.
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, mode, encoding="utf-8"))  # noqa: SIM115  # for good


if __name__ == "__main__":
    main()

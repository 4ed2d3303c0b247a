"""Run with ``python -m standby``, and by the console script."""

import sys

__all__ = ["main"]


def main() -> None:
    """Run the command line of this process; what must be quick goes past all the rest."""
    if sys.argv[1:] == ["statusline"]:
        from standby.cli.lean.statusline import main as run
    else:
        from standby.cli.main import main as run
    run()


if __name__ == "__main__":
    main()

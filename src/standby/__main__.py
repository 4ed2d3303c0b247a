"""Run with ``python -m standby``."""

from standby.cli.main import main

if __name__ == "__main__":
    main()

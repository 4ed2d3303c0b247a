"""Where things lie on this machine."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from platformdirs import PlatformDirs

from standby.adapters.host.private import private_folder

__all__ = ["HOME", "Paths", "PathsError", "paths"]

HOME: Final = "STANDBY_HOME"
"""The environment variable that puts all folders into one."""


class PathsError(Exception):
    """The folders cannot be used; its message says why."""


@dataclass(frozen=True, slots=True)
class Paths:
    """The folders of the gateway, and what lies in them."""

    config: Path
    state: Path
    data: Path
    cache: Path
    log: Path

    @property
    def config_file(self) -> Path:
        """The settings."""
        return self.config / "config.toml"

    @property
    def token_file(self) -> Path:
        """The gateway's own token."""
        return self.state / "token"

    @property
    def key_file(self) -> Path:
        """The key of this installation's fingerprints."""
        return self.state / "fingerprint.key"

    @property
    def fingerprints_file(self) -> Path:
        """The credentials that the cloud has accepted, as fingerprints."""
        return self.state / "fingerprints.json"

    @property
    def quota_file(self) -> Path:
        """The quota as it was last known."""
        return self.state / "quota.json"

    @property
    def choices_file(self) -> Path:
        """What was chosen with ``standby use``."""
        return self.state / "choices.json"

    @property
    def bench_file(self) -> Path:
        """How fast local models were on this machine."""
        return self.state / "bench.json"

    @property
    def ledger_file(self) -> Path:
        """The ledger."""
        return self.state / "ledger.sqlite3"

    @property
    def slots(self) -> Path:
        """What local engines have read, when it is kept."""
        return self.state / "slots"

    @property
    def models(self) -> Path:
        """Model files that were fetched."""
        return self.data / "models"

    @property
    def log_file(self) -> Path:
        """What a gateway in the background says."""
        return self.log / "gateway.log"

    def make(self) -> None:
        """Make the folders, 0700.

        Raise :class:`OSError`, or ``UnsafeFileError`` when one is a symlink or another user's.
        The folder of the settings may be a symlink: people keep theirs under version control.
        """
        self.config.mkdir(mode=0o700, parents=True, exist_ok=True)
        for folder in (self.state, self.data, self.cache, self.log):
            private_folder(folder)


def paths(environment: Mapping[str, str]) -> Paths:
    """Return where things lie: under ``STANDBY_HOME``, or where this system keeps such things.

    On Linux that is what the XDG variables of the process say. Raise :class:`PathsError`.
    """
    if home := environment.get(HOME, ""):
        root = Path(home).expanduser()
        if not root.is_absolute():
            raise PathsError(f"{HOME} must be an absolute path, and is {home!r}")
        return Paths(root / "config", root / "state", root / "data", root / "cache", root / "log")
    place = PlatformDirs("standby", appauthor=False)
    return Paths(
        place.user_config_path,
        place.user_state_path,
        place.user_data_path,
        place.user_cache_path,
        place.user_log_path,
    )

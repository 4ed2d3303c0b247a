"""What the user can decide for all requests."""

import enum

__all__ = ["Mode", "SecondOpinion"]


class Mode(enum.Enum):
    """What the user has decided for all requests."""

    AUTO = "auto"
    """The cloud while it serves, else a local model."""
    SPARE = "spare"
    """The same, and what is of little value goes to a local model early, so that the quota lasts to
    its reset."""
    CLOUD = "cloud"
    """Never a local model, but when a request names one."""
    LOCAL = "local"
    """Never the cloud."""


class SecondOpinion(enum.Enum):
    """Who goes on with a turn in which a local model goes round in circles."""

    CLOUD = "cloud"
    """The cloud, if it may be asked."""
    LOCAL = "local"
    """Another local model, where there is one."""
    OFF = "off"
    """Nobody: it is not looked for."""

"""Where a project's data may go, as its user has said. Never read from the project itself."""

import enum
from collections.abc import Iterable
from dataclasses import dataclass

__all__ = ["Border", "Privacy", "borders_of", "normal_remote"]


class Privacy(enum.Enum):
    """Where a project's data may go."""

    CLOUD_ONLY = "cloud-only"
    """Never to a local model."""
    LOCAL_ONLY = "local-only"
    """Never to the cloud: a request is refused rather than sent."""
    ASK = "ask"
    """To neither, until the user has chosen a side for the project."""


@dataclass(frozen=True, slots=True)
class Border:
    """One rule of the user's, for a folder and all below it, or for a git remote."""

    privacy: Privacy
    path: str = ""
    """An absolute path without a slash at its end; empty: any."""
    remote: str = ""
    """``host/owner/name`` or the beginning of it, in lower case; empty: any."""

    @property
    def words(self) -> str:
        """The rule as it is named to a person."""
        return f"{self.path or self.remote} is {self.privacy.value}"

    def holds(self, project: str, remotes: Iterable[str]) -> bool:
        """Whether a project lies behind this border."""
        if self.path and _within(project, self.path):
            return True
        return bool(self.remote) and any(_within(each, self.remote) for each in remotes)

    def mentioned(self, body: bytes) -> bool:
        """Whether a body names the folder: who does not say its project says it so."""
        if not self.path:
            return False
        plain = self.path.encode()
        return plain in body or (b"\\" in plain and plain.replace(b"\\", b"\\\\") in body)


def borders_of(
    borders: Iterable[Border], project: str, remotes: Iterable[str], body: bytes
) -> tuple[Border, ...]:
    """Return the borders that a request lies behind.

    A body that names a folder is behind its border, whatever project the request claims: better one
    question too many than one file too many.
    """
    remotes = tuple(map(normal_remote, remotes))
    return tuple(
        border for border in borders if border.holds(project, remotes) or border.mentioned(body)
    )


def normal_remote(url: str) -> str:
    """Return a git remote as ``host/owner/name``, however it is written."""
    text = url.strip().lower().removesuffix("/").removesuffix(".git")
    _, scheme, rest = text.partition("://")
    text = rest if scheme else text.replace(":", "/", 1)
    host, slash, path = text.partition("/")
    return f"{host.rpartition('@')[2].partition(':')[0]}{slash}{path}"


def _within(place: str, border: str) -> bool:
    if not place or not border:
        return False
    place, border = place.replace("\\", "/").rstrip("/"), border.replace("\\", "/").rstrip("/")
    return place == border or place.startswith(f"{border}/")

"""Hugging Face's hub, through its own client library, which is an extra: ``standby[hub]``.

The library runs in a process of its own (:mod:`standby.adapters.host.models.hub_child`), without a
token and with nothing of the user's settings but where the hub is (``HF_ENDPOINT``), the proxy and
the certificates. Bytes come from a short list of hosts, over TLS.
"""

import asyncio
import importlib.util
import os
import re
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from standby.adapters.child import Child, clean_environment
from standby.core.models.catalogue import Source
from standby.core.wire.json import JSON, NotJSONError, dumps, loads
from standby.ports import FetchError

__all__ = [
    "HOSTS",
    "PUBLIC",
    "Hub",
    "Listed",
    "Listing",
    "Offer",
]

PUBLIC: Final = "https://huggingface.co"
HOSTS: Final = ("huggingface.co", ".huggingface.co", "hf.co", ".hf.co")
"""The hub and the places it keeps large files in; a dot stands for all hosts below."""

_ENDPOINT: Final = "HF_ENDPOINT"
_LOOK_S: Final = 60.0
_STALLED_S: Final = 180.0
_PEEK_S: Final = 0.25
_SHA256: Final = re.compile(r"[0-9a-f]{64}")
_COMMIT: Final = re.compile(r"[0-9a-f]{40}")
# The hub itself gives no more than this over plain HTTP.
_MAX_BYTES: Final = 50_000_000_000
_NETWORK: Final = frozenset(
    {
        *("HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY", "NO_PROXY", "SSL_CERT_FILE", "SSL_CERT_DIR"),
    }
)
_BY_HAND: Final = (
    "or download the file in another way, and hand it over with `standby models add FILE`"
)


@dataclass(frozen=True, slots=True)
class Offer:
    """A file that the hub has."""

    source: Source
    commit: str
    size_bytes: int
    sha256: str
    licence: str
    """As the repository names it; empty: it does not, or was not asked."""
    host: str
    """Who is asked for it: the hub, or what ``HF_ENDPOINT`` names."""


@dataclass(frozen=True, slots=True)
class Listed:
    """A file of a repository. ``sha256`` is ``None`` for the small ones."""

    name: str
    size_bytes: int
    sha256: str | None


@dataclass(frozen=True, slots=True)
class Listing:
    """A repository in its newest commit."""

    commit: str
    licence: str
    files: tuple[Listed, ...]


class Hub:
    """The hub. Everything it does raises :class:`FetchError`."""

    def __init__(
        self,
        environment: Mapping[str, str] = os.environ,
        *,
        stalled_s: float = _STALLED_S,
        ticks: Callable[[], float] = time.monotonic,
    ) -> None:
        """``stalled_s`` is how long a fetch may stand still, by the seconds of ``ticks``."""
        self._environment = environment
        self._stalled_s = stalled_s
        self._ticks = ticks

    async def look(self, source: Source, *, licence: bool = False) -> Offer:
        """Return what the hub has there now; with ``licence``, ask for that too."""
        said = await self._asked("look", source, {"licence": licence})
        match said:
            case {"commit": str(commit), "etag": str(etag), "size": int(size)}:
                named = said.get("licence")
            case _:
                raise FetchError(f"what the hub says of {_told(source)} cannot be understood")
        if not _COMMIT.fullmatch(commit) or not _SHA256.fullmatch(etag):
            raise FetchError(
                f"the hub names no SHA-256 of {_told(source)}, so it could not be checked"
            )
        if not 0 < size <= _MAX_BYTES:
            raise FetchError(
                f"{_told(source)} has {size} bytes, and at most {_MAX_BYTES} are fetched;"
                f" {_BY_HAND}"
            )
        at = Source(source.repo, source.file, commit)
        licence_name = named if isinstance(named, str) else ""
        return Offer(at, commit, size, etag, licence_name, self._endpoint())

    async def files(self, repo: str) -> Listing:
        """Return the files of a repository, as they are now."""
        match await self._asked("list", Source(repo, "any.gguf"), {}):
            case {"commit": str(commit), "licence": str(licence), "files": [*files]}:
                listed = [one for each in files if (one := _listed(each)) is not None]
                return Listing(commit, licence, tuple(listed))
            case _:
                raise FetchError(f"what the hub says of {repo} cannot be understood")

    async def fetch(self, offer: Offer, part: Path, told: Callable[[int], None]) -> None:
        """Bring a file's bytes into ``part``, which an earlier try may have begun.

        ``told`` hears how many bytes are there. What they are, the caller checks.
        """
        wanted: dict[str, JSON] = {
            "part": str(part),
            "size": offer.size_bytes,
            "etag": offer.sha256,
        }
        async with asyncio.TaskGroup() as both:
            asking = both.create_task(self._answered("fetch", offer.source, wanted))
            watching = both.create_task(self._watch(part, told))
            await asyncio.wait({asking, watching}, return_when=asyncio.FIRST_COMPLETED)
            asking.cancel()  # no more than a word, when it is done
            watching.cancel()
        if asking.cancelled():
            raise FetchError(
                f"nothing has come from the hub for {self._stalled_s:.0f} s; run the command again"
                " to resume where it stopped"
            )
        outcome = asking.result()
        if isinstance(outcome, FetchError):
            raise outcome
        told(offer.size_bytes)

    async def _watch(self, part: Path, told: Callable[[int], None]) -> None:
        """Tell how much has come; return when nothing comes any more."""
        last, since = -1, self._ticks()
        while self._ticks() - since <= self._stalled_s:
            size = await asyncio.to_thread(_size, part)
            if size != last:
                last, since = size, self._ticks()
                told(size)
            await asyncio.sleep(_PEEK_S)

    async def _asked(self, task: str, source: Source, more: Mapping[str, JSON]) -> dict[str, JSON]:
        try:
            async with asyncio.timeout(_LOOK_S):
                answer = await self._run(task, source, more)
        except TimeoutError:
            raise self._unreachable(f"no answer within {_LOOK_S:.0f} s") from None
        return self._checked(answer, source)

    async def _answered(
        self, task: str, source: Source, more: Mapping[str, JSON]
    ) -> "JSON | FetchError":
        """Return what came of it, or the error: one that left a group would come out wrapped."""
        try:
            return self._checked(await self._run(task, source, more), source)
        except FetchError as error:
            return error

    async def _run(self, task: str, source: Source, more: Mapping[str, JSON]) -> JSON:
        """Ask in a process of its own; end that whatever happens."""
        if not await asyncio.to_thread(importlib.util.find_spec, "huggingface_hub"):
            raise FetchError(
                "downloading from the hub needs its client library:"
                f" `pip install 'standby[hub]'` (`pipx inject standby huggingface-hub`), {_BY_HAND}"
            )
        endpoint = self._endpoint()
        wanted: dict[str, JSON] = {
            "task": task,
            "repo": source.repo,
            "file": source.file,
            "revision": source.revision,
            "endpoint": endpoint,
            "hosts": [*HOSTS, urlsplit(endpoint).hostname or ""],
            "loopback": _is_loopback(endpoint),
            **more,
        }
        home = await asyncio.to_thread(tempfile.mkdtemp, prefix="standby-hub-")
        try:
            argv = (sys.executable, "-P", "-m", "standby.adapters.host.models.hub_child")
            environment = self._child_environment(endpoint, home)
            child = await Child.spawn((*argv, dumps(wanted).decode()), environment)
            try:
                line = await child.first_line()
                return _json(line) if line else {"failed": "crashed", "words": child.epitaph()}
            finally:
                await child.stop(grace_s=0.2)
        finally:
            # Shielded: whoever is cancelled twice would take the removal back before it began.
            removal = partial(shutil.rmtree, home, ignore_errors=True)
            await asyncio.shield(asyncio.get_running_loop().run_in_executor(None, removal))

    def _endpoint(self) -> str:
        endpoint = (self._environment.get(_ENDPOINT) or PUBLIC).rstrip("/")
        parts = urlsplit(endpoint)
        known = parts.scheme == "https" or _is_loopback(endpoint)
        if known and parts.hostname and parts.username is None:
            return endpoint
        raise FetchError(f"{_ENDPOINT} must be an https:// address, and is {endpoint!r}")

    def _child_environment(self, endpoint: str, home: str) -> dict[str, str]:
        network = {
            name: value
            for name, value in self._environment.items()
            # Nobody's proxy has anything to do with this machine.
            if name.upper() in _NETWORK and not _is_loopback(endpoint)
        }
        return clean_environment(
            self._environment,
            **network,
            HF_ENDPOINT=endpoint,
            HF_HOME=home,
            HF_HUB_DISABLE_IMPLICIT_TOKEN="1",  # noqa: S106  # a switch, and no secret
            HF_HUB_DISABLE_PROGRESS_BARS="1",
            HF_HUB_DISABLE_TELEMETRY="1",
            # Its faster protocol goes past the check of hosts.
            HF_HUB_DISABLE_XET="1",
            HF_HUB_DOWNLOAD_TIMEOUT="30",
            # Not to be found by a name of this machine's own.
            PYTHONSAFEPATH="1",
        )

    def _checked(self, answer: JSON, source: Source) -> dict[str, JSON]:
        match answer:
            case {"failed": str(kind), "words": str(words)}:
                raise self._error(kind, words, source)
            case dict():
                return answer
            case _:
                raise FetchError("the hub's client library said nothing that can be understood")

    def _error(self, kind: str, words: str, source: Source) -> FetchError:
        match kind:
            case "unreachable":
                return self._unreachable(words)
            case "missing":
                return FetchError(
                    f"the hub has no {_told(source)}: it may have been renamed or withdrawn; look"
                    f" at {self._endpoint()}/{source.repo}"
                )
            case "gated":
                return FetchError(
                    f"{source.repo} is given only to people who accepted its terms on the hub:"
                    f" download {source.file} there, and hand it over with `standby models add`"
                )
            case "disk":
                return FetchError(f"the file cannot be written: {words}")
            case "refused":
                return FetchError(f"{words}; nothing was used of it")
            case _:
                return FetchError(f"{_told(source)} could not be fetched: {words}")

    def _unreachable(self, words: str) -> FetchError:
        return FetchError(
            f"the hub ({self._endpoint()}) cannot be reached: {words}; look at the network and the"
            f" proxy, {_BY_HAND}"
        )


def _told(source: Source) -> str:
    return f"{source.repo}/{source.file}"


def _is_loopback(endpoint: str) -> bool:
    parts = urlsplit(endpoint)
    return parts.scheme == "http" and parts.hostname in {"127.0.0.1", "localhost", "::1"}


def _size(part: Path) -> int:
    try:
        return part.stat().st_size
    except OSError:
        return 0


def _listed(value: JSON) -> Listed | None:
    match value:
        case {"name": str(name), "size": int(size), "sha256": str() | None as sha256}:
            return Listed(name, size, sha256)
        case _:
            return None


def _json(line: str) -> JSON:
    try:
        return loads(line)
    except NotJSONError:
        return None

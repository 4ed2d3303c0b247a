"""Talks to the hub through its own client library, in a process of its own.

Run by :mod:`standby.adapters.host.models.hub` as ``python -m`` with one argument: what is wanted,
as JSON. One line of JSON on stdout says what came of it. It ends when its stdin closes, which
happens also when its parent is killed.

No request leaves for a host that the parent did not allow, redirects included; no token is sent.
The library's own way to fetch a file (``hf_hub_download``) begins anew after an interruption, so
its lower half is used here: the same requests, into a file that is kept.
"""

import json
import os
import sys
import threading
from collections.abc import Callable, Iterable, Mapping
from typing import BinaryIO, Final, cast
from urllib.parse import urlsplit

__all__ = ["allowed"]

_LOOK_S: Final = 15.0
_NOT_SATISFIABLE: Final = 416
_CHUNK_BYTES: Final = 1024 * 1024


class RefusedError(Exception):
    """What the hub said or wanted cannot be accepted; its message says why."""


def allowed(url: str, hosts: Iterable[str], *, loopback: bool) -> bool:
    """Whether a request may go there: over TLS to one of the hosts, or on this machine in a test.

    A host that begins with a dot stands for all below it.
    """
    parts = urlsplit(url)
    host = parts.hostname or ""
    if parts.username is not None:
        return False
    if loopback and parts.scheme == "http" and host in {"127.0.0.1", "localhost", "::1"}:
        return True
    if parts.scheme != "https" or parts.port not in {None, 443}:
        return False
    return any(host.endswith(one) if one.startswith(".") else host == one for one in hosts)


class _Bounded:
    """A file that takes no more than was announced, however much a server sends."""

    def __init__(self, file: BinaryIO, most: int) -> None:
        self._file = file
        self._most = most

    def write(self, data: bytes) -> int:
        """Write, unless it is too much."""
        if self._file.tell() + len(data) > self._most:
            raise RefusedError("the hub sends more than it announced")
        written = self._file.write(data)
        self._file.flush()  # the parent tells the progress by the size of the file
        return written

    def tell(self) -> int:
        """Say where it stands."""
        return self._file.tell()

    def seek(self, offset: int) -> int:
        """Go elsewhere."""
        return self._file.seek(offset)

    def truncate(self) -> int:
        """Forget what comes after."""
        return self._file.truncate()


def _leave_with_parent() -> None:
    while os.read(0, 4096):
        pass
    os._exit(0)


def _guarded(wanted: Mapping[str, object]) -> None:
    """Have the library ask before each request whether it may go where it goes."""
    import httpx2  # noqa: PLC0415  # with the library, and never in the gateway
    from huggingface_hub import set_client_factory  # noqa: PLC0415  # likewise

    hosts, loopback = cast("list[str]", wanted["hosts"]), bool(wanted["loopback"])

    def check(request: httpx2.Request) -> None:
        if not allowed(str(request.url), hosts, loopback=loopback):
            where = f"{request.url.scheme}://{request.url.host}"
            raise RefusedError(f"the hub leads to {where}, which is not one of its known places")

    def client() -> httpx2.Client:
        # Without a deadline: the library names one with each request.
        return httpx2.Client(event_hooks={"request": [check]}, follow_redirects=True, timeout=None)

    set_client_factory(client)


def _look(wanted: Mapping[str, object]) -> dict[str, object]:
    """Return what the hub has under a name: commit, size, hash, and where the bytes are."""
    from huggingface_hub import get_hf_file_metadata, hf_hub_url  # noqa: PLC0415  # likewise

    url = hf_hub_url(
        str(wanted["repo"]),
        str(wanted["file"]),
        revision=str(wanted["revision"]),
        endpoint=str(wanted["endpoint"]),
    )
    found = get_hf_file_metadata(
        url, token=False, timeout=_LOOK_S, endpoint=str(wanted["endpoint"])
    )
    licence = _licence(wanted) if wanted.get("licence") else ""
    return {
        "commit": found.commit_hash,
        "etag": found.etag,
        "size": found.size,
        "url": found.location,
        "licence": licence,
    }


def _licence(wanted: Mapping[str, object]) -> str:
    from huggingface_hub import HfApi  # noqa: PLC0415  # likewise

    api = HfApi(endpoint=str(wanted["endpoint"]), token=False)
    info = api.model_info(
        str(wanted["repo"]), revision=str(wanted["revision"]), timeout=_LOOK_S, token=False
    )
    card = info.card_data
    return str(card.license) if card is not None and card.license else ""


def _list(wanted: Mapping[str, object]) -> dict[str, object]:
    """Return the newest commit of a repository, its licence, its models' files with hashes."""
    from huggingface_hub import HfApi  # noqa: PLC0415  # likewise

    api = HfApi(endpoint=str(wanted["endpoint"]), token=False)
    info = api.model_info(
        str(wanted["repo"]),
        revision=str(wanted["revision"]),
        timeout=_LOOK_S,
        files_metadata=True,
        token=False,
    )
    card = info.card_data
    return {
        "commit": info.sha,
        "licence": str(card.license) if card is not None and card.license else "",
        "files": [
            {
                "name": one.rfilename,
                "size": one.size,
                "sha256": None if one.lfs is None else one.lfs.sha256,
            }
            for one in info.siblings or []
            if one.rfilename.endswith(".gguf")
        ],
    }


def _fetch(wanted: Mapping[str, object]) -> dict[str, object]:
    """Bring the bytes into the part file, from where an earlier try ended."""
    from huggingface_hub.errors import HfHubHTTPError  # noqa: PLC0415  # likewise

    found, size = _look(wanted), int(str(wanted["size"]))
    if found["etag"] != wanted["etag"] or found["size"] != size:
        raise RefusedError("the file on the hub changed meanwhile; run the command again")
    flags = os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)
    handle = os.open(str(wanted["part"]), flags, 0o600)
    with open(handle, "r+b") as file:
        _alone(handle)
        have = file.seek(0, os.SEEK_END)
        if have > size:
            have = _anew(file)
        try:
            _bring(str(found["url"]), file, have, size)
        except HfHubHTTPError as error:
            # The library may have begun at nothing, and asked for the rest when it was broken off.
            there = file.seek(0, os.SEEK_END)
            if there == 0 or error.response.status_code != _NOT_SATISFIABLE:
                raise
            # What we have does not go with what is there now.
            _bring(str(found["url"]), file, _anew(file), size)
        file.flush()
        os.fsync(handle)
    return {"size": size}


def _alone(handle: int) -> None:
    """Refuse to write where another process does; its lock ends with it."""
    if sys.platform != "win32":
        import fcntl  # noqa: PLC0415  # not there on Windows

        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise RefusedError("another command is fetching this very file") from None


def _anew(file: BinaryIO) -> int:
    file.seek(0)
    file.truncate()
    return 0


def _bring(url: str, file: BinaryIO, have: int, size: int) -> None:
    from huggingface_hub import constants  # noqa: PLC0415  # likewise
    from huggingface_hub.file_download import http_get  # noqa: PLC0415  # likewise

    # Its own 10 MiB are lost each time when a slow line breaks off.
    constants.DOWNLOAD_CHUNK_SIZE = _CHUNK_BYTES
    bounded = cast("BinaryIO", _Bounded(file, size))  # it has all that the library calls
    http_get(url, bounded, resume_size=have, expected_size=size)


_TASKS: Final[Mapping[str, Callable[[Mapping[str, object]], dict[str, object]]]] = {
    "look": _look,
    "list": _list,
    "fetch": _fetch,
}


def _done(wanted: Mapping[str, object]) -> dict[str, object]:
    """Do what is wanted; return what came of it, or what went wrong and of what kind."""
    import httpx2  # noqa: PLC0415  # likewise
    from huggingface_hub import errors  # noqa: PLC0415  # likewise

    try:
        _guarded(wanted)
        return _TASKS[str(wanted["task"])](wanted)
    except RefusedError as error:
        return _failed("refused", str(error))
    except errors.GatedRepoError:
        return _failed("gated", "")
    except (
        errors.RepositoryNotFoundError,
        errors.RevisionNotFoundError,
        errors.RemoteEntryNotFoundError,
    ):
        return _failed("missing", "")
    except errors.HfHubHTTPError as error:
        return _failed("http", f"it answered {error.response.status_code}")
    except (httpx2.HTTPError, errors.OfflineModeIsEnabled) as error:
        return _failed("unreachable", str(error) or type(error).__name__)
    except OSError as error:
        kind = "disk" if error.errno is not None else "http"  # the library's own has no number
        return _failed(kind, error.strerror or str(error))
    except ValueError as error:
        return _failed("http", str(error))


def _failed(kind: str, words: str) -> dict[str, object]:
    return {"failed": kind, "words": words[:300]}


def main() -> None:
    """Do one thing and say what came of it."""
    threading.Thread(target=_leave_with_parent, name="watch", daemon=True).start()
    stdout = os.dup(1)
    os.dup2(2, 1)  # whatever the library prints is no answer
    said = _done(json.loads(sys.argv[1]))
    os.write(stdout, json.dumps(said).encode() + b"\n")
    os._exit(0)


if __name__ == "__main__":
    main()

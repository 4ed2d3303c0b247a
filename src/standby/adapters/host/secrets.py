"""The gateway's token and the key of this installation: made once, kept 0600, compared blindly."""

import contextlib
import hashlib
import hmac
import re
import secrets
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

from standby.adapters.host.private import (
    UnsafeFileError,
    create_private,
    prepared_private,
    read_private,
)
from standby.core.redact import Secret

__all__ = ["installation_key", "rotation", "same_secret", "token"]

_BYTES: Final = 32
_TOKEN: Final = re.compile(rb"[A-Za-z0-9_-]{43,128}\n?")


def token(path: Path) -> Secret:
    """Return the gateway's token; make it when there is none.

    Raise ``UnsafeFileError`` when others could know it, or the file holds something else.
    """
    held = _held(path, _new())
    if not _TOKEN.fullmatch(held):
        raise UnsafeFileError(f"{path} does not hold a token; delete it, and a new one is made")
    return Secret(held.decode().strip())


@contextlib.contextmanager
def rotation(path: Path) -> Iterator[Callable[[], None]]:
    """Make a new token, and yield what puts it in place of the one that is there.

    A gateway that runs goes on with the old one until it is started again.
    """
    with prepared_private(path, _new()) as put:
        yield put


def installation_key(path: Path) -> bytes:
    """Return the key that fingerprints are made with; make it when there is none.

    Raise ``UnsafeFileError`` when others could know it, or the file holds something else.
    """
    held = _held(path, secrets.token_bytes(_BYTES))
    if len(held) != _BYTES:
        raise UnsafeFileError(
            f"{path} does not hold a key; delete it, and a new one is made (the gateway then"
            " forgets which credentials the cloud has accepted)"
        )
    return held


def same_secret(secret: Secret, said: str) -> bool:
    """Whether somebody said the secret; takes as long whatever they said. An empty one is none."""
    expected, actual = (
        hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()
        for text in (secret.reveal(), said)
    )
    return hmac.compare_digest(expected, actual) and bool(secret)


def _new() -> bytes:
    return secrets.token_urlsafe(_BYTES).encode() + b"\n"


def _held(path: Path, fresh: bytes) -> bytes:
    """Return what the file holds; of two who make it at once, both get the same."""
    held = read_private(path)
    if held is not None:
        return held
    if create_private(path, fresh):
        return fresh
    return read_private(path) or b""

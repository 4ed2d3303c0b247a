"""Credentials as keyed fingerprints, and which of them the cloud has accepted."""

import asyncio
import hashlib
import hmac
import logging
from collections import OrderedDict
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final, TypeVar

from standby.adapters.host.private import UnsafeFileError, read_private, write_private
from standby.core.redact import Secret
from standby.core.request import Account
from standby.core.wire.json import JSON, NotJSONError, dumps, loads
from standby.ports import Clock

__all__ = ["KeyedFingerprints"]

log = logging.getLogger(__name__)

V = TypeVar("V")

_LENGTH: Final = 32
_MOST: Final = 64
_MEMORY_S: Final = 30 * 86_400.0
# How old the time on disk may get before a credential in use is worth another write.
_STALE_S: Final = 3600.0
_RETRY_S: Final = 60.0
# Kinds of credentials seen lately, of which the cloud may yet accept some.
_MOST_SEEN: Final = 1024


@dataclass(frozen=True, slots=True)
class _Accepted:
    kind: str
    first: float
    last: float


class KeyedFingerprints:
    """Fingerprints of this installation. Only they, the kind and two times are ever written down.

    Nothing here waits for the disk but :meth:`load`, :meth:`keep` and :meth:`flush`.
    """

    def __init__(self, key: bytes, clock: Clock, path: Path) -> None:
        self._key = key
        self._clock = clock
        self._path = path
        self._accepted: OrderedDict[Account, _Accepted] = OrderedDict()
        self._seen: OrderedDict[Account, str] = OrderedDict()
        self._unsaved = asyncio.Event()
        self._saving = asyncio.Lock()

    def account(self, kind: str, credential: Secret) -> Account:
        """Return the keyed fingerprint of a credential. ``kind``: ``x-api-key`` or ``bearer``."""
        said = credential.reveal().encode("utf-8", "surrogatepass")
        digest = hmac.new(self._key, kind.encode() + b"\0" + said, hashlib.sha256).hexdigest()
        account = Account(digest[:_LENGTH])
        _remember(self._seen, account, kind, _MOST_SEEN)
        return account

    def remembered(self, account: Account) -> bool:
        """Whether the cloud has accepted this credential within the last 30 days."""
        if (entry := self._accepted.get(account)) is None:
            return False
        # A wall clock that was set back makes the last time a future one.
        if abs(self._clock.now() - entry.last) > _MEMORY_S:
            self.rejected(account)
            return False
        self._accepted.move_to_end(account)
        return True

    def accepted(self, account: Account) -> None:
        """Note that the cloud has accepted it."""
        now = self._clock.now()
        entry = self._accepted.get(account)
        if entry is None:
            entry = _Accepted(self._seen.get(account, ""), now, now)
            self._unsaved.set()
        elif abs(now - entry.last) > _STALE_S:
            entry = replace(entry, last=now)
            self._unsaved.set()
        _remember(self._accepted, account, entry, _MOST)

    def rejected(self, account: Account) -> None:
        """Forget it: the cloud said 401 or 403."""
        if self._accepted.pop(account, None) is not None:
            self._unsaved.set()

    async def load(self) -> None:
        """Remember what was saved last. What cannot be trusted or read is forgotten, with a log."""
        try:
            data = await asyncio.to_thread(read_private, self._path)
            value = {} if data is None else loads(data)
        except (OSError, UnsafeFileError, NotJSONError) as error:
            log.warning("the accepted credentials are forgotten: %s", error)
            return
        match value:
            case {"accepted": [*rows]}:
                for row in rows[-_MOST:]:
                    self._recall(row)
            case _:
                pass

    async def keep(self) -> None:
        """Save what changes, as it changes, until cancelled: a gateway may be killed."""
        while True:
            await self._unsaved.wait()
            if not await self._save():
                await asyncio.sleep(_RETRY_S)

    async def flush(self) -> None:
        """Save what changed, if anything did. A disk that refuses is logged, not raised."""
        if self._unsaved.is_set():
            await self._save()

    async def _save(self) -> bool:
        async with self._saving:
            self._unsaved.clear()
            try:
                await asyncio.to_thread(write_private, self._path, self._written())
            except (OSError, UnsafeFileError) as error:
                self._unsaved.set()
                log.warning("the accepted credentials could not be saved: %s", error)
                return False
            return True

    def _recall(self, row: JSON) -> None:
        match row:
            case {
                "fingerprint": str(digest),
                "kind": str(kind),
                "first": int() | float() as first,
                "last": int() | float() as last,
            }:
                _remember(
                    self._accepted,
                    Account(digest),
                    _Accepted(kind, float(first), float(last)),
                    _MOST,
                )
            case _:
                pass

    def _written(self) -> bytes:
        rows: list[JSON] = [
            {"fingerprint": str(account), "kind": one.kind, "first": one.first, "last": one.last}
            for account, one in self._accepted.items()
        ]
        return dumps({"accepted": rows})


def _remember(table: OrderedDict[Account, V], account: Account, value: V, most: int) -> None:
    table[account] = value
    table.move_to_end(account)
    while len(table) > most:
        table.popitem(last=False)

"""Brings the catalogue up to date with the hub: ``make catalogue``.

For each model it reads the newest commit, and the file's size, SHA-256 and licence; what is a
judgement (quality, tools, notes) stays. A person looks at what changed before it is committed.
"""

import asyncio
import sys
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import orjson

from standby.adapters.host.models.catalogue_file import CATALOGUE_FILE
from standby.adapters.host.models.hub import Hub, Listing
from standby.core.models.catalogue import Catalogue, Entry, catalogue_json, read_catalogue
from standby.core.wire.json import loads
from standby.ports import FetchError

__all__ = ["refresh", "refreshed"]


def refreshed(entry: Entry, listing: Listing) -> Entry:
    """Return an entry as the hub has it now. Raise :class:`FetchError` when its file is gone."""
    file = next((one for one in listing.files if one.name == entry.file), None)
    if file is None:
        raise FetchError(f"{entry.repo} no longer has {entry.file}")
    return replace(
        entry,
        revision=listing.commit,
        size_bytes=file.size_bytes,
        sha256=file.sha256,
        licence=listing.licence or entry.licence,
    )


async def refresh(path: Path, hub: Hub, today: str) -> list[str]:
    """Write the catalogue anew; return what changed and what failed, in words.

    Raise :class:`FetchError` when not one model could be looked up: nothing is written then.
    """
    before = read_catalogue(loads(await asyncio.to_thread(path.read_bytes)))
    said: list[str] = []
    entries: list[Entry] = []
    failed = 0
    for entry in before.entries:
        try:
            after = refreshed(entry, await hub.files(entry.repo))
        except FetchError as error:
            failed += 1
            said.append(f"{entry.name}: kept as it was: {error}")
            after = entry
        said += _differences(entry, after)
        entries.append(after)
    if failed == len(entries):
        raise FetchError(said[0] if said else "the catalogue is empty")
    value = catalogue_json(Catalogue(today, tuple(entries)))
    read_catalogue(value)  # what the hub says may be odd
    text = orjson.dumps(value, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)
    await asyncio.to_thread(path.write_bytes, text)
    return said


def _differences(before: Entry, after: Entry) -> Iterable[str]:
    for name in ("revision", "size_bytes", "sha256", "licence"):
        old, new = getattr(before, name), getattr(after, name)
        if old != new:
            yield f"{before.name}: {name} {old} -> {new}"


def main() -> int:
    """Bring the shipped catalogue up to date."""
    today = datetime.now(UTC).date().isoformat()
    try:
        said = asyncio.run(refresh(CATALOGUE_FILE, Hub(), today))
    except (FetchError, ValueError) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    sys.stderr.write("".join(f"{line}\n" for line in said) or "nothing changed\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())

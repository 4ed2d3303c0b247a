"""Recorded exchanges as something for the fuzzer to begin with, where there are any."""

import gzip
import json
from collections.abc import Iterator
from itertools import islice

from standby.core.wire.json import dumps
from tests.fakes.recordings import FOLDER

# Which recording a reader begins with, what of an exchange it reads, and bytes before that.
READ_BY = {
    "events": ("anthropic_messages_sse", "sse", b"\x05\x40\x90"),
    "exchange": ("anthropic_messages_sse", "sse", b""),
    "reply": ("openai_chat_sse", "sse", b"\x05\x40\x90"),
    "request": ("anthropic_messages_json", "request", b""),
    "cleaned": ("anthropic_messages_json", "request", b""),
}
MOST = 40


def bodies(name: str, most_bytes: int) -> Iterator[bytes]:
    """Yield what was recorded for a reader and is not too long; nothing where nothing is."""
    file, key, before = READ_BY.get(name, ("", "", b""))
    path = FOLDER / f"{file}.jsonl.gz"
    if not file or not path.exists():
        return
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        found = (json.loads(line).get(key) for line in lines)
        read = (dumps(one) if isinstance(one, dict) else str(one).encode() for one in found if one)
        yield from islice((before + one for one in read if len(one) < most_bytes), MOST)

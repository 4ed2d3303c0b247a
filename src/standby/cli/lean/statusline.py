"""``standby statusline`` as a client calls it: JSON on stdin, one line on stdout, and gone."""

from __future__ import annotations

import json
import os
import sys
import time

from standby.cli.lean.asking import UnknownError, glance
from standby.cli.lean.line import without_gateway, words

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from standby.core.wire.json import JSON

__all__ = ["line", "main"]

_MAX_BYTES = 1024 * 1024
_LONGEST_ID = 64
_LONGEST_PROJECT = 2000
# A gateway that runs answers within a few milliseconds; one that hangs must not hold the line.
_WITHIN_S = 0.25


def main() -> None:
    """Print the line, and end the process: whatever comes on stdin, there is one line."""
    said = b"" if sys.stdin.isatty() else sys.stdin.buffer.read(_MAX_BYTES)
    text = line(said, os.environ) + "\n"
    sys.stdout.buffer.write(text.encode())
    sys.stdout.buffer.flush()
    os._exit(0)  # there is nothing to tidy up, and doing so takes milliseconds


def line(said: bytes, environment: Mapping[str, str]) -> str:
    """Return the line for what a client says of itself."""
    coloured = not environment.get("NO_COLOR")
    client, now = _read(said), time.time()
    try:
        about = "&".join((*_session(client), *_project(environment)))
        told = glance(environment, _WITHIN_S, about)
    except UnknownError as error:
        return without_gateway(str(error), client, now, coloured=coloured)
    return words(told, client, now, coloured=coloured)


def _session(client: JSON) -> tuple[str, ...]:
    """Return the id of the conversation, if it is one that can stand in a request line."""
    match client:
        case {"session_id": str(said)} if len(said) <= _LONGEST_ID and said.isascii():
            return (f"session={said}",) if said.replace("-", "").isalnum() else ()
        case _:
            return ()


def _project(environment: Mapping[str, str]) -> tuple[str, ...]:
    """Return the folder that the client's requests name, as they name it: what counts is that."""
    for header in environment.get("ANTHROPIC_CUSTOM_HEADERS", "").splitlines():
        name, _, value = header.partition(":")
        if name.strip().lower() == "x-standby-project" and (said := value.strip()):
            # Escaped already, but for what may stand in a header and not in a request line.
            signs = (chr(byte) for byte in said[:_LONGEST_PROJECT].encode(errors="replace"))
            return (f"project={''.join(map(_escaped, signs))}",)
    return ()


def _escaped(sign: str) -> str:
    plain = sign.isascii() and (sign.isalnum() or sign in "/:%-._~")
    return sign if plain else f"%{ord(sign):02X}"


def _read(said: bytes) -> JSON:
    try:
        value: JSON = json.loads(said)
    except ValueError:  # by hand, or from a client of another kind
        return None
    return value

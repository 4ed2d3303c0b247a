"""Claude Code as the client of a rehearsal: ``python -m standby.testing.claude_client PROGRAM``.

It is driven as in its print mode, several turns of one conversation in one process, and speaks the
lines of :mod:`standby.testing.talk`. Environment and folder are those of this process.
"""

import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from standby.core.wire.assemble import assemble
from standby.core.wire.json import JSON, NotJSONError, dumps, loads
from standby.core.wire.sse import Frame
from standby.testing.talk import Spoken, answered, lines, tell

__all__ = ["Listener", "main"]

_PRINT_MODE: Final = (
    *("-p", "--verbose", "--include-partial-messages"),
    *("--input-format", "stream-json", "--output-format", "stream-json"),
    *("--permission-mode", "acceptEdits", "--allowedTools", "Bash(date)", "Bash(date:*)"),
)


@dataclass(slots=True)
class Listener:
    """Makes the events of a rehearsal out of what Claude Code reports from a prompt to its end."""

    asked_at: float
    first_at: float | None = None
    frames: list[Frame] = field(default_factory=list[Frame])
    retries: int = 0
    over: bool = False

    def hear(self, event: JSON, now: float) -> Iterator[dict[str, JSON]]:
        """Take what it reports; yield what is to be told of it."""
        match event:
            case {"type": "stream_event", "parent_tool_use_id": str()}:
                pass  # what a subagent says is no part of the conversation
            case {"type": "stream_event", "event": dict(said)}:
                yield from self._stream(said, now)
            case {"type": "system", "subtype": "api_retry"}:
                self.retries += 1
            case {"type": "result"}:
                self.over = True
                yield self._end(event)
            case _:
                pass

    def _stream(self, said: dict[str, JSON], now: float) -> Iterator[dict[str, JSON]]:
        name = str(said.get("type"))
        if name == "content_block_delta" and self.first_at is None:
            self.first_at = now
        self.frames.append(Frame(name, dumps(said).decode(), b""))
        if name != "message_stop":
            return
        whole = assemble(self.frames)
        match loads(whole) if whole is not None else None:
            case dict(message):
                yield answered(Spoken(message, self.first_at), self.asked_at)
            case _:
                pass
        self.frames, self.first_at, self.asked_at = [], None, now

    def _end(self, result: JSON) -> dict[str, JSON]:
        match result:
            case {"subtype": "success", "is_error": False} if not self.retries:
                return {"event": "done"}
            case {"subtype": "success", "is_error": False}:
                words: JSON = f"Claude Code repeated a request {self.retries} times"
            case {"result": str(words)}:
                pass
            case _:
                words = "Claude Code ended with an error"
        return {"event": "trouble", "words": words}


def main(program: str) -> None:
    """Hold a conversation with Claude Code, until stdin ends."""
    version = subprocess.run(  # noqa: S603  # the program that the user has on PATH
        [program, "--version"], capture_output=True, text=True, timeout=60, check=False
    )
    tell({"event": "ready", "client": f"Claude Code {version.stdout.split(' ')[0].strip()}"})
    with subprocess.Popen(  # noqa: S603  # likewise
        [program, *_PRINT_MODE], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        for said in lines():
            match said:
                case {"words": str(words)}:
                    _say(process, words)
                case _:
                    tell({"event": "trouble", "words": "a line that says nothing"})


def _say(process: "subprocess.Popen[bytes]", words: str) -> None:
    if process.stdin is None or process.stdout is None:  # never: they were asked for
        return
    content: list[JSON] = [{"type": "text", "text": words}]
    process.stdin.write(
        dumps({"type": "user", "message": {"role": "user", "content": content}}) + b"\n"
    )
    process.stdin.flush()
    listener = Listener(time.time())
    for line in process.stdout:
        for event in listener.hear(_read(line), time.time()):
            tell(event)
        if listener.over:
            return
    tell({"event": "trouble", "words": "Claude Code has ended"})


def _read(line: bytes) -> JSON:
    try:
        return loads(line)
    except NotJSONError:
        return None


if __name__ == "__main__":
    main(sys.argv[1])

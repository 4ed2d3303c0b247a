"""``standby mcp``: a server of tools for a client of the Model Context Protocol, over stdio."""

import sys
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from importlib.metadata import version
from typing import BinaryIO, Final

import click

from standby.cli import terminal
from standby.cli.inside.calling import Answer, called
from standby.cli.inside.protocol import Call, parse_error, received, result_of
from standby.core.wire.json import JSON, dumps

__all__ = ["command", "converse"]

_AT_ONCE: Final = 4
_MAX_BYTES: Final = 1024 * 1024


@click.command("mcp", epilog=terminal.examples("claude mcp add standby -- standby mcp"))
def command() -> None:
    """Give a model tools that show and switch who answers.

    Speaks the Model Context Protocol on stdin and stdout, and ends with its stdin. The plugin that
    `standby claude` adds starts it; any other MCP client can start it too.
    """
    with suppress(BrokenPipeError):  # the client has ended without a word
        converse(sys.stdin.buffer, sys.stdout.buffer, called)


def converse(come: BinaryIO, go: BinaryIO, call: Callable[[Sequence[str]], Answer]) -> None:
    """Answer every line until there are no more; a tool that takes its time holds up nothing."""
    ours = version("standby")
    writing = threading.Lock()

    def say(message: JSON) -> None:
        with writing:
            go.write(dumps(message) + b"\n")
            go.flush()

    def run(asked: Call) -> None:
        answer = call(asked.words)
        say(result_of(asked.id, answer.text, well=answer.well))

    with ThreadPoolExecutor(_AT_ONCE) as tools:
        while line := come.readline(_MAX_BYTES):
            if len(line) == _MAX_BYTES and not line.endswith(b"\n"):
                _skip(come)
                say(parse_error())
                continue
            if not line.strip():
                continue
            match received(line, ours):
                case Call() as asked:
                    tools.submit(run, asked)
                case None:
                    pass
                case reply:
                    say(reply)
        tools.shutdown(cancel_futures=True)


def _skip(come: BinaryIO) -> None:
    """Leave out the rest of a line."""
    while (line := come.readline(_MAX_BYTES)) and not line.endswith(b"\n"):
        pass

"""The real Claude Code, driven headless: several turns of one conversation in one process.

It gets a home and an environment of its own: nothing of the person or machine that runs the tests
reaches it, and it is told to keep to its base URL (no telemetry, no updates, no flags).
"""

import asyncio
import json
import os
from asyncio.subprocess import PIPE
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from standby.testing import accounts
from tests.prepare import binary

MAX_LINE_BYTES = 64 * 1024 * 1024
TURN_S = 120.0
LEAVE_S = 30.0

# How a person is known to the client; the rehearsal cloud knows the same three.
API_KEY = {"ANTHROPIC_API_KEY": accounts.API_KEY.credential}  # sent as x-api-key
SUBSCRIPTION = {"CLAUDE_CODE_OAUTH_TOKEN": accounts.SUBSCRIPTION.credential}  # Bearer, oauth beta
AUTH_TOKEN = {"ANTHROPIC_AUTH_TOKEN": accounts.TOKEN.credential}  # Bearer, no oauth beta


class ClientError(Exception):
    """The client ended, or said nothing for too long; the message has what it wrote last."""


@dataclass(frozen=True)
class Turn:
    """All that the client reported from a prompt to its result, as it came, in order."""

    events: tuple[dict, ...]

    @cached_property
    def result(self):
        """The last event: what a user of the print mode gets."""
        return self.events[-1]

    @property
    def text(self):
        """What the client gives as its answer; the words of the error when ``failed``."""
        return self.result.get("result", "")

    @property
    def failed(self):
        return bool(self.result.get("is_error")) or self.result.get("subtype") != "success"

    @cached_property
    def errors(self):
        """What the client showed as errors of the API, also those that it went on after."""
        return tuple(event for event in self.events if event.get("is_api_error_message"))

    @cached_property
    def retries(self):
        """The ``api_retry`` events: each stands for one request that the client made again."""
        return tuple(event for event in self.events if event.get("subtype") == "api_retry")

    @cached_property
    def tool_uses(self):
        return tuple(block for block in self.blocks("assistant") if block["type"] == "tool_use")

    @cached_property
    def tool_results(self):
        return tuple(block for block in self.blocks("user") if block["type"] == "tool_result")

    @cached_property
    def texts(self):
        """The texts of the assistant, in the order in which they came."""
        blocks = self.blocks("assistant")
        return tuple(block["text"] for block in blocks if block["type"] == "text")

    @cached_property
    def models(self):
        """The model that each message of the assistant claims to be from."""
        said = (event["message"] for event in self.events if event["type"] == "assistant")
        return tuple(message["model"] for message in said)

    def blocks(self, role):
        """The blocks of what ``assistant`` said, or of what came back to it as ``user``."""
        for event in self.events:
            if event["type"] == role and isinstance(event["message"]["content"], list):
                yield from event["message"]["content"]


@dataclass
class ClaudeCode:
    """``async with ClaudeCode(folder, url, API_KEY) as client: turn = await client.say("...")``

    ``folder`` gets the client's home and the directory it works in (``client.work``). ``headers``
    are sent with each request. ``environment`` is added to the little that there is. ``launcher``
    is a command that starts ``claude`` with the arguments behind it, and finds it on its path; it
    sets the base URL itself, so leave that empty.
    """

    folder: Path
    base_url: str
    credential: dict[str, str]
    headers: dict[str, str] = field(default_factory=dict)
    environment: dict[str, str] = field(default_factory=dict)
    arguments: tuple[str, ...] = ()
    launcher: tuple[str, ...] = ()
    events: list[dict] = field(default_factory=list)

    @property
    def home(self):
        return self.folder / "home"

    @property
    def work(self):
        return self.folder / "work"

    @property
    def session_id(self):
        """The id of the conversation, for ``arguments=("--resume", id)`` of another process."""
        return next(event["session_id"] for event in self.events if "session_id" in event)

    @property
    def code(self):
        """The exit code, once it has ended."""
        return self._process.returncode

    async def __aenter__(self):
        program = binary()
        if program is None:
            raise ClientError("Claude Code is not there: run tests/prepare.py")
        for folder in (self.home, self.work):
            folder.mkdir(parents=True, exist_ok=True)
        with (self.folder / "stderr.txt").open("ab") as complaints:
            self._process = await asyncio.create_subprocess_exec(
                *(self.launcher or (program,)),
                *_PRINT_MODE,
                *self.arguments,
                env=self._environment(program.parent),
                cwd=self.work,
                stdin=PIPE,
                stdout=PIPE,
                stderr=complaints,
                limit=MAX_LINE_BYTES,
            )
        return self

    async def __aexit__(self, error, *_):
        """End it as a pipe does, by the end of its input; kill it if it stays, or when lost."""
        if error is not None and self._process.returncode is None:
            self._process.kill()  # it may be in the middle of minutes of retries
        self._process.stdin.close()
        try:
            async with asyncio.timeout(LEAVE_S):
                while await self._process.stdout.read(65_536):
                    pass
                await self._process.wait()
        except TimeoutError:
            self._process.kill()
            await self._process.wait()

    async def say(self, prompt, within_s=TURN_S, images=()):
        """Type a prompt; return all that happened up to its result. ``images``: PNG, in base64."""
        kind = {"type": "base64", "media_type": "image/png"}
        shown = [{"type": "image", "source": {**kind, "data": data}} for data in images]
        content = [*shown, {"type": "text", "text": prompt}]
        message = {"type": "user", "message": {"role": "user", "content": content}}
        self._process.stdin.write(json.dumps(message).encode() + b"\n")
        turn = []
        try:
            async with asyncio.timeout(within_s):
                await self._process.stdin.drain()
                while not turn or turn[-1]["type"] != "result":
                    turn.append(await self._event())
        except (TimeoutError, ConnectionError) as error:
            raise ClientError(f"no result within {within_s:g} s: {self._last_words()}") from error
        return Turn(tuple(turn))

    async def _event(self):
        line = await self._process.stdout.readline()
        if not line.endswith(b"\n"):
            raise ClientError(f"the client has ended: {self._last_words()}")
        event = json.loads(line)
        self.events.append(event)
        return event

    def _last_words(self):
        complaints = (self.folder / "stderr.txt").read_text(encoding="utf-8", errors="replace")
        return f"{self.events[-3:]!r}, stderr {complaints[-2000:]!r}"

    def _environment(self, beside):
        headers = "\n".join(f"{name}: {value}" for name, value in self.headers.items())
        return {
            "PATH": os.pathsep.join([str(beside), os.defpath]) if self.launcher else os.defpath,
            "HOME": str(self.home),
            "CLAUDE_CONFIG_DIR": str(self.home / ".claude"),
            "TERM": "dumb",
            "LANG": "C.UTF-8",
            "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1",
            "DISABLE_AUTOUPDATER": "1",
            "DISABLE_TELEMETRY": "1",
            **({"ANTHROPIC_BASE_URL": self.base_url} if self.base_url else {}),
            **({"ANTHROPIC_CUSTOM_HEADERS": headers} if headers else {}),
            **self.credential,
            **self.environment,
        }


_PRINT_MODE = (
    *("-p", "--verbose"),
    *("--input-format", "stream-json", "--output-format", "stream-json"),
    # --dangerously-skip-permissions is refused to root; this does for the tools that tests use.
    *("--permission-mode", "acceptEdits", "--allowedTools", "Bash Write Read Edit"),
)

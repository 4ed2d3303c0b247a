"""The stage of a rehearsal: the real gateway with its real engines, and a client, as processes."""

import asyncio
import math
import os
import sys
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, suppress
from pathlib import Path
from typing import Final

from aiohttp import ClientError, ClientSession, ClientTimeout

from standby.adapters.child import Child, clean_environment
from standby.adapters.host.connections import connected_elsewhere
from standby.adapters.host.dialogue import Dialogue, DialogueError
from standby.adapters.host.paths import HOME, Paths, paths
from standby.adapters.host.private import UnsafeFileError
from standby.adapters.host.processes import Running, running
from standby.adapters.host.secrets import token
from standby.app.client_environment import client_variables
from standby.app.drill.stage import Answer, Heard, Line, StageError, StandIn
from standby.app.fetching import FAILED
from standby.core.wire.json import JSON, NotJSONError, loads
from standby.testing.cloud import FakeCloud
from standby.wiring.rehearsal.clients import CLAUDE, PLAIN, Role, habits
from standby.wiring.rehearsal.folders import furnish
from standby.wiring.rehearsal.hearing import TroubleError, answer, heard, text, under

__all__ = ["SetUp"]

_FOLDERS: Final = "`standby doctor` says which; the variable STANDBY_HOME names another place."
_READY_S: Final = 30.0
_LOOK_S: Final = 0.1
_WATCH_S: Final = 0.5
_STATUS_S: Final = 15.0
_NOBODY_S: Final = 3.0
"""A gateway that has looked for so long has found nobody, and fetches nothing."""
_FETCH_S: Final = 1800.0
_TELL_EVERY_S: Final = 2.0
_START_S: Final = 60.0
_ANSWER_S: Final = 330.0
"""A little more than what the clients allow themselves."""
_JITTER_S: Final = 0.5
_LOG_LINES: Final = 15

# What the gateway has no use for: the credentials and habits of the client that starts it.
_CLIENT_S: Final = ("ANTHROPIC_", "CLAUDE")
_INSTALL: Final = (
    "Start a local server (LM Studio, Ollama, llama.cpp, …), or name a model file in the setting"
    " `local.model_path`. `standby doctor` looks for what is wrong."
)


class SetUp:
    """The stage of the rehearsal; see :class:`standby.app.drill.rehearsal.Stage`."""

    def __init__(
        self,
        folder: Path,
        user: Paths,
        cloud: FakeCloud,
        http: ClientSession,
        role: Role,
        stack: AsyncExitStack,
    ) -> None:
        self._folder = folder
        self._user = user
        self._own = paths({HOME: str(folder)})
        self._cloud = cloud
        self._http = http
        self._role = role
        self._stack = stack
        self._gateway: Child | None = None
        self._running: Running | None = None
        self._dialogue: Dialogue | None = None
        self._strangers: set[str] = set()
        self._open = asyncio.Event()
        self.client = ""

    @property
    def obeys(self) -> bool:
        """Whether the client can make a model call a tool: Claude Code leaves it to the model."""
        return self._role.script != CLAUDE

    # -- what the rehearsal asks for -------------------------------------------------------------

    async def open(self, tell: Callable[[str, str], None]) -> StandIn:
        """Start the gateway and the client; return who would take over."""
        tell("cloud", f"a stand-in for it listens on {self._cloud.url}")
        try:
            await asyncio.to_thread(furnish, self._own, self._user)
        except (OSError, UnsafeFileError) as error:
            raise StageError(f"your folders cannot be used: {error}", _FOLDERS) from error
        gateway = await self._started()
        self._running = await self._announced(gateway)
        tell("gateway", f"`standby serve` is ready on {self._running.url}")
        stand_in = await self._stand_in(tell)
        if stand_in.rehearsal and self._role.script == CLAUDE:
            raise StageError(
                "Claude Code's own prompt is too long for the rehearsal model",
                f"Try `standby drill --client sdk`. {_INSTALL}",
            )
        self._dialogue = await self._talking(self._role, "client")
        self.client = await self._greeted(self._dialogue)
        tell("client", f"is {self.client}")
        self._open.set()
        return stand_in

    async def audition(self) -> Answer:
        """Have the stand-in say something to the plain client, in a conversation of its own."""
        dialogue = await self._talking(PLAIN, "audition")
        await self._greeted(dialogue)
        try:
            line = Line("say hello", "never")
            answers = [answer async for answer in self._say(dialogue, line, model="local")]
        except TroubleError as error:
            raise StageError(f"the local model does not answer: {error}", _INSTALL) from error
        return answers[0]

    async def say(self, line: Line) -> AsyncIterator[Answer]:
        """Say a line in the conversation of the client."""
        if self._dialogue is None:
            raise StageError("nobody talks to the gateway yet")
        try:
            async for answer in self._say(self._dialogue, line):
                yield answer
        except TroubleError as error:
            raise StageError(f"the client saw an error: {error}") from error

    def limit(self, seconds: float) -> float:
        """Let the limit begin; its end is told in whole seconds."""
        self._cloud.exhaust(self._role.account, "five_hour", seconds=seconds)
        return float(math.ceil(self.now() + seconds))

    async def until(self, moment: float) -> None:
        """Wait for a reset, and for the moment by which the gateway's asking is put off."""
        await asyncio.sleep(max(0.0, moment + 1.5 * _JITTER_S - self.now()))

    def heard(self) -> tuple[Heard, ...]:
        """Return the requests for messages that the fake cloud has settled."""
        return tuple(
            heard(one)
            for one in self._cloud.requests
            if (one.method, one.path) == ("POST", "/v1/messages") and (one.status or one.refused)
        )

    def now(self) -> float:
        """Return the seconds since the epoch."""
        return time.time()

    async def strangers(self) -> tuple[str, ...]:
        """Return to whom off this machine the gateway was seen connected."""
        await self._look()
        return tuple(sorted(self._strangers))

    async def watch(self) -> None:
        """Look now and then to whom the gateway is connected, until cancelled.

        Not before the rehearsal has begun: a model may have to be fetched for it.
        """
        await self._open.wait()
        while True:
            await self._look()
            await asyncio.sleep(_WATCH_S)

    def log(self) -> tuple[str, ...]:
        """Return the last lines that the gateway said."""
        if self._gateway is None:
            return ()
        lines = self._gateway.tail.decode(errors="replace").splitlines()
        return tuple(lines[-_LOG_LINES:])

    # -- the gateway -----------------------------------------------------------------------------

    async def _started(self) -> Child:
        argv = [sys.executable, "-P", "-m", "standby.adapters.host.tethered", "serve"]
        try:
            gateway = await Child.spawn(argv, self._environment(), str(self._folder))
        except OSError as error:
            raise StageError(f"the gateway cannot be started: {error}") from error
        self._gateway = gateway
        self._stack.push_async_callback(self._close, gateway)
        return gateway

    def _environment(self) -> dict[str, str]:
        kept = {name: text for name, text in os.environ.items() if not name.startswith(_CLIENT_S)}
        return kept | {
            HOME: str(self._folder),
            "STANDBY_GATEWAY_PORT": "0",
            "STANDBY_CLOUD_URL": self._cloud.url,
            "STANDBY_CLOUD_RESET_JITTER_S": str(_JITTER_S),
            # An early try during the rehearsal's limit would be a second refusal.
            "STANDBY_CLOUD_PROBE_EVERY_S": "3600",
            "STANDBY_CLOUD_PROBE_OFTEN_S": "3600",
            "STANDBY_LOCAL_NOTICE": "true",
        }

    async def _close(self, gateway: Child) -> None:
        await gateway.stop(grace_s=10.0)
        with suppress(OSError):  # the log is for `--keep`; what it says was shown already
            await asyncio.to_thread(self._own.log_file.write_bytes, gateway.tail)

    async def _announced(self, gateway: Child) -> Running:
        """Wait until the gateway can be asked."""
        with suppress(TimeoutError):
            async with asyncio.timeout(_READY_S):
                while gateway.alive:
                    found = await asyncio.to_thread(running, self._own.state)
                    if found is not None:
                        return found
                    await asyncio.sleep(_LOOK_S)
        why = f"is not ready after {_READY_S:g} s" if gateway.alive else gateway.epitaph()
        raise StageError(f"the gateway did not start: {why}", "`standby doctor` may know why.")

    async def _stand_in(self, tell: Callable[[str, str], None]) -> StandIn:
        """Return who would take over; wait while a model is fetched for it."""
        began = told_at = time.monotonic()
        told = ""
        while True:
            local = under(await self._status(), "local")
            match under(local, "would_take_over"):
                case {"engine": str(engine), "id": str(model), "rehearsal": bool(rehearsal)}:
                    return StandIn(engine, model, rehearsal)
                case _:
                    words = text(local, "fetching")
            now = time.monotonic()
            if words.startswith(FAILED):
                raise StageError(words, _INSTALL)
            if now - began > (_FETCH_S if words else _NOBODY_S):
                raise StageError("no local model is there to take over", _INSTALL)
            if words != told and (not told or now - told_at > _TELL_EVERY_S):
                tell("gateway", f"is {words}")
                told, told_at = words, now
            await asyncio.sleep(_LOOK_S)

    async def _status(self) -> JSON:
        headers = {"x-standby-token": await self._token()}
        url = f"{self._place().url}/standby/status"
        try:
            async with self._http.get(
                url, headers=headers, allow_redirects=False, timeout=ClientTimeout(_STATUS_S)
            ) as response:
                return loads(await response.read())
        except (ClientError, TimeoutError, NotJSONError) as error:
            raise StageError(f"the gateway does not say how it is: {error}") from error

    async def _token(self) -> str:
        return (await asyncio.to_thread(token, self._own.token_file)).reveal()

    def _place(self) -> Running:
        if self._running is None:
            raise StageError("the gateway does not run yet")
        return self._running

    async def _look(self) -> None:
        if self._gateway is not None:
            found = await asyncio.to_thread(connected_elsewhere, self._gateway.pid)
            self._strangers |= found

    # -- the client ------------------------------------------------------------------------------

    async def _talking(self, role: Role, name: str) -> Dialogue:
        """Start a client with an environment of its own: nothing of the user's reaches it."""
        folder = self._folder / name
        await asyncio.to_thread(folder.mkdir, mode=0o700)
        secret = await asyncio.to_thread(token, self._own.token_file)
        environment = clean_environment(
            os.environ,
            **client_variables({}, url=self._place().url, token=secret),
            **{role.credential: role.account.credential},
            **habits(folder),
        )
        argv = [sys.executable, "-P", "-m", f"standby.testing.{role.script}", *role.arguments]
        try:
            dialogue = await Dialogue.start(
                argv, environment, folder=folder, log=self._folder / f"{name}.log"
            )
        except OSError as error:
            raise StageError(f"the client cannot be started: {error}") from error
        self._stack.push_async_callback(dialogue.stop)
        return dialogue

    async def _greeted(self, dialogue: Dialogue) -> str:
        try:
            match await dialogue.hear(_START_S):
                case {"event": "ready", "client": str(client)}:
                    return client
                case other:
                    raise StageError(f"the client said {other!r} instead of who it is")
        except DialogueError as error:
            raise StageError(f"the client did not start: {error}", self._kept_hint()) from error

    async def _say(self, dialogue: Dialogue, line: Line, model: str = "") -> AsyncIterator[Answer]:
        try:
            await dialogue.tell({"words": line.words, "call": line.call, "model": model}, _ANSWER_S)
            while (event := await dialogue.hear(_ANSWER_S)) != {"event": "done"}:
                yield answer(event)
        except DialogueError as error:
            raise StageError(f"the client is lost: {error}", self._kept_hint()) from error

    def _kept_hint(self) -> str:
        return "`standby drill --keep` leaves its log in the folder of the drill."

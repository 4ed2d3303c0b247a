"""The drill, put together: a fake cloud, the real gateway with its real engines, a real client.

The gateway and the client are processes of their own and end with this one. The gateway has the
settings of the user but for its cloud, and a folder of its own, in which only the models are the
user's.
"""

import asyncio
import importlib.util
import math
import os
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final

from aiohttp import ClientError, ClientSession, ClientTimeout

from standby.adapters.child import Child, clean_environment
from standby.adapters.host.config_file import read_config
from standby.adapters.host.connections import connected_elsewhere
from standby.adapters.host.dialogue import Dialogue, DialogueError
from standby.adapters.host.paths import HOME, Paths, paths
from standby.adapters.host.private import UnsafeFileError
from standby.adapters.host.processes import Running, running
from standby.adapters.host.secrets import token
from standby.adapters.net import http_client
from standby.app.client_environment import client_variables
from standby.app.drill import Answer, Drill, Event, Heard, Line, Report, StageError, StandIn
from standby.app.drill_options import DrillClient, DrillOptions
from standby.app.drill_report import PLAIN_SIGNS, SIGNS, Said, as_json, closing, said
from standby.app.fetching import FAILED
from standby.core.handback import marks
from standby.core.wire.json import JSON, NotJSONError, dumps, loads
from standby.testing.accounts import SUBSCRIPTION, TOKEN, CloudAccount
from standby.testing.cloud import FakeCloud
from standby.testing.log import Received

__all__ = ["drill"]

_TERMINATED: Final = 143
"""What shells say of a process that SIGTERM has ended."""

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


@dataclass(frozen=True, slots=True)
class _Role:
    """A client, and who it is in the cloud's eyes."""

    script: str
    account: CloudAccount
    credential: str
    """The variable in which the client looks for its credential."""
    arguments: tuple[str, ...] = ()


_CLAUDE: Final = "claude_client"
_PLAIN: Final = _Role("plain_client", TOKEN, "ANTHROPIC_AUTH_TOKEN")
_SDK: Final = _Role("sdk_client", TOKEN, "ANTHROPIC_AUTH_TOKEN")


class _TroubleError(Exception):
    """The client tells of an error that it saw; the message is its words."""


async def drill(options: DrillOptions, out: Callable[[str], None]) -> int:
    """Rehearse a switch-over; return the exit code: 0 when all phases went well, else 1.

    Raise the errors of the settings.
    """
    where = paths(os.environ)
    show = _shown(out) if not options.as_json else _ignored
    with _ended_by_sigterm() as told:
        try:
            report, log = await _rehearsed(options, where, show)
        except asyncio.CancelledError:
            if told():
                return _TERMINATED
            raise
    if options.as_json:
        out(dumps(as_json(report, log)).decode())
    else:
        for line in (*(() if report.passed else _of_log(log)), *closing(report)):
            show(line)
    return 0 if report.passed else 1


async def _rehearsed(
    options: DrillOptions, where: Paths, show: Callable[[Said], None]
) -> tuple[Report, tuple[str, ...]]:
    """Return what the rehearsal came to, and the last that the gateway said."""
    signs = _signs()

    def tell(event: Event) -> None:
        show(said(event, signs))

    await asyncio.to_thread(read_config, where.config_file, os.environ)  # its faults come first
    async with _folder(keep=options.keep) as folder:
        if options.keep:
            show(Said(f"The folder of this drill: {folder}", "dim"))
        try:
            role = _role(options.client)
        except StageError as error:
            return _no_client(error), ()
        async with FakeCloud() as cloud, http_client() as http:
            async with AsyncExitStack() as stack, asyncio.TaskGroup() as group:
                set_up = _SetUp(folder, where, cloud, http, role, stack)
                watch = group.create_task(set_up.watch())
                try:
                    report = await Drill(set_up, tell).run()
                finally:
                    watch.cancel()
            return report, set_up.log()  # the gateway has said its last


class _SetUp:
    """The stage of the rehearsal; see :class:`standby.app.drill.Stage`."""

    def __init__(
        self,
        folder: Path,
        user: Paths,
        cloud: FakeCloud,
        http: ClientSession,
        role: _Role,
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
        return self._role.script != _CLAUDE

    # -- what the rehearsal asks for -------------------------------------------------------------

    async def open(self, tell: Callable[[str, str], None]) -> StandIn:
        """Start the gateway and the client; return who would take over."""
        tell("cloud", f"a stand-in for it listens on {self._cloud.url}")
        try:
            await asyncio.to_thread(_furnish, self._own, self._user)
        except (OSError, UnsafeFileError) as error:
            raise StageError(f"your folders cannot be used: {error}", _FOLDERS) from error
        gateway = await self._started()
        self._running = await self._announced(gateway)
        tell("gateway", f"`standby serve` is ready on {self._running.url}")
        stand_in = await self._stand_in(tell)
        if stand_in.rehearsal and self._role.script == _CLAUDE:
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
        dialogue = await self._talking(_PLAIN, "audition")
        await self._greeted(dialogue)
        try:
            line = Line("say hello", "never")
            answers = [answer async for answer in self._say(dialogue, line, model="local")]
        except _TroubleError as error:
            raise StageError(f"the local model does not answer: {error}", _INSTALL) from error
        return answers[0]

    async def say(self, line: Line) -> AsyncIterator[Answer]:
        """Say a line in the conversation of the client."""
        if self._dialogue is None:
            raise StageError("nobody talks to the gateway yet")
        try:
            async for answer in self._say(self._dialogue, line):
                yield answer
        except _TroubleError as error:
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
            _heard(one)
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
            local = _under(await self._status(), "local")
            match _under(local, "would_take_over"):
                case {"engine": str(engine), "id": str(model), "rehearsal": bool(rehearsal)}:
                    return StandIn(engine, model, rehearsal)
                case _:
                    words = _text(local, "fetching")
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

    async def _talking(self, role: _Role, name: str) -> Dialogue:
        """Start a client with an environment of its own: nothing of the user's reaches it."""
        folder = self._folder / name
        await asyncio.to_thread(folder.mkdir, mode=0o700)
        secret = await asyncio.to_thread(token, self._own.token_file)
        environment = clean_environment(
            os.environ,
            **client_variables({}, url=self._place().url, token=secret),
            **{role.credential: role.account.credential},
            **_habits(folder),
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
                yield _answer(event)
        except DialogueError as error:
            raise StageError(f"the client is lost: {error}", self._kept_hint()) from error

    def _kept_hint(self) -> str:
        return "`standby drill --keep` leaves its log in the folder of the drill."


def _answer(event: JSON) -> Answer:
    """Return the answer that a client tells of. Raise _TroubleError when it tells of an error."""
    match event:
        case {
            "event": "answer",
            "model": str(model),
            "asked_at": float(asked_at),
            "ended_at": float(ended_at),
            "text": str(text),
            "calls": list(calls),
            "notice": str(notice),
        }:
            return Answer(
                model=model,
                asked_at=asked_at,
                ended_at=ended_at,
                first_at=_number(event, "first_at"),
                text=text,
                calls=tuple(call for call in calls if isinstance(call, str)),
                notice=notice,
            )
        case {"event": "trouble", "words": str(words)}:
            raise _TroubleError(words)
        case other:
            raise StageError(f"the client said what nobody understands: {other!r}")


def _heard(received: Received) -> Heard:
    return Heard(
        at=received.at,
        status=received.status,
        refused=received.refused,
        why=received.why,
        marked=marks.SIGNATURE.encode() in received.body,
        thoughts=_thoughts(received.body),
    )


def _thoughts(body: bytes) -> int:
    """Return how many thinking blocks in a request are not ours."""
    try:
        value = loads(body)
    except NotJSONError:
        return 0
    messages = value.get("messages") if isinstance(value, dict) else None
    return sum(
        _is_thought(block)
        for message in (messages if isinstance(messages, list) else [])
        for block in _blocks(message)
    )


def _blocks(message: JSON) -> list[JSON]:
    match message:
        case {"role": "assistant", "content": list(blocks)}:
            return blocks
        case _:
            return []


def _is_thought(block: JSON) -> bool:
    match block:
        case {"type": "thinking", "signature": str(signature)}:
            return not marks.ours(signature)
        case _:
            return False


def _under(said: JSON, name: str) -> JSON:
    return said.get(name) if isinstance(said, dict) else None


def _text(said: JSON, name: str) -> str:
    value = _under(said, name)
    return value if isinstance(value, str) else ""


def _number(said: JSON, name: str) -> float | None:
    value = _under(said, name)
    return value if isinstance(value, float) else None


# -- who talks -----------------------------------------------------------------------------------


def _role(wanted: DrillClient) -> _Role:
    """Return the client that was asked for, or the best there is."""
    claude = shutil.which("claude")
    sdk = importlib.util.find_spec("anthropic") is not None
    match wanted:
        case "sdk" if not sdk:
            raise StageError(
                "the Anthropic SDK is not installed",
                "Install `standby[drill]`, or leave out `--client sdk`.",
            )
        case "claude" if claude is None:
            raise StageError(
                "Claude Code is not installed, or not on PATH",
                "Install it, or leave out `--client claude`.",
            )
        case "sdk" | "auto" if sdk:
            return _SDK
        case _:
            return _PLAIN if claude is None else _claude(claude)


def _claude(program: str) -> _Role:
    return _Role(_CLAUDE, SUBSCRIPTION, "CLAUDE_CODE_OAUTH_TOKEN", (program,))


def _habits(home: Path) -> Mapping[str, str]:
    """Return what makes a client keep to itself and to its base URL."""
    return {
        "HOME": str(home),
        "CLAUDE_CONFIG_DIR": str(home / ".claude"),
        "TERM": "dumb",
        "LANG": "C.UTF-8",
        "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1",
        "DISABLE_AUTOUPDATER": "1",
        "DISABLE_TELEMETRY": "1",
    }


def _no_client(error: StageError) -> Report:
    return Report(
        client="",
        stand_in=None,
        phases=(),
        moments=(),
        passed=False,
        verdict=f"The drill could not begin: {error}.",
        hint=error.hint,
        cloud_requests=0,
        cloud_refusals=0,
        audition_s=None,
        takeover_s=None,
    )


# -- folders -------------------------------------------------------------------------------------


@asynccontextmanager
async def _folder(*, keep: bool) -> AsyncIterator[Path]:
    """Make a folder that only we can read; it goes in the end, unless it is to be kept."""
    folder = Path(await asyncio.to_thread(tempfile.mkdtemp, prefix="standby-drill-"))
    try:
        yield folder
    finally:
        if not keep:
            # Shielded: whoever is cancelled twice would take the removal back before it began.
            removal = partial(shutil.rmtree, folder, ignore_errors=True)
            await asyncio.shield(asyncio.get_running_loop().run_in_executor(None, removal))


def _furnish(own: Paths, user: Paths) -> None:
    """Give the gateway the user's settings and models: nothing is fetched twice."""
    own.make()
    if user.config_file.exists():
        shutil.copyfile(user.config_file, own.config_file)
    user.models.mkdir(mode=0o700, parents=True, exist_ok=True)
    try:
        own.models.symlink_to(user.models, target_is_directory=True)
    except OSError:  # Windows, for those who may not
        own.models.mkdir(mode=0o700)
        for file in user.models.glob("*.gguf"):
            os.link(file, own.models / file.name)


# -- the end -------------------------------------------------------------------------------------


class _ended_by_sigterm:  # noqa: N801  # reads as what it is at its one place
    """While it lasts, SIGTERM cancels the task: what was started is ended."""

    def __init__(self) -> None:
        self._told = False

    def __enter__(self) -> Callable[[], bool]:
        task = asyncio.current_task()

        def end() -> None:
            self._told = True
            if task is not None:
                task.cancel()

        if sys.platform != "win32":
            asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, end)
        return lambda: self._told

    def __exit__(self, *_why: object) -> None:
        if sys.platform != "win32":
            asyncio.get_running_loop().remove_signal_handler(signal.SIGTERM)


# -- the timeline --------------------------------------------------------------------------------


def _signs() -> tuple[str, str]:
    """Return a tick and a cross, in what this terminal can show."""
    try:
        "".join(SIGNS).encode(sys.stdout.encoding or "ascii")
    except (LookupError, UnicodeEncodeError):
        return PLAIN_SIGNS
    return SIGNS


def _shown(out: Callable[[str], None]) -> Callable[[Said], None]:
    """Return what shows a line: in colour on a terminal, else as it is."""
    if not sys.stdout.isatty() or os.environ.get("TERM") == "dumb" or os.environ.get("NO_COLOR"):
        return lambda line: out(_printable(line.text))
    from rich.console import Console  # noqa: PLC0415  # on terminals only
    from rich.text import Text  # noqa: PLC0415

    console = Console(highlight=False)
    styles = {"title": "bold", "good": "green", "bad": "red", "plain": "", "dim": "dim"}
    return lambda line: console.print(Text(_printable(line.text), style=styles[line.mood]))


def _ignored(_line: Said) -> None:
    pass


def _printable(text: str) -> str:
    """Return the text without what would move the cursor: models and servers choose their words."""
    return "".join(
        sign if sign.isprintable() or sign == "\n" else "\N{REPLACEMENT CHARACTER}" for sign in text
    )


def _of_log(log: tuple[str, ...]) -> tuple[Said, ...]:
    if not log:
        return ()
    return (
        Said("\nThe last that the gateway said:", "title"),
        *(Said(f"  {line}", "dim") for line in log),
    )

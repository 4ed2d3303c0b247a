"""The gateway, put together out of its parts.

Readers, rules and engines are found by walking their packages, so that adding one touches one file.
What a package holds is decided when Standby is installed, never by the folder it is started in.
"""

import asyncio
import gc
import hashlib
import hmac
import importlib
import logging
import os
import pkgutil
import signal
import socket
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack, ExitStack, asynccontextmanager, contextmanager
from functools import cache, partial
from importlib.metadata import version
from pathlib import Path
from types import ModuleType
from typing import Final, cast

from aiohttp import ClientSession, web

from standby.adapters import engines as engine_files
from standby.adapters.codings import coder_for
from standby.adapters.documents.pdf import PdfTexts
from standby.adapters.engines import embedded, on_path
from standby.adapters.engines.chat import ChatServer, Patience
from standby.adapters.engines.spec import EngineSpec
from standby.adapters.host import downloads, secrets
from standby.adapters.host.clock import SystemClock
from standby.adapters.host.config_file import Configuration
from standby.adapters.host.dice import SystemDice
from standby.adapters.host.energy import EnergyMeter
from standby.adapters.host.fingerprints import KeyedFingerprints
from standby.adapters.host.hardware import read_hardware
from standby.adapters.host.load import SystemLoad
from standby.adapters.host.machine import MachineState
from standby.adapters.host.model_files import ModelFiles
from standby.adapters.host.paths import Paths
from standby.adapters.host.prices_file import shipped_prices
from standby.adapters.host.private import UnsafeFileError
from standby.adapters.host.processes import AlreadyRunningError, claim, harden
from standby.adapters.ledger.nothing import NoLedger, NoRecords
from standby.adapters.ledger.reading import SqliteRecords
from standby.adapters.ledger.sqlite import SqliteLedger
from standby.adapters.net import http_client, trusted
from standby.adapters.quota_store.file import FileStore
from standby.adapters.schemas import JsonSchemas
from standby.adapters.upstream.direct import DirectUpstream
from standby.adapters.upstream.proxied import Proxy, ProxyError, proxy_for
from standby.app.accounts import Accounts, Change
from standby.app.admission import Admission
from standby.app.bookkeeping import Books
from standby.app.catalogue import Catalogue
from standby.app.choosing import Choosing
from standby.app.cloud import CloudDeadlines, Line
from standby.app.counting import Counting
from standby.app.describing import Ask, Describing
from standby.app.documents import Reading
from standby.app.engines import Engines, Preference
from standby.app.fetching import Fetch, Fetching
from standby.app.fitting import Fitting
from standby.app.keeping import Keeping
from standby.app.lifecycle import Lifecycle
from standby.app.local import Local, LocalDeadlines
from standby.app.measures import Measures
from standby.app.news import News
from standby.app.notices import Notices
from standby.app.passage import Passage
from standby.app.speeds import Speeds
from standby.app.status import About, Status
from standby.app.switch import Switch
from standby.app.usage import Usage
from standby.app.warm import Warming
from standby.core.models.facts import LocalModel
from standby.core.models.tuning import Tuning
from standby.core.policy import rules
from standby.core.policy.verdicts import Rule
from standby.core.quota import readers
from standby.core.quota.classify import Reader
from standby.core.quota.machine import QuotaRules
from standby.core.quota.words import reason
from standby.core.redact import Secret
from standby.core.request import Request
from standby.core.settings import Settings
from standby.core.turns import Priority
from standby.core.warming import Terms
from standby.core.wire.asked import Asked
from standby.core.wire.headers import Head
from standby.ports import Clock, Dice, Engine, FetchError, Ledger
from standby.server.control import ControlDoor
from standby.server.front import Front
from standby.server.guard import Guard
from standby.server.listener import server_of
from standby.server.messages import MessagesDoor
from standby.wiring.alerting import alerts
from standby.wiring.faces import Seen, faces, telemetry
from standby.wiring.policies import policy_of, reloading_of
from standby.wiring.records import teach

__all__ = ["ENGINES", "READERS", "RULES", "StartError", "engines_of", "preference_of", "serve"]

log = logging.getLogger(__name__)


class StartError(Exception):
    """The gateway cannot start; its message says why, and what to do."""


def _modules(package: ModuleType) -> Iterator[tuple[str, ModuleType]]:
    for info in pkgutil.iter_modules(package.__path__):
        yield info.name, importlib.import_module(f"{package.__name__}.{info.name}")


# The casts say what tests/contract proves for every file.
RULES: Final = {name: cast("Rule", module.rule) for name, module in _modules(rules)}
READERS: Final = {
    name: Reader(name, module.RANK, module.read) for name, module in _modules(readers)
}
ENGINES: Final = {
    name: cast("EngineSpec", module.ENGINE)
    for name, module in _modules(engine_files)
    if hasattr(module, "ENGINE")
}
"""The kinds of local server, by name."""

# What a running answer may take to finish once the gateway is told to end.
DRAIN_S: Final = 20.0
_CLOSE_S: Final = 1.0


async def serve(
    configuration: Configuration, where: Paths, *, ready: Callable[[str], None]
) -> None:
    """Serve until told to end; call ``ready`` with the URL when clients can come.

    The first SIGTERM or SIGINT lets running answers finish, the second ends at once. Raise
    :class:`StartError`.
    """
    if harden():
        log.warning("running as root, which standby has no need to")
    settings = configuration.settings
    try:
        with ExitStack() as held:
            with _in_words(f"the folder {where.state}"):
                where.make()
                claimed = held.enter_context(claim(where.state))
            socket = held.enter_context(_listening(settings))
            host, port = socket.getsockname()[:2]
            url = f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
            async with _gateway(settings, where, url, port) as front, _serving(front, socket):
                ending = _told_to_end()  # first: whoever knows of us may end us
                claimed.announce(port=port, version=version("standby"), url=url)
                _settle()
                ready(url)
                await ending.wait()
                log.info("ending: running answers may finish")
                await front.drain(DRAIN_S)
    except (AlreadyRunningError, UnsafeFileError) as error:
        raise StartError(str(error)) from error


def _settle() -> None:
    """Let the collector leave alone what is there for good, and look less often at the rest.

    A conversation is a tree of many thousand objects without a cycle. At Python's own threshold
    reading one of 1 MB took three times as long, and other streams waited meanwhile (measured).
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 20)


@contextmanager
def _in_words(what: str) -> Iterator[None]:
    """Say what the system refuses at the start, and why: a disk that is full, a file not there."""
    try:
        yield
    except OSError as error:
        raise StartError(f"{what} cannot be used: {error.strerror or error}") from error


@contextmanager
def _listening(settings: Settings) -> Iterator[socket.socket]:
    """Take the port first: whoever finds it taken has changed nothing yet."""
    host, port = settings.gateway.host, settings.gateway.port
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    taken = socket.socket(family, socket.SOCK_STREAM)
    try:
        if sys.platform != "win32":  # there it would let two programs share a port
            taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        taken.bind((host, port))
    except OSError as error:
        taken.close()
        raise StartError(
            f"port {port} on {host} cannot be used: {error.strerror or error}; another program may"
            " have it. Set [gateway] port in the settings, or STANDBY_GATEWAY_PORT"
        ) from error
    with taken:
        yield taken


@asynccontextmanager
async def _serving(front: Front, taken: socket.socket) -> AsyncIterator[None]:
    runner = web.ServerRunner(server_of(front), shutdown_timeout=_CLOSE_S)
    await runner.setup()
    try:
        await web.SockSite(runner, taken, backlog=1024).start()
        yield
    finally:
        await runner.cleanup()


@asynccontextmanager
async def _gateway(settings: Settings, where: Paths, url: str, port: int) -> AsyncIterator[Front]:
    """Put everything together; what runs beside the requests ends with the block."""
    clock, dice, news = SystemClock(), SystemDice(), News()

    def changed(change: Change) -> None:
        _say(change)
        news.tell()

    with _in_words(f"the folder {where.state}"):
        token = secrets.token(where.token_file)
        key = secrets.installation_key(where.key_file)
    fingerprints = KeyedFingerprints(key, clock, where.fingerprints_file)
    await fingerprints.load()
    with _in_words(f"the certificates of [cloud] ca_file, {settings.cloud.ca_file!r},"):
        authorities = trusted(settings.cloud.ca_file)
    async with AsyncExitStack() as stack:
        client = await stack.enter_async_context(http_client(settings.cloud.ca_file))
        ledger = await stack.enter_async_context(_ledger(settings, where, clock))
        accounts = Accounts(
            FileStore(where.quota_file),
            clock,
            dice,
            list(READERS.values()),
            _quota_rules(settings),
            on_change=changed,
            on_seen=ledger.saw,
        )
        await accounts.restore()
        engines = Engines(
            engines_of(settings, where, client), preference_of(settings, where), clock
        )
        stack.push_async_callback(engines.stop)
        stack.push_async_callback(fingerprints.flush)
        stack.push_async_callback(accounts.flush)
        upstream = DirectUpstream(settings.cloud.url, authorities)
        stack.callback(upstream.close)
        line = Line(
            upstream,
            accounts,
            fingerprints,
            clock,
            coder_for,
            CloudDeadlines(
                burst_wait_s=settings.cloud.burst_wait_s,
                first_byte_s=settings.cloud.first_byte_s,
                idle_s=settings.cloud.idle_s,
            ),
        )
        about = About(
            version("standby"),
            os.getpid(),
            url,
            settings.cloud.url,
            clock.now(),
            settings.ledger.enabled,
        )
        fetching = Fetching(engines, _fetch(settings, where))
        passage = Passage(line)
        speeds, machine = Speeds(), MachineState()
        policy = await policy_of(
            *(settings, preference_of(settings, where), where, RULES.values()),
            *(accounts, engines, clock, speeds),
            machine=machine.now,
        )
        preferred = partial(preference_of, where=where)
        reloading = reloading_of(settings, where, policy, preferred)
        choosing = Choosing(policy, clock, lambda: reloading.fault)
        deadlines = LocalDeadlines(first_byte_s=settings.local.first_byte_s)
        admission = Admission(clock, slots=settings.local.slots, wait_s=settings.local.wait_s)
        measures = Measures(about, accounts, engines, admission, ledger)
        sent = await stack.enter_async_context(telemetry(settings, about.version, measures.bounded))
        fitting = Fitting(
            engines,
            Reading(PdfTexts()).retold,
            Describing(engines, _asker(engines, admission, dice, deadlines)).retold,
        )
        warming = Warming(
            engines, admission, fitting, accounts, SystemLoad(), clock, _terms(settings)
        )
        status = Status(
            *(about, accounts, engines, ledger, clock, lambda: fetching.words),
            choosing=choosing,
            warming=warming,
            speeds=speeds,
            queues=admission.queues,
        )
        switch = Switch(
            line,
            engines,
            admission,
            passage,
            Books(ledger, clock, dice, (measures.heard, lambda _: news.tell(), *sent)),
            Notices(enabled=settings.local.notice),
            dice,
            policy,
            LocalDeadlines(first_byte_s=settings.local.first_byte_s, idle_s=settings.local.idle_s),
            settings.local.keep_alive_s,
            fitting,
            JsonSchemas(),
            speeds,
            continues=settings.local.continues,
            warming=warming,
        )
        keeping = Keeping(policy.stays_here)
        door = MessagesDoor(
            answer=switch.answer,
            count=keeping.here(Counting(line, engines, passage, fitting).count),
            models=keeping.here(Catalogue(line, engines).models),
            otherwise=keeping.refused(passage.pass_on),
        )
        records = SqliteRecords(where.ledger_file) if settings.ledger.enabled else NoRecords()
        usage = Usage(
            accounts.snapshot,
            status.now_answering,
            records,
            clock,
            await asyncio.to_thread(shipped_prices),
            EnergyMeter().used_j,
            settle=partial(ledger.recent, 0),
        )
        seen = Seen(
            *(about, status, measures, usage, engines, admission),
            records=records,
            news=news,
            fetching=lambda: fetching.words,
        )
        face = faces(seen, port, clock, dice)
        guard = Guard(token, secrets.same_secret, fingerprints, port, visits=face.visitors)
        await stack.enter_async_context(
            _beside(
                accounts.keep,
                fingerprints.keep,
                engines.keep_fresh,
                engines.let_rest,
                fetching.run,
                warming.run,
                reloading.run,
                machine.run,
                partial(teach, speeds, where),
                *alerts(settings.gateway.notify, status.glance, accounts, clock),
            )
        )
        control = ControlDoor(status, _prover(token), Lifecycle(engines), choosing, usage)
        yield Front(guard, door, control, dice.mint, face.doors, face.closed)


def _asker(engines: Engines, admission: Admission, dice: Dice, deadlines: LocalDeadlines) -> Ask:
    """Return what asks a local model for the gateway's own purposes."""

    def ask(model: LocalModel, asked: Asked) -> AsyncIterator[Head | bytes]:
        local = Local(*(engines, admission, model, asked, dice, deadlines), priority=Priority.SIDE)
        return local.answer(Request("POST", "", (), b""), "")

    return ask


@asynccontextmanager
async def _beside(*chores: Callable[[], Awaitable[None]]) -> AsyncIterator[None]:
    """Run chores beside the requests, until the block ends."""

    async def run(chore: Callable[[], Awaitable[None]]) -> None:
        await chore()

    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(run(chore)) for chore in chores]
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()


@asynccontextmanager
async def _ledger(settings: Settings, where: Paths, clock: Clock) -> AsyncIterator[Ledger]:
    if not settings.ledger.enabled:
        yield NoLedger()
        return
    ledger = SqliteLedger(where.ledger_file, clock, keep_days=settings.ledger.keep_days)
    await ledger.open()
    try:
        yield ledger
    finally:
        await ledger.close()


def _quota_rules(settings: Settings) -> QuotaRules:
    cloud = settings.cloud
    return QuotaRules(
        probe_every_s=cloud.probe_every_s,
        probe_often_s=cloud.probe_often_s,
        jitter_s=cloud.reset_jitter_s,
        overage_is_exhausted=cloud.overage == "exhausted",
    )


def _terms(settings: Settings) -> Terms:
    local = settings.local
    return Terms(local.warm, local.warm_at / 100, local.warm_on_battery, local.warm_busy / 100)


def preference_of(settings: Settings, where: Paths) -> Preference:
    """Return what the user named, in the settings or with ``models use``."""
    local = settings.local
    model = local.model or _chosen(where)
    names = frozenset(server.name for server in local.servers)
    return Preference(local.engine, model, names, context=local.context, manage=local.manage)


def engines_of(
    settings: Settings,
    where: Paths,
    client: ClientSession,
    tuned: Callable[[Tuning], Tuning] = lambda chosen: chosen,
) -> list[Engine]:
    """Return the engines in order: named servers, those that are looked for, and our own.

    ``tuned`` may change how the embedded one is run.
    """
    local = settings.local
    patience = Patience(first_byte_s=local.first_byte_s, silence_s=local.idle_s)
    named: list[Engine] = [
        ChatServer(
            ENGINES[server.kind],
            client,
            name=server.name,
            urls=(server.url,),
            key=_key(server.key_env),
            only=server.model,
            patience=patience,
        )
        for server in local.servers
    ]
    kinds = sorted(ENGINES.values(), key=lambda spec: spec.order)
    found: list[Engine] = [
        ChatServer(spec, client, patience=patience) for spec in kinds if spec.urls
    ]
    file = Path(local.model_path) if local.model_path else None
    choose = partial(_model_file, file, where)
    # Once: the makers' tools may take seconds. What is free now is looked at when one is started.
    hardware = cache(partial(read_hardware, where.models))
    ours: list[Engine] = [
        on_path.engine(
            client,
            partial(_work_file, file, where),
            context=local.context,
            slots=local.slots,
            hardware=hardware,
            stop_s=local.stop_after_s,
            patience=patience,
        )
    ]
    if local.embedded:
        rests = embedded.Rests(local.sleep_after_s, local.stop_after_s)
        ours.append(
            embedded.engine(
                client,
                choose,
                context=local.context,
                slots=local.slots,
                rests=rests,
                hardware=hardware,
                patience=patience,
                tuned=tuned,
            )
        )
    return [*named, *(found if local.discover else ()), *ours]


def _model_file(named: Path | None, where: Paths) -> embedded.ModelFile | None:
    """Return the file that an engine of ours should serve: named, kept by `models`, or found."""
    kept = None if named else _kept(where)
    if kept is not None:
        return embedded.ModelFile(kept)
    return embedded.choose_file(named, where.models)


def _work_file(named: Path | None, where: Paths) -> Path | None:
    """Return the file for a llama.cpp of the user's own: not one for rehearsals."""
    return named or _kept(where)


def _kept(where: Paths) -> Path | None:
    try:
        return ModelFiles(where.models).served()
    except (FetchError, UnsafeFileError) as error:
        log.warning("%s", error)
        return None


def _chosen(where: Paths) -> str:
    """Return what a person chose with ``models use``, which a setting outweighs."""
    try:
        return ModelFiles(where.models).chosen()
    except (FetchError, UnsafeFileError) as error:
        log.warning("%s", error)
        return ""


def _fetch(settings: Settings, where: Paths) -> Fetch | None:
    """Return what fetches the rehearsal model; ``None`` where the user wants none."""
    local = settings.local
    if not (local.embedded and local.fetch) or local.model_path:
        return None

    async def fetch(tell: Callable[[str], None]) -> None:
        def progress(at: downloads.Progress) -> None:
            tell(f"{at.step}, {at.done // 1_000_000} of {at.whole // 1_000_000} MB")

        try:
            await downloads.fetch(where.models, progress)
        except downloads.DownloadError as error:
            raise FetchError(str(error)) from error

    return fetch


def _proxy(settings: Settings) -> Proxy | None:
    try:
        return proxy_for(settings.cloud.proxy, settings.cloud.url, os.environ)
    except ProxyError as error:
        raise StartError(str(error)) from error


def _key(variable: str) -> Secret | None:
    value = os.environ.get(variable, "") if variable else ""
    return Secret(value) if value else None


def _prover(token: Secret) -> Callable[[str], str]:
    """Return what answers a nonce as only the holder of the token can."""

    def prove(nonce: str) -> str:
        return hmac.new(token.reveal().encode(), nonce.encode(), hashlib.sha256).hexdigest()

    return prove


def _say(change: Change) -> None:
    why = reason(change.after) or "the cloud serves again"
    log.warning(
        "account %s: %s -> %s: %s",
        change.account[:8],
        change.before.state.value,
        change.after.state.value,
        why,
    )


def _told_to_end() -> asyncio.Event:
    """Return what the first signal sets; the second ends the process at once."""
    told = asyncio.Event()
    loop = asyncio.get_running_loop()

    def hear() -> None:
        if told.is_set():
            os._exit(130)
        told.set()

    if sys.platform == "win32":
        signal.signal(signal.SIGINT, lambda *_: loop.call_soon_threadsafe(hear))
    else:
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, hear)
    return told

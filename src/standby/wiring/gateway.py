"""The gateway, put together out of its parts; :mod:`standby.wiring.serving` serves it."""

import asyncio
import hashlib
import hmac
import logging
import os
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from functools import partial
from importlib.metadata import version

from standby.adapters.codings import coder_for
from standby.adapters.documents.pdf import PdfTexts
from standby.adapters.host import secrets
from standby.adapters.host.clock import SystemClock
from standby.adapters.host.dice import SystemDice
from standby.adapters.host.energy import EnergyMeter
from standby.adapters.host.fingerprints import KeyedFingerprints
from standby.adapters.host.load import SystemLoad
from standby.adapters.host.machine import MachineState
from standby.adapters.host.paths import Paths
from standby.adapters.host.prices_file import shipped_prices
from standby.adapters.ledger.nothing import NoHistory, NoLedger, NoRecords
from standby.adapters.ledger.reading import SqliteRecords
from standby.adapters.ledger.replaying import SqliteHistory
from standby.adapters.ledger.sqlite import SqliteLedger
from standby.adapters.net import http_client, trusted
from standby.adapters.quota_store.file import FileStore
from standby.adapters.upstream.direct import DirectUpstream
from standby.adapters.upstream.proxied import Proxy, ProxyError, proxy_for
from standby.app.alerting import Alerting
from standby.app.answering.catalogue import Catalogue
from standby.app.answering.circles import Circles
from standby.app.answering.counting import Counting
from standby.app.answering.keeping import Keeping
from standby.app.answering.notices import Notices
from standby.app.answering.switch import Switch
from standby.app.bookkeeping import Books
from standby.app.choosing import Choosing
from standby.app.cloud.accounts import Accounts, Change
from standby.app.cloud.candidate import Line
from standby.app.cloud.outlook import Outlook
from standby.app.cloud.passage import Passage
from standby.app.fetching import Fetching
from standby.app.habits import Habits
from standby.app.local.admission import Admission
from standby.app.local.candidate import Local, LocalDeadlines
from standby.app.local.describing import Ask, Describing
from standby.app.local.documents import Reading
from standby.app.local.engines import Engines
from standby.app.local.fitting import Fitting
from standby.app.local.lifecycle import Lifecycle
from standby.app.local.speeds import Speeds
from standby.app.news import News
from standby.app.showing.measures import Measures
from standby.app.showing.status import About, Status
from standby.app.showing.usage import Usage
from standby.app.waking import Waking
from standby.app.warming.warm import Warming
from standby.core.models.facts import LocalModel
from standby.core.quota.windows import Window
from standby.core.quota.words import reason
from standby.core.redact import Secret
from standby.core.request import Account, Request
from standby.core.settings import Settings
from standby.core.turns import Priority
from standby.core.wire.asked import Asked
from standby.core.wire.headers import Head
from standby.ports import Clock, Dice
from standby.server.control import ControlDoor
from standby.server.front import Front
from standby.server.guard import Guard
from standby.server.messages import MessagesDoor
from standby.wiring.alerting import notifier_of
from standby.wiring.engines import engines_of, fetch_of, kept_of, preference_of, slots_of
from standby.wiring.faces import Seen, faces, telemetry
from standby.wiring.kinds import READERS, RULES
from standby.wiring.live import Live, deadlines_of, quota_rules_of, reloading_of, terms_of
from standby.wiring.policies import policy_of
from standby.wiring.records import teach
from standby.wiring.schemas import SchemasOnDemand

__all__ = ["StartError", "gateway", "in_words"]

log = logging.getLogger(__name__)


class StartError(Exception):
    """The gateway cannot start; its message says why, and what to do."""


@contextmanager
def in_words(what: str) -> Iterator[None]:
    """Say what the system refuses at the start, and why: a disk that is full, a file not there."""
    try:
        yield
    except OSError as error:
        raise StartError(f"{what} cannot be used: {error.strerror or error}") from error


@asynccontextmanager
async def gateway(settings: Settings, where: Paths, url: str, port: int) -> AsyncIterator[Front]:
    """Put everything together; what runs beside the requests ends with the block."""
    clock, dice, news = SystemClock(), SystemDice(), News()

    habits = Habits()

    def changed(change: Change) -> None:
        _say(change)
        news.tell()

    def noted(account: Account, windows: tuple[Window, ...], at: float) -> None:
        ledger.saw(account, windows, at)
        habits.learn(account, windows, at)

    with in_words(f"the folder {where.state}"):
        token = secrets.token(where.token_file)
        key = secrets.installation_key(where.key_file)
    fingerprints = KeyedFingerprints(key, clock, where.fingerprints_file)
    await fingerprints.load()
    with in_words(f"the certificates of [cloud] ca_file, {settings.cloud.ca_file!r},"):
        authorities = trusted(settings.cloud.ca_file)
    async with AsyncExitStack() as stack:
        client = await stack.enter_async_context(http_client(settings.cloud.ca_file))
        ledger = await stack.enter_async_context(_ledger(settings, where, clock))
        accounts = Accounts(
            FileStore(where.quota_file),
            clock,
            dice,
            list(READERS.values()),
            quota_rules_of(settings),
            on_change=changed,
            on_seen=noted,
        )
        await accounts.restore()
        slots = await asyncio.to_thread(slots_of, settings, where, key)
        engines = Engines(
            engines_of(settings, where, client, kept=slots), preference_of(settings, where), clock
        )
        stack.push_async_callback(engines.stop)
        kept_slots = kept_of(slots, settings, engines, clock)
        if kept_slots is not None:
            stack.push_async_callback(kept_slots.last)
        stack.push_async_callback(fingerprints.flush)
        stack.push_async_callback(accounts.flush)
        upstream = DirectUpstream(settings.cloud.url, authorities, _proxy(settings))
        stack.callback(upstream.close)
        line = Line(
            upstream,
            accounts,
            fingerprints,
            clock,
            coder_for,
            deadlines_of(settings),
        )
        about = About(
            version("standby"),
            os.getpid(),
            url,
            settings.cloud.url,
            clock.now(),
            settings.ledger.enabled,
        )
        fetching = Fetching(engines, fetch_of(settings, where))
        passage = Passage(line)
        speeds, machine = Speeds(), MachineState()
        policy = await policy_of(
            *(settings, preference_of(settings, where), where, RULES.values()),
            *(accounts, engines, clock, speeds),
            machine=machine.now,
            habits=habits,
        )
        choosing = Choosing(policy, clock, on_choice=news.tell)
        deadlines = LocalDeadlines(first_byte_s=settings.local.first_byte_s)
        admission = Admission(
            clock, slots=settings.local.slots, wait_s=settings.local.wait_s, kept=kept_slots
        )
        measures = Measures(about, accounts, engines, admission, ledger)
        sent = await stack.enter_async_context(telemetry(settings, about.version, measures.bounded))
        fitting = Fitting(
            engines,
            Reading(PdfTexts()).retold,
            Describing(engines, _asker(engines, admission, dice, deadlines)).retold,
            Circles(lambda: policy.wishes.looks_for_circles).retold,
        )
        records = SqliteRecords(where.ledger_file) if settings.ledger.enabled else NoRecords()
        warming = Warming(
            *(engines, admission, fitting, Outlook(accounts, clock, records), SystemLoad(), clock),
            terms_of(settings),
            speeds,
        )
        status = Status(
            *(about, accounts, engines, ledger, clock, lambda: fetching.words),
            choosing=choosing,
            warming=warming,
            speeds=speeds,
            queues=admission.queues,
        )
        notices = Notices(enabled=settings.local.notice)
        switch = Switch(
            line,
            engines,
            admission,
            passage,
            Books(
                *(ledger, clock, dice, (measures.heard, lambda _: news.tell(), *sent)),
                files=settings.ledger.files,
            ),
            notices,
            dice,
            policy,
            LocalDeadlines(first_byte_s=settings.local.first_byte_s, idle_s=settings.local.idle_s),
            settings.local.keep_alive_s,
            fitting,
            SchemasOnDemand(),
            speeds,
            continues=settings.local.continues,
            warming=warming,
        )
        notifier = notifier_of(settings.gateway.notify)
        alerting = Alerting(status.glance, accounts, notifier, clock)
        live = Live(
            partial(preference_of, where=where),
            *(policy, engines, accounts, line, admission, notices, switch, warming, alerting),
            keep_days=ledger.keep,
        )
        reloading = reloading_of(settings, where, live.take)
        choosing.reloading = reloading
        keeping = Keeping(policy.stays_here)
        otherwise = keeping.refused(passage.pass_on)
        catalogue = Catalogue(line, engines, speeds, warming)
        door = MessagesDoor(
            answer=switch.answer,
            count=Keeping(policy.counted_here).here(
                Counting(line, engines, passage, fitting).count
            ),
            models=keeping.here(catalogue.models),
            model=catalogue.one(otherwise),
            otherwise=otherwise,
        )
        history = SqliteHistory(where.ledger_file) if settings.ledger.enabled else NoHistory()
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
            *(about, status, measures, usage, engines, admission, choosing),
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
                engines.watch.run,
                fetching.run,
                warming.run,
                reloading.run,
                machine.run,
                partial(teach, speeds, where),
                partial(habits.recall, history, clock, partial(ledger.recent, 0)),
                alerting.watch,
                *(() if kept_slots is None else (kept_slots.keep,)),
                Waking(clock, (accounts.woke, engines.woke, warming.woke)).run,
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
async def _ledger(
    settings: Settings, where: Paths, clock: Clock
) -> AsyncIterator[SqliteLedger | NoLedger]:
    if not settings.ledger.enabled:
        yield NoLedger()
        return
    ledger = SqliteLedger(where.ledger_file, clock, keep_days=settings.ledger.keep_days)
    await ledger.open()
    try:
        yield ledger
    finally:
        await ledger.close()


def _proxy(settings: Settings) -> Proxy | None:
    try:
        return proxy_for(settings.cloud.proxy, settings.cloud.url, os.environ)
    except ProxyError as error:
        raise StartError(str(error)) from error


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

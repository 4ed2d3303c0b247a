"""Whatever happens in whatever order: answers, failures, clocks set forth and back, restarts.

The objects are the product's own, put together as the gateway does it; cloud, engine, clock and
client's end are fakes. Each request has a number that its answer must repeat.
"""

import asyncio
import os
import re
import shutil
import sqlite3
import tempfile
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

import hypothesis.strategies as st
import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from standby.adapters.codings import coder_for
from standby.adapters.ledger.sqlite import SqliteLedger
from standby.adapters.quota_store.file import FileStore
from standby.app.answering.notices import Notices
from standby.app.answering.switch import Switch
from standby.app.bookkeeping import Books
from standby.app.cloud.accounts import Accounts
from standby.app.cloud.candidate import CloudDeadlines, Line
from standby.app.cloud.passage import Passage
from standby.app.local.admission import Admission
from standby.app.local.candidate import LocalDeadlines
from standby.app.local.engines import Engines, Preference
from standby.app.policy import Choices, Policy
from standby.core.quota.machine import QuotaRules
from standby.core.request import Account, Caller
from standby.core.usage import Tokens
from standby.core.wire.headers import Head
from standby.core.wire.json import dumps, loads
from standby.core.wire.sse import Decoder
from standby.ports import EngineError, UpstreamError
from standby.testing import stream_rules
from standby.testing.answers import Answer, frames, whole
from standby.testing.faults import FAULTS, Ending
from tests.fakes import line
from tests.fakes.clock import LoadedDice, SetClock
from tests.fakes.fingerprints import PlainFingerprints
from tests.fakes.line import Tape, error, five_hours, messages_request
from tests.fakes.memory_store import MemoryStore
from tests.fakes.rooms import READERS, RULES
from tests.fakes.talker import Talker, says
from tests.fakes.virtual import VirtualLoop

pytestmark = pytest.mark.timeout(180)

NUMBER = re.compile(rb"N(\d+)\.")
NAMES = ("ann", "ben", "cat")
MODELS = ("claude-opus-5-5", "claude-sonnet-5-5")
HOUR = 3600.0
REST_S = QuotaRules().rest_s
PROBE_S = QuotaRules().probe_every_s
PASSING = ("overloaded", "bare", "down", "unsent")
BREAKS = ("cut_after_text", "truncated_after_text", "error_after_text", "cut_after_start")
LASTING = ("five_hour", "late", "credit")
CLOUD_MOODS = ("well", "denied", *PASSING, *BREAKS, *LASTING)
ENGINE_MOODS = ("well", "refuses", "breaks", "gone")


def cloud_words(number):
    return f"C{number}. one two three four five six"


def engine_words(number):
    return f"L{number}. red orange green"


async def idle():
    await asyncio.sleep(0)


@dataclass
class World:
    """The cloud and the engine as they are at the moment, and what they were asked."""

    clock: SetClock
    moods: dict[str, str] = field(default_factory=lambda: dict.fromkeys(NAMES, "well"))
    until: dict[str, float] = field(default_factory=dict)
    hits: list[tuple[str, int, str]] = field(default_factory=list)
    """Whose request came to the cloud, which, and the mood in which it was met."""
    wrong: list[str] = field(default_factory=list)

    def mood(self, name):
        if self.moods[name] == "five_hour" and self.clock.wall >= self.until[name]:
            self.moods[name] = "well"
        return self.moods[name]

    async def send(self, request, at_once=None):
        (number,) = {int(found) for found in NUMBER.findall(request.body)} or {0}
        key = request.header("x-api-key")
        name = next((name for name in NAMES if key == f"key-of-{name}"), "")
        if not name or name.encode() not in request.body:
            self.wrong.append(f"the request {number} came with the credential {key!r}")
        mood = self.mood(name)
        self.hits.append((name, number, mood))
        for step in self.steps(name, mood, number, stream=b'"stream":true' in request.body):
            await idle()
            if isinstance(step, Exception):
                raise step
            if isinstance(step, Head) or at_once is None or not at_once(step):
                yield step

    def steps(self, name, mood, number, *, stream):
        refusals = {
            "denied": error(401, "invalid x-api-key", kind="authentication_error"),
            "overloaded": line.OVERLOADED,
            "bare": line.BARE,
            "down": [UpstreamError("the cloud is out of reach")],
            "unsent": [UpstreamError("the cloud is out of reach", sent=False)],
            "credit": line.NO_CREDIT,
            "five_hour": five_hours(self.until.get(name, 0.0)),
            "late": five_hours(
                self.until.get(name, 0.0)
            ),  # and refuses beyond the end that it told
        }
        if mood in refusals:
            return refusals[mood]
        content = [{"type": "text", "text": cloud_words(number)}]
        answer = Answer(f"msg_{number}", MODELS[0], content, "end_turn", Tokens(input=3, output=5))
        if not stream:
            broken = [] if mood == "well" else [UpstreamError("it broke off")]
            return [line.JSON_HEAD, *(broken or [whole(answer)])]
        told = frames(answer)
        if mood == "well":
            return [line.STREAM_HEAD, *(frame.raw for frame in told)]
        broken = FAULTS[mood](told)
        ends = [UpstreamError("it broke off")] if broken.ending is Ending.CUT else []
        return [line.STREAM_HEAD, *broken.data, *ends]


class Desk(Talker):
    """An engine that is as well as the world says."""

    def __init__(self):
        super().__init__(continues=True)
        self.mood = "well"

    async def models(self):
        return () if self.mood == "gone" else self.offers

    async def chat(self, model, body):
        sent = dumps(body)
        self.heard.append(sent)
        (number, *_) = [*map(int, NUMBER.findall(sent)), 0]
        words = says(*engine_words(number).partition(" red "))
        match self.mood:
            case "refuses" | "gone":
                raise EngineError("it does not serve", 500, b"{}")
            case "breaks":
                words = [words[0], EngineError("it broke off")]
        for step in words:
            await idle()
            if isinstance(step, Exception):
                raise step
            yield step


@dataclass
class Known:
    """What an onlooker knows of an account and a model: when the cloud may be asked again."""

    refused: str = ""
    """The mood of the last refusal, until the cloud serves."""
    probe_at: float = 0.0
    told_end: float = float("inf")
    rest_until: float = 0.0
    told: bool = False
    """Whether the gateway remembers the cloud's words."""


class AnyOrder(RuleBasedStateMachine):
    """One gateway, its people, and time."""

    def __init__(self):
        super().__init__()
        self.loop = VirtualLoop()
        self.folder = Path(tempfile.mkdtemp(prefix="standby-any-order-"))
        self.clock = SetClock()
        self.dice = LoadedDice()
        self.world = World(self.clock)
        self.desk = Desk()
        self.fingerprints = PlainFingerprints()
        self.numbers = 0
        self.entries = []
        self.known = {(name, model): Known() for name in NAMES for model in MODELS}

    @initialize()
    def start(self):
        self.run(self.open())

    def run(self, what):
        return self.loop.run_until_complete(what)

    async def open(self):
        self.accounts = Accounts(
            FileStore(self.folder / "quota.json"), self.clock, self.dice, READERS
        )
        await self.accounts.restore()
        self.ledger = SqliteLedger(self.folder / "ledger.db", self.clock)
        await self.ledger.open()
        self.engines = Engines([self.desk], Preference(), self.clock)
        choices = Choices(MemoryStore(), self.clock)
        policy = Policy(RULES.values(), self.accounts, self.engines, self.clock, choices)
        way = Line(
            *(self.world, self.accounts, self.fingerprints, self.clock, coder_for),
            CloudDeadlines(burst_wait_s=1.0),
        )
        self.switch = Switch(
            way,
            self.engines,
            Admission(self.clock),
            Passage(way),
            Books(self.ledger, self.clock, self.dice, [self.entries.append]),
            Notices(enabled=True),
            self.dice,
            policy,
            LocalDeadlines(),
            15.0,
        )
        for known in self.known.values():
            known.told = False

    # -- what happens ------------------------------------------------------------------------

    @rule(name=st.sampled_from(NAMES), mood=st.sampled_from(CLOUD_MOODS), hours=st.integers(1, 6))
    def the_cloud_changes_its_mood(self, name, mood, hours):
        self.world.moods[name] = mood
        self.world.until[name] = self.clock.wall + hours * HOUR

    @rule(mood=st.sampled_from(ENGINE_MOODS))
    def the_engine_changes_its_mood(self, mood):
        self.desk.mood = mood
        self.clock.passes(0.001)  # who looks at the very same moment shares what was seen before

    @rule(seconds=st.sampled_from((0.5, 2.0, 30.0, 300.0, 1801.0, 5 * HOUR)))
    def time_passes(self, seconds):
        self.clock.passes(seconds)

    @rule(name=st.sampled_from(NAMES))
    def the_end_comes_that_was_told(self, name):
        ends = [one.told_end for one in (self.known[name, model] for model in MODELS)]
        if (end := max(ends)) < float("inf"):
            self.clock.passes(max(0.0, end - self.clock.wall) + 1.0)

    @rule(seconds=st.sampled_from((0.5, 60.0, 2 * HOUR)))
    def the_clock_is_set_back(self, seconds):
        self.clock.wall -= seconds
        for known in self.known.values():
            known.probe_at -= seconds
            known.rest_until -= seconds

    @rule(seconds=st.sampled_from((60.0, HOUR)))
    def the_clock_is_set_forth(self, seconds):
        self.clock.wall += seconds

    @rule(
        name=st.sampled_from(NAMES),
        model=st.sampled_from(MODELS),
        stream=st.booleans(),
        trusted=st.booleans(),
    )
    def somebody_asks(self, name, model, stream, trusted):
        self.asked(name, model, [stream], trusted=trusted)

    @rule(name=st.sampled_from(NAMES), streams=st.lists(st.booleans(), min_size=2, max_size=5))
    def many_ask_at_once(self, name, streams):
        self.asked(name, MODELS[0], streams, trusted=True)

    @rule(name=st.sampled_from(NAMES), turns=st.integers(1, 12))
    def somebody_goes_away(self, name, turns):
        before = len(self.entries)
        self.run(self.left(name, turns))
        assert before + 1 == len(self.entries), "who goes away is booked, once"
        # Whatever the cloud said in the meantime, the onlooker has not seen it.
        for model in MODELS:
            self.known[name, model] = Known(refused="?")

    @rule()
    def it_is_restarted(self):
        self.run(self.restarted())

    # -- what must be so ---------------------------------------------------------------------

    def asked(self, name, model, streams, *, trusted):
        world, known = self.world, self.known[name, model]
        mood, hits = world.mood(name), len(world.hits)
        quiet = self.holds(known, mood)
        may_try = self.may_try(known)
        tapes = self.run(self.ask_all(name, model, streams, trusted=trusted))
        for tape, number, stream in tapes:
            self.judge(tape, number, name, stream=stream)
        came = world.hits[hits:]
        numbers = {number for _, number, _ in tapes}
        assert {number for _, number, _ in came} <= numbers
        for number in numbers:
            assert sum(one == number for _, one, _ in came) <= 2, "one more try, and no third"
        # Where nobody else can answer the cloud may say so itself, until its words are known.
        alone = self.desk.mood != "well" or not trusted
        if quiet and (not alone or (trusted and known.told)):
            assert len({number for _, number, _ in came}) <= may_try, (mood, came)
        self.learn(name, model, mood, came)

    def holds(self, known, mood):
        """Whether the cloud has refused in a way that still lasts, as far as anybody was told."""
        if known.refused in LASTING:
            return True
        return known.refused in PASSING and self.clock.wall < known.rest_until

    def may_try(self, known):
        """How many requests may ask all the same."""
        due = self.clock.wall >= min(known.probe_at, known.told_end)
        return int(known.refused in LASTING and due)

    def learn(self, name, model, mood, came):
        known = self.known[name, model]
        if came and mood in LASTING:
            known.told = True
            for other in (self.known[name, each] for each in MODELS):
                other.refused, other.probe_at = mood, self.clock.wall + PROBE_S
                other.told_end = self.told_end(name, mood, other.told_end)
        elif came and mood in PASSING:
            known.refused, known.rest_until = mood, self.clock.wall + REST_S
        elif came:  # that it serves, or nothing that lasts
            for each in MODELS:
                self.known[name, each] = Known()

    def told_end(self, name, mood, before):
        """When the cloud has said that it serves again: a moment once named is better than none."""
        now, until = self.clock.wall, self.world.until[name]
        if mood != "credit" and until > now:
            return until
        return before if before > now else float("inf")

    def judge(self, tape, number, name, *, stream):
        """Hold one answer against what may be said to this request."""
        assert 1 == sum(entry in ("end", "delivered", "aborted") for entry in tape.log), tape.log
        if tape.log[-1] == "delivered":
            assert tape.head is not None
            value = loads(tape.log[-2])
            if tape.head.status >= 400:
                assert "error" in value
                return
            said = "".join(block.get("text", "") for block in value["content"])
            assert not stream
            assert said in (cloud_words(number), engine_words(number)), said
            return
        assert stream
        reading = stream_rules.read(Decoder().receive_data(tape.sent))
        assert [] == reading.problems
        assert reading.ended in ("stop", "error")
        theirs, ours = cloud_words(number), engine_words(number)
        if reading.ended == "error":
            assert (
                theirs.startswith(reading.text)
                or ours.startswith(reading.text)
                or (reading.text.startswith(f"C{number}."))
            )
        elif reading.text not in (theirs, ours):
            assert reading.text.endswith(ours)
            assert theirs.startswith(reading.text.removesuffix(ours).rstrip())

    @invariant()
    def nothing_came_to_whom_it_was_not_meant_for(self):
        assert [] == self.world.wrong
        assert not any(b"key-of-" in body for body in self.desk.heard)

    @invariant()
    def each_request_is_booked_once(self):
        assert self.numbers == len(self.entries)
        assert self.numbers == len({entry.id for entry in self.entries})

    # -- how ---------------------------------------------------------------------------------

    def request(self, name, model, *, stream):
        self.numbers += 1
        said = [{"role": "user", "content": f"What now, {name}? N{self.numbers}."}]
        headers = (("x-api-key", f"key-of-{name}"), ("anthropic-version", "2023-06-01"))
        request = messages_request(stream=stream, model=model, headers=headers, messages=said)
        return request, self.numbers

    async def ask_all(self, name, model, streams, *, trusted):
        caller = Caller(Account(name), trusted=trusted)
        await self.engines.refresh()
        got = []
        async with asyncio.TaskGroup() as group:
            for stream in streams:
                request, number = self.request(name, model, stream=stream)
                tape = Tape()
                group.create_task(self.answer(request, caller, tape))
                got.append((tape, number, stream))
        return got

    async def answer(self, request, caller, tape):
        async with asyncio.timeout(HOUR):  # of the loop's own, which passes at once
            await self.switch.answer(request, caller, tape)

    async def left(self, name, turns):
        request, _ = self.request(name, MODELS[0], stream=True)
        caller = Caller(Account(name), trusted=True)
        async with asyncio.TaskGroup() as group:
            task = group.create_task(self.answer(request, caller, Tape()))
            for _ in range(turns):
                await asyncio.sleep(0)
            task.cancel()

    async def restarted(self):
        before = self.standings()
        await self.accounts.flush()
        await self.close()
        self.compare_ledger()
        await self.open()
        assert before == self.standings()
        for entry in self.entries[-3:]:
            self.ledger.book(entry)  # as after a crash between writing and knowing of it

    def standings(self):
        self.accounts.snapshot()  # notices a clock that was set back
        now = {}
        for name in NAMES:
            for model in MODELS:
                quota = self.accounts.standing(Account(name), model)
                now[name, model] = (quota.state, quota.until, quota.claim, quota.failures)
        return now

    async def close(self):
        await self.ledger.close()
        await self.engines.stop()

    def compare_ledger(self):
        with closing(sqlite3.connect(self.folder / "ledger.db")) as ledger:
            rows = ledger.execute("select id, outcome, answered from requests").fetchall()
        assert sorted((one.id, one.outcome, one.answered) for one in self.entries) == sorted(rows)

    def teardown(self):
        try:
            self.run(self.close())
            if self.entries:
                self.compare_ledger()
        finally:
            self.loop.end()
            shutil.rmtree(self.folder, ignore_errors=True)


LONG = os.environ.get("STANDBY_FUZZ_EXAMPLES")
"""How many runs of a longer search, which begins elsewhere each time."""

TestAnyOrder = AnyOrder.TestCase
TestAnyOrder.settings = settings(
    max_examples=int(LONG or 40),
    stateful_step_count=40,
    deadline=None,
    derandomize=LONG is None,
    report_multiple_bugs=False,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)

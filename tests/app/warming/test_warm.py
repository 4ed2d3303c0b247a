"""Warming: what a switch would send is read before it, in portions, and never in anybody's way."""

import asyncio
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest

from standby.app.cloud.outlook import Outlook
from standby.app.local.admission import Admission
from standby.app.local.engines import Engines, Preference
from standby.app.local.fitting import Fitting
from standby.app.local.kept_slots import KeptSlots
from standby.app.local.watch import EVERY_S
from standby.app.warming.warm import Warming
from standby.core.models.stalls import PATIENCE_S
from standby.core.quota.reply import UNIFIED, Reply
from standby.core.turns import Priority
from standby.core.warming import PORTION_S, Load, Terms
from standby.core.wire import asked
from tests.app.warming.test_lives import TITLE, request
from tests.fakes.line import ME, OPUS, Way
from tests.fakes.readers import MODEL, Calm, KeepingEngine, ReadingEngine
from tests.fakes.replies import HOUR, NOW
from tests.fakes.talker import Talker, says

pytestmark = pytest.mark.anyio

LONG = "a long conversation " * 100


def used(share):
    lines = {"status": "allowed", "5h-utilization": share, "5h-reset": int(NOW + HOUR)}
    headers = tuple((f"{UNIFIED}{name}", str(value)) for name, value in lines.items())
    return Reply(200, headers, model=OPUS)


class House:
    """Warming, and all that it stands on."""

    def __init__(self, *, engine=None, mode="always", keeps=None, **facts):
        self.way = Way()
        self.clock = self.way.clock
        if keeps is not None:
            engine = KeepingEngine(self.clock, keeps, **facts)
        self.engine = engine or ReadingEngine(self.clock, **facts)
        self.engines = Engines([self.engine], Preference(), self.clock)
        self.kept = KeptSlots(self.engines, self.clock) if keeps is not None else None
        self.admission = Admission(self.clock, kept=self.kept)
        self.machine = Calm()
        self.warming = Warming(
            *(self.engines, self.admission, Fitting(self.engines)),
            *(Outlook(self.way.accounts, self.clock), self.machine, self.clock, Terms(mode)),
        )

    def say(self, said=LONG, session="s-1", **more):
        self.warming.noted(request(session, said, **more), ME)

    @asynccontextmanager
    async def at_work(self):
        async with asyncio.TaskGroup() as group:
            task = group.create_task(self.warming.run())
            yield self
            task.cancel()

    def states(self):
        return {each.session: each.state for each in self.warming.state().conversations}

    async def until(self, happened):
        async with asyncio.timeout(5):
            while not happened():  # noqa: ASYNC110 - nothing tells
                await asyncio.sleep(0)

    async def settles(self):
        """Let it do what there is to do."""
        for _ in range(50):
            await asyncio.sleep(0)
            await asyncio.sleep(0.0005)

    async def warm(self, session="s-1"):
        await self.until(lambda: self.states().get(session) == "warm")

    @property
    def new(self):
        return sum(new for _, _, new in self.engine.portions)

    def request(self, said=LONG):
        return request(said=said)

    async def prepared(self, request):
        return await Fitting(self.engines).prepared(asked.read(request.body), MODEL)

    @asynccontextmanager
    async def served(self, session="s-1", priority=Priority.MAIN, model=MODEL):
        turn = self.admission.turn(session, priority)
        async with asyncio.timeout(5), self.admission.slot(model, turn) as slot:
            yield slot


async def test_a_conversation_is_read_whole_and_each_token_once():
    async with House().at_work() as house:
        house.say()
        await house.warm()

        whole = len(house.engine.slots[0])
        assert whole > len(LONG)
        assert whole == house.new
        assert [("s-1", whole, whole)] == [
            (each.session, each.read, each.tokens) for each in house.warming.state().conversations
        ]


async def test_it_keeps_up_turn_by_turn_and_reads_only_what_is_new():
    async with House().at_work() as house:
        house.say(LONG)
        await house.warm()
        before, house.engine.portions = house.new, []

        house.say(LONG + "and on")
        await house.until(lambda: house.engine.portions)
        await house.warm()

        assert house.new < before / 10


async def test_what_the_engine_had_to_drop_for_others_is_read_anew_in_portions():
    async with House().at_work() as house:
        house.say()
        await house.warm()
        whole = len(house.engine.slots[0])

        async with house.served("", Priority.SIDE) as slot:
            slot.fills(MODEL.context_tokens - whole + 1)
        house.engine.slots[0], house.engine.portions = (), []
        house.clock.passes(301)
        house.warming._changed.set()
        await house.until(lambda: house.engine.portions)
        assert house.states()["s-1"] != "warm"
        await house.warm()

        assert whole == house.new
        assert max(new for *_, new in house.engine.portions) < whole / 2


async def test_as_many_are_kept_warm_as_have_room_beside_one_another():
    async with House(context_tokens=3 * len(LONG), slots=4).at_work() as house:
        for session in ("s-1", "s-2", "s-3"):
            house.say(session=session)
            house.clock.passes(1)
        await house.warm("s-3")
        await house.warm("s-2")
        await house.settles()

        assert "warm" != house.states()["s-1"]


async def test_after_a_restart_only_what_is_not_on_disk_is_read():
    before = House(keeps={})
    async with before.at_work():
        before.say(LONG)
        await before.warm()
    await before.kept.last()
    (tokens,) = before.engine.disk.values()

    house = House(keeps=before.engine.disk)
    async with house.at_work():
        house.say(LONG + "and on")
        await house.warm()

    assert len(tokens) > len(LONG)
    assert 0 < house.new < 30


async def test_of_another_conversation_on_disk_what_differs_is_read_all_the_same():
    disk = {"s-1": tuple(ord(sign) for sign in "something else")}
    house = House(keeps=disk)
    async with house.at_work():
        house.say(LONG)
        await house.warm()

    assert len(house.engine.slots[0]) == house.new > len(LONG)


async def test_portions_are_as_long_as_somebody_may_have_to_wait_and_no_longer():
    async with House(token_s=0.002).at_work() as house:
        with house.warming.attending():
            house.say(LONG * 3)
            await house.warm()

        sizes = [new for _, _, new in house.engine.portions]
        assert max(sizes) * 0.002 <= 1.5 * (PORTION_S + 4 * 0.002)
        assert sorted(sizes)[len(sizes) // 2] * 0.002 > PORTION_S / 2


async def test_while_nobody_asks_for_anything_portions_are_longer_and_then_short_at_once():
    async with House(token_s=0.002).at_work() as house:
        house.clock.passes(90)
        house.say(LONG * 10)
        await house.until(lambda: len(house.engine.portions) > 12)
        with house.warming.attending():
            long, house.engine.portions = house.engine.portions, []
            await house.until(lambda: len(house.engine.portions) > 3)

        assert max(new for _, _, new in long) * 0.002 > 10 * PORTION_S
        # The one that was under way ends.
        assert max(new for _, _, new in house.engine.portions[1:]) * 0.002 <= 1.5 * PORTION_S


async def test_who_really_needs_the_engine_has_it_after_the_portion_and_warming_goes_on_behind_it():
    house = House()
    async with house.at_work():
        house.say()
        await house.until(lambda: len(house.engine.portions) > 3)
        async with house.served("other") as slot:
            assert not slot.wanted.is_set()
            await house.settles()  # the portion that was under way ends
            read = len(house.engine.portions)
            await house.settles()
            assert read == len(house.engine.portions), "nothing is read beside anybody"
        await house.warm()

    whole = len(house.engine.slots[0])
    assert whole == house.new, "what was read before was not read again"


async def test_of_its_own_conversation_a_real_turn_gets_the_slot_with_what_was_read():
    async with House().at_work() as house:
        house.say()
        await house.until(lambda: len(house.engine.portions) > 3)
        async with house.served() as slot:
            assert (0, True) == (slot.number, slot.knows)


async def test_what_was_answered_here_is_warm_and_goes_on_from_there():
    house = House()
    async with house.at_work():
        async with house.served() as slot:
            # What the engine has then, from its own answer.
            here = house.request()
            house.warming.served(here, ME, MODEL)
            body = (await house.prepared(here)).chat.body
            house.engine.slots[slot.number] = await house.engine.prompt(MODEL, body)
        await house.engines.refresh()
        house.warming.served(here, ME, MODEL)
        await house.settles()
        assert [] == house.engine.portions

        house.say(LONG + "and on")
        await house.warm()

        assert house.new < 100


async def test_what_was_answered_while_it_waited_for_the_slot_is_not_read_from_the_beginning():
    house = House()
    async with house.at_work():
        async with house.served() as slot:
            house.say()
            await house.until(lambda: house.admission.queues()[0].waiting)
            body = (await house.prepared(house.request())).chat.body
            house.engine.slots[slot.number] = await house.engine.prompt(MODEL, body)
            house.warming.served(house.request(), ME, MODEL)
        await house.settles()

        assert [] == house.engine.portions


async def test_where_a_person_has_broken_off_the_reading_it_goes_on():
    house = House()
    async with house.at_work():
        async with house.served() as slot:
            house.say()
            await house.until(lambda: house.admission.queues()[0].waiting)
            body = (await house.prepared(house.request())).chat.body
            whole = await house.engine.prompt(MODEL, body)
            house.engine.slots[slot.number] = whole[:1500]
            house.warming.served(house.request(), ME, MODEL, 1500)
        await house.warm()

    assert whole == house.engine.slots[slot.number]
    assert len(whole) - 1500 == house.new


@pytest.mark.parametrize(("share", "warm"), [("0.5", False), ("0.85", True)])
async def test_by_itself_it_begins_when_the_quota_nears_its_end(share, warm):
    house = House(mode="auto")
    house.way.accounts.heard(ME, OPUS, used(share))
    async with house.at_work():
        house.say()
        await (house.warm() if warm else house.settles())

        assert warm == bool(house.engine.portions)
        assert warm == house.warming.state().warm


async def test_by_itself_it_begins_when_the_cloud_has_failed_somebody():
    async with House(mode="auto").at_work() as house:
        house.say()
        await house.settles()
        assert [] == house.engine.portions

        house.warming.trouble("the cloud is overloaded")
        await house.warm()
        assert "the cloud is overloaded" == house.warming.state().why


async def test_it_begins_when_a_person_asks_though_it_is_off():
    async with House(mode="off").at_work() as house:
        house.say()
        house.machine.now = Load(on_battery=True, busy=1.0)
        await house.settles()
        assert [] == house.engine.portions

        house.warming.ask()
        await house.warm()


async def test_the_battery_stops_it_in_the_middle():
    house = House(token_s=0.01)

    async def unplugged():
        if len(house.engine.portions) == 5:
            house.machine.now = Load(on_battery=True)

    house.engine.before = unplugged
    async with house.at_work():
        house.say()
        await house.until(lambda: not house.warming.state().warm and house.engine.portions)
        await house.settles()

    assert house.new < len(LONG) / 2


async def test_the_cloud_hears_nothing_of_it():
    async with House().at_work() as house:
        house.say()
        await house.warm()

    assert [] == house.way.cloud.seen


async def test_titles_and_the_like_are_not_read():
    async with House().at_work() as house:
        house.say(**TITLE)
        await house.settles()

    assert [] == house.engine.portions


async def test_the_newest_conversation_of_a_person_goes_before_a_subagents():
    async with House().at_work() as house:
        house.say(agent="x")
        house.clock.passes(1)
        house.say(LONG + "of the person")
        house.clock.passes(1)
        house.say(agent="x")
        await house.warm("s-1")
        await house.settles()

        assert {"s-1": "warm", "s-1/x": "cold"} == house.states()


async def test_a_conversation_that_comes_meanwhile_is_read_before_an_older_one_is_done():
    async with House().at_work() as house:
        house.say(LONG * 3)
        await house.until(lambda: len(house.engine.portions) > 3)
        house.clock.passes(1)
        house.say("short", session="s-2")
        await house.warm("s-2")

        assert "warm" != house.states()["s-1"]


async def test_an_engine_that_fails_is_left_alone_for_a_while_and_then_tried_again():
    house = House()
    house.engine.error = "out of memory"
    async with house.at_work():
        house.say()
        await house.until(lambda: house.warming.state().problem)
        assert "out of memory" == house.warming.state().problem
        house.engine.error = None
        house.say(LONG + "more")
        await house.settles()
        assert [] == house.engine.portions

        house.clock.passes(31)
        house.say(LONG + "more")
        await house.warm()
        assert "" == house.warming.state().problem


async def test_a_server_that_was_started_anew_reads_all_of_it_again():
    house = House()
    async with house.at_work():
        house.say()
        await house.warm()
        once = house.new
        house.engine.offers = (replace(MODEL, base_url="http://127.0.0.1:2"),)
        house.engine.slots.clear()
        await house.engines.refresh()

        house.say(LONG + "on")
        await house.until(lambda: house.engine.portions[-1][1] > once and house.new > once)
        await house.warm()

    assert house.new > 2 * once
    assert max(new for _, _, new in house.engine.portions) < once / 4


async def test_after_a_sleep_of_the_machine_nothing_counts_as_warm_until_it_was_asked_for_again():
    house = House()
    async with house.at_work():
        house.say()
        await house.warm()
        house.warming.woke()
        (before,) = house.warming.state().conversations
        portions = len(house.engine.portions)
        await house.until(lambda: len(house.engine.portions) > portions)
        await house.warm()
        (after,) = house.warming.state().conversations

    assert ("cold", "warm") == (before.state, after.state)


async def test_a_conversation_that_does_not_fit_is_said_to():
    async with House(context_tokens=300).at_work() as house:
        house.say()
        await house.settles()

        assert [] == house.engine.portions
        assert {"s-1": "cold"} == house.states()


async def test_without_a_model_it_says_so():
    house = House()
    house.engine.offers = ()
    async with house.at_work():
        house.say()
        await house.until(lambda: house.warming.state().problem)

        assert "no local model is there" == house.warming.state().problem


async def test_an_engine_that_takes_a_prompt_in_one_piece_is_asked_for_one_token():
    house = House(engine=Talker(*says("Hello")))
    async with house.at_work():
        house.say()
        await house.warm()

        ((_, body),) = house.engine.heard
        assert 1 == body["max_tokens"]
        assert LONG.strip() in str(body["messages"])


async def test_such_an_engine_is_not_asked_for_what_it_has_answered_meanwhile():
    house = House(engine=Talker(*says("Hello")))
    await house.engines.refresh()
    async with house.at_work():
        async with house.served("another", model=house.engine.offers[0]):
            house.say()
            await house.until(lambda: house.admission.queues()[0].waiting)
            house.warming.served(request("s-1", LONG), ME, house.engine.offers[0])
        await house.settles()
        assert [] == house.engine.heard


async def test_such_an_engine_is_left_at_once_when_somebody_comes():
    reading, never = asyncio.Event(), asyncio.Event()

    async def reads():
        reading.set()
        await never.wait()

    house = House(engine=Talker(reads))
    async with house.at_work():
        house.say()
        async with asyncio.timeout(5):
            await reading.wait()
        async with house.served(model=house.engine.offers[0]):
            await house.settles()
            assert 1 == house.engine.left
            assert "cold" == house.states()["s-1"]


async def test_a_bug_of_ours_stops_nobody(monkeypatch):
    house = House()

    def breaks(*_):
        raise RuntimeError("a bug")

    monkeypatch.setattr(house.warming, "_next", breaks)
    async with house.at_work():
        house.say()
        await house.until(lambda: house.warming.state().problem)

        assert "the gateway failed; its log says why" == house.warming.state().problem


async def test_a_portion_that_hangs_is_watched_and_one_that_ends_is_a_sign():
    house = House()
    stuck = asyncio.Event()
    house.engine.before = stuck.wait
    house.say()
    watch = house.engines.watch
    doubted = []

    async def turns(_model, within_s):
        doubted.append(within_s)
        return True

    watch._turns = turns
    async with house.at_work():
        await house.settles()
        for _ in range(int(PATIENCE_S / EVERY_S) + 1):
            await watch.look()
        assert 1 == len(doubted)
        stuck.set()
        await house.warm()
        for _ in range(int(PATIENCE_S / EVERY_S) + 1):
            await watch.look()

    assert 1 == len(doubted), "nobody waits for it any more"

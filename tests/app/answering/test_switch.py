"""The switch: who answers a request, what the account learns of it, and what is booked."""

import asyncio
from dataclasses import replace

import pytest

from standby.app.answering import switch
from standby.app.policy import Wishes
from standby.core.handback import marks
from standby.core.request import NOBODY, Caller, Request
from standby.core.usage.deeds import Deed
from standby.core.wire import messages
from standby.core.wire.errors import message_of
from standby.core.wire.headers import SERVED_BY, Head
from standby.core.wire.json import dumps, loads
from standby.core.wire.sse import Decoder
from standby.ports import EngineError
from tests.fakes import stream_rules
from tests.fakes.answerers import begin, opened, text
from tests.fakes.house import SESSION, SPENT, House
from tests.fakes.line import (
    BARE,
    DOWN,
    JSON_HEAD,
    KNOWN,
    ME,
    NO_CREDIT,
    OPUS,
    STRANGER,
    STREAM_HEAD,
    Tape,
    cut,
    error,
    five_hours,
    for_ever,
    messages_request,
    streamed,
    whole,
)
from tests.fakes.replies import HOUR, NOW
from tests.fakes.talker import MODEL, Talker, calls, chunk, says
from tests.fakes.virtual import VIRTUAL

pytestmark = pytest.mark.anyio


THINKS = {"thinking": {"type": "adaptive"}}
NO_ACCOUNT = Caller(NOBODY, trusted=True)


@pytest.fixture(autouse=True, params=["read whole", "glanced at"])
def looking(request, monkeypatch):
    """A large body is not read before the cloud is asked; all that follows is the same."""
    if request.param == "glanced at":
        monkeypatch.setattr(switch, "GLANCED_AT_BYTES", 0)


def blocks_of(tape):
    return stream_rules.read(Decoder().receive_data(tape.sent))[0]


async def test_while_the_cloud_serves_it_answers():
    house = House(streamed("Hi"))

    tape = await house.ask()

    assert b"".join(streamed("Hi")[1:]) == tape.sent
    assert "cloud" == tape.head.header(SERVED_BY)
    assert (1, 0) == (house.asked_cloud, house.asked_local)
    assert ("ok", "cloud", 200) == house.booked


async def test_the_request_that_meets_the_limit_is_itself_answered_by_a_local_model():
    house = House(SPENT)

    tape = await house.ask()

    assert "local; model=desk/coder" == tape.head.header(SERVED_BY)
    assert ["Hello"] == [block["said"] for block in blocks_of(tape)]
    assert "exhausted" == house.way.state()
    assert ("ok", "local", 200) == house.booked
    entry = house.pages.entries[-1]
    assert (OPUS, "local/coder", "s-1") == (entry.requested, entry.answered, entry.session)
    assert "the 5-hour limit is reached" == entry.why
    assert (11, 7) == (entry.tokens.input, entry.tokens.output)
    assert entry.first_token_s is not None
    assert entry.saved


async def test_until_the_reset_the_cloud_is_not_asked_in_vain():
    house = House(streamed("Hi"))
    await house.spend()

    for _ in range(3):
        tape = await house.ask()

    assert (0, 3) == (house.asked_cloud, house.asked_local)
    assert [True] * 3 == [entry.saved for entry in house.pages.entries[-3:]]
    assert ["Hello"] == [block["said"] for block in blocks_of(tape)]


async def test_after_the_reset_the_cloud_answers_again():
    house = House(streamed("Hi"))
    await house.spend()
    house.way.clock.passes(5 * HOUR + 60)

    await house.ask()

    assert (1, 0) == (house.asked_cloud, house.asked_local)
    assert "open" == house.way.state()
    assert "tries" in house.pages.entries[-1].why


async def test_an_early_try_that_is_refused_is_answered_locally_and_leaves_the_block():
    house = House(SPENT)
    await house.spend()
    house.way.clock.passes(1801)

    await house.ask()
    await house.ask()

    assert (1, 2) == (house.asked_cloud, house.asked_local)
    assert "exhausted" == house.way.state()


async def after_the_reset():
    """Return a house whose quota is back, and whose cloud says nothing; and what tells of a try."""
    asked = asyncio.Event()

    async def waits():
        asked.set()
        await for_ever()

    house = House([waits])
    await house.spend()
    house.way.clock.passes(5 * HOUR + 60)
    return house, asked


async def test_a_try_is_given_back_when_its_client_leaves_before_the_cloud_has_spoken():
    house, asked = await after_the_reset()
    async with asyncio.timeout(5), asyncio.TaskGroup() as group:
        leaves = group.create_task(house.ask())
        await asked.wait()
        leaves.cancel()

    house.way.cloud.answers = [streamed("Hi")]
    await house.ask()

    assert (2, 0) == (house.asked_cloud, house.asked_local)
    assert "open" == house.way.state()
    assert ["cancelled", "ok"] == [entry.outcome for entry in house.pages.entries]


async def test_of_two_requests_after_the_reset_one_tries():
    house, asked = await after_the_reset()
    async with asyncio.timeout(5), asyncio.TaskGroup() as group:
        tries = group.create_task(house.ask())
        await asked.wait()
        await house.ask()
        tries.cancel()

    assert (1, 1) == (house.asked_cloud, house.asked_local)


async def test_a_quota_probe_does_not_give_back_the_try_of_another():
    house, asked = await after_the_reset()
    probe = {"max_tokens": 1, "messages": [{"role": "user", "content": "quota"}]}
    async with asyncio.timeout(5), asyncio.TaskGroup() as group:
        tries = group.create_task(house.ask())
        await asked.wait()
        asked.clear()
        looks = group.create_task(house.ask(**probe))
        await asked.wait()
        looks.cancel()
        with pytest.raises(asyncio.CancelledError):
            await looks
        await house.ask()
        tries.cancel()

    assert (2, 1) == (house.asked_cloud, house.asked_local)


async def test_a_look_at_the_quota_is_the_clouds_to_answer():
    house = House(SPENT)
    await house.spend()

    probe = {"max_tokens": 1, "messages": [{"role": "user", "content": "quota"}]}
    tape = await house.ask(stream=False, **probe)

    assert (1, 0) == (house.asked_cloud, house.asked_local)
    assert (429, SPENT[1]) == (tape.head.status, tape.sent)
    assert ("refused", "nobody", 429) == house.booked


async def test_a_look_at_the_quota_that_is_served_ends_the_block():
    house = House(whole("Hi"))
    await house.spend()

    await house.ask(stream=False, max_tokens=1, messages=[{"role": "user", "content": "quota"}])

    assert "open" == house.way.state()


HI = {"max_tokens": 1, "messages": [{"role": "user", "content": "Hi"}]}


@pytest.mark.parametrize("model", [OPUS, "local", "claude-local/desk/coder"])
async def test_a_typed_model_is_confirmed_at_once_while_the_cloud_does_not_serve(model):
    house = House(streamed("Hi"))
    await house.spend()

    tape = await house.ask(stream=False, model=model, **HI)

    assert 200 == tape.head.status
    assert model == loads(tape.sent)["model"]
    assert (0, 0) == (house.asked_cloud, house.asked_local)
    assert ("ok", "gateway", 200) == house.booked


async def test_a_typed_model_is_the_clouds_to_judge_while_it_serves():
    house = House(error(404, "model: nothing", kind="not_found_error"))

    tape = await house.ask(stream=False, model="nothing", **HI)

    assert 404 == tape.head.status
    assert ("client_error", "cloud", 404) == house.booked


@pytest.mark.parametrize("model", ["local", "local/coder", "LOCAL/desk/coder", "claude-local"])
async def test_a_local_model_that_is_named_answers_whatever_the_quota(model):
    house = House(streamed("Hi"))

    tape = await house.ask(model=model)

    assert ["Hello"] == [block["said"] for block in blocks_of(tape)]
    assert 0 == house.asked_cloud
    assert ("ok", "local", 200) == house.booked
    assert "you chose it" == house.pages.entries[-1].why


async def test_a_local_model_that_was_chosen_stays_chosen_while_the_quota_is_spent():
    house = House(streamed("Hi"))
    await house.spend()
    await house.ask(model="local", **THINKS)

    assert "you chose it" == house.pages.entries[-1].why
    assert not house.pages.entries[-1].saved


async def test_a_local_model_that_is_not_there_is_a_404_that_names_those_that_are():
    house = House(streamed("Hi"))

    tape = await house.ask(model="local/nothing")

    assert 404 == tape.head.status
    assert "claude-local/desk/coder" in message_of(tape.sent)
    assert (0, 0) == (house.asked_cloud, house.asked_local)
    assert ("client_error", "gateway", 404) == house.booked


async def test_who_has_no_account_is_answered_locally():
    house = House(streamed("Hi"))

    tape = await house.ask(NO_ACCOUNT)

    assert ["Hello"] == [block["said"] for block in blocks_of(tape)]
    assert 0 == house.asked_cloud
    assert "the request has no cloud credential" == house.pages.entries[-1].why
    assert not house.pages.entries[-1].saved
    assert () == house.way.accounts.snapshot()


@pytest.mark.parametrize("steps", [BARE, DOWN, error(500), NO_CREDIT, cut()], ids=range(5))
async def test_whatever_the_cloud_lacks_a_local_model_answers(steps):
    house = House(steps)

    tape = await house.ask()

    assert ["Hello"] == [block["said"] for block in blocks_of(tape)]
    assert ("ok", "local", 200) == house.booked


async def test_why_is_booked_as_it_was_when_the_local_model_was_asked():
    house = House(DOWN)

    async def takes_its_time():
        house.way.clock.passes(600)

    house.talker.steps = (takes_its_time, *says("Hello"))
    await house.ask()

    assert "the cloud cannot be reached" == house.pages.entries[-1].why


async def test_a_stream_that_turns_out_a_refusal_is_answered_locally():
    said = messages.error("This request would exceed the limit", "rate_limit_error")
    house = House([STREAM_HEAD, begin().raw, said.raw])

    tape = await house.ask()

    assert ["Hello"] == [block["said"] for block in blocks_of(tape)]
    assert "resting" == house.way.state()


async def test_the_clients_own_mistake_is_not_hidden():
    mistake = error(400, "messages: too many", kind="invalid_request_error")
    house = House(mistake)

    tape = await house.ask(stream=False)

    assert (400, mistake[1]) == (tape.head.status, tape.sent)
    assert 0 == house.asked_local
    assert ("client_error", "cloud", 400) == house.booked
    assert house.pages.entries[-1].first_token_s is None


async def test_when_neither_can_the_client_gets_the_clouds_own_refusal_and_no_cause_to_wait():
    house = House(SPENT, engines=[])

    tape = await house.ask()

    assert (429, SPENT[1]) == (tape.head.status, tape.sent)
    assert set(SPENT[0].headers) < set(tape.head.headers)
    assert "false" == tape.head.header("x-should-retry")
    assert ("refused", "nobody", 429) == house.booked
    assert "no local model is there" in house.pages.entries[-1].why


async def test_a_refusal_is_remembered_for_requests_that_are_not_sent():
    house = House(SPENT, engines=[])
    await house.ask()

    tape = await house.ask()

    assert (429, SPENT[1]) == (tape.head.status, tape.sent)
    assert 1 == house.asked_cloud


async def test_a_refusal_is_remembered_while_who_met_it_is_still_answered():
    engine, talking = Talker(), asyncio.Event()

    async def talks():
        talking.set()
        await for_ever()

    engine.steps = [talks]
    house = House(SPENT, engines=[engine])
    async with asyncio.timeout(5), asyncio.TaskGroup() as group:
        met = group.create_task(house.ask())
        await talking.wait()
        engine.steps = [EngineError("out of memory")]
        tape = await house.ask()
        met.cancel()

    assert (429, SPENT[1]) == (tape.head.status, tape.sent)
    assert 1 == house.asked_cloud


async def test_when_no_refusal_is_remembered_the_cloud_is_better_than_nobody():
    house = House(streamed("Hi"), engines=[])
    await house.spend()
    house.switch._refusals.forget((ME, OPUS))  # as after a restart

    tape = await house.ask()

    assert b"".join(streamed("Hi")[1:]) == tape.sent
    assert ("ok", "cloud", 200) == house.booked
    assert "open" == house.way.state(), "it was sent although a refusal was known: it counts"


async def test_while_the_quota_is_spent_a_local_model_still_goes_before_the_cloud():
    house = House(streamed("Hi"))
    await house.spend()
    house.switch._refusals.forget((ME, OPUS))

    await house.ask()

    assert (0, 1) == (house.asked_cloud, house.asked_local)


async def test_an_engine_that_was_started_since_is_found_when_it_is_needed():
    late = Talker(*says("Hello"), model=replace(Talker().offers[0], engine="late"))
    house = House(SPENT, engines=[late])
    offers, late.offers = late.offers, ()
    await house.engines.refresh()
    late.offers = offers
    house.way.clock.passes(61)

    async with asyncio.timeout(5):
        tape = Tape()
        await house.switch.answer(messages_request(), KNOWN, tape)

    assert "local; model=late/coder" == tape.head.header(SERVED_BY)


async def test_the_next_engine_answers_when_the_first_fails():
    first = Talker(EngineError("it died"))
    other = replace(first.offers[0], engine="other", base_url="http://127.0.0.1:2")
    second = Talker(*says("Hello"), model=other)
    house = House(SPENT, engines=[first, second])

    tape = await house.ask()

    assert "local; model=other/coder" == tape.head.header(SERVED_BY)
    assert (1, 1) == (len(first.heard), len(second.heard))


# What strangers get: nobody knows yet whether the credential is any good.


@pytest.mark.parametrize("steps", [SPENT, NO_CREDIT], ids=["quota", "credit"])
async def test_a_stranger_whom_a_refusal_shows_to_be_known_is_answered_in_the_same_request(steps):
    house = House(steps)

    tape = await house.ask(STRANGER)

    assert ["Hello"] == [block["said"] for block in blocks_of(tape)]
    assert house.way.fingerprints.remembered(ME)
    assert ("ok", "local", 200) == house.booked


@pytest.mark.parametrize(
    ("steps", "status"),
    [
        (BARE, 429),
        (error(429, "slow down", ("retry-after", "3600")), 429),
        (error(500), 500),
        (error(529, kind="overloaded_error"), 529),
        (error(401, kind="authentication_error"), 401),
        (error(403, kind="permission_error"), 403),
        (DOWN, 529),
    ],
    ids=range(7),
)
async def test_any_other_stranger_never_reaches_a_local_model(steps, status):
    house = House(steps)

    first = await house.ask(STRANGER)
    again = await house.ask(STRANGER)

    assert status == first.head.status
    assert status == again.head.status
    assert 0 == house.asked_local
    assert 0 == house.talker.left
    assert b"desk" not in first.sent + again.sent


async def test_a_stranger_whose_stream_breaks_after_the_cloud_let_it_in_is_known():
    house = House(cut())

    tape = await house.ask(STRANGER)

    assert ["Hello"] == [block["said"] for block in blocks_of(tape)]


async def test_a_stranger_is_served_by_the_cloud_like_anybody():
    house = House(streamed("Hi"))

    tape = await house.ask(STRANGER)

    assert b"".join(streamed("Hi")[1:]) == tape.sent
    assert house.way.fingerprints.remembered(ME)


@pytest.mark.parametrize("more", [{}, HI], ids=["work", "probe"])
async def test_a_stranger_cannot_choose_a_local_model_nor_learn_which_there_are(more):
    house = House(streamed("Hi"))

    tape = await house.ask(STRANGER, model="local/nothing", **more)

    assert 401 == tape.head.status
    assert b"desk" not in tape.sent
    assert (0, 0) == (house.asked_cloud, house.asked_local)


async def test_a_stranger_whose_account_is_spent_goes_to_the_cloud_before_anybody_else():
    house = House(SPENT)
    await house.spend()
    house.way.fingerprints.rejected(ME)
    house.switch._refusals.forget((ME, OPUS))

    tape = await house.ask(STRANGER)

    assert 1 == house.asked_cloud
    assert ["Hello"] == [block["said"] for block in blocks_of(tape)]


async def test_a_stranger_is_told_the_refusal_that_is_remembered():
    house = House(SPENT)
    await house.spend()
    house.way.fingerprints.rejected(ME)

    tape = await house.ask(STRANGER)

    assert (429, SPENT[1]) == (tape.head.status, tape.sent)
    assert (0, 0) == (house.asked_cloud, house.asked_local)


# How a person sees it.


def notices_of(tape):
    return [block["said"] for block in blocks_of(tape) if block["signature"] == marks.NOTICE]


async def test_a_conversation_is_told_once_who_answers_why_and_until_when():
    house = House(SPENT)

    first = await house.ask(**THINKS)
    second = await house.ask(**THINKS)

    [said] = notices_of(first)
    assert said.startswith("standby: coder on desk answers here, because the 5-hour limit is")
    assert "Back to the cloud after" in said
    assert [] == notices_of(second)


async def test_it_is_told_again_after_the_cloud_was_back():
    house = House(SPENT)
    await house.ask(**THINKS)
    house.way.clock.passes(5 * HOUR + 60)
    house.way.cloud.answers = [streamed("Hi")]
    await house.ask(**THINKS)
    house.way.cloud.answers = [five_hours(NOW + 11 * HOUR)]

    assert 1 == len(notices_of(await house.ask(**THINKS)))


async def test_another_model_that_is_served_meanwhile_is_no_return():
    opus = error(
        429,
        "no",
        ("anthropic-ratelimit-unified-status", "rejected"),
        ("anthropic-ratelimit-unified-representative-claim", "seven_day_opus"),
        ("anthropic-ratelimit-unified-reset", str(int(NOW + HOUR))),
    )
    house = House(opus)
    await house.ask(**THINKS)
    house.way.cloud.answers = [streamed("A title")]
    await house.ask(model="claude-haiku-4-5")

    assert [] == notices_of(await house.ask(**THINKS))
    assert ["local", "cloud", "local"] == [entry.by for entry in house.pages.entries]


@pytest.mark.parametrize("more", [{"headers": ()}, {"thinking": {"type": "disabled"}}])
async def test_who_has_no_place_for_it_is_not_told(more):
    house = House(SPENT)

    assert [] == notices_of(await house.ask(**{**THINKS, **more}))


async def test_nobody_is_told_when_the_user_wants_no_notice():
    assert [] == notices_of(await House(SPENT, notices=False).ask(**THINKS))


async def test_each_conversation_and_each_of_its_agents_is_told():
    house = House(SPENT)
    agent = (*SESSION, ("X-Claude-Code-Agent-Id", "a-1"))
    told = [await house.ask(headers=headers, **THINKS) for headers in (SESSION, agent)]

    assert [1, 1] == [len(notices_of(tape)) for tape in told]
    assert ["s-1", "s-1/a-1"] == [entry.session for entry in house.pages.entries]


async def test_of_twenty_requests_at_the_reset_one_meets_the_cloud_and_all_are_answered():
    house = House(SPENT)
    await house.spend()
    house.way.clock.passes(5 * HOUR + 10)
    house.way.cloud.answers = [five_hours(NOW + 10 * HOUR)]

    async with asyncio.TaskGroup() as group:
        asks = [group.create_task(house.ask(headers=())) for _ in range(20)]

    assert 1 == house.asked_cloud
    assert [["Hello"]] * 20 == [texts_of(ask.result()) for ask in asks]


async def test_of_twenty_requests_that_meet_an_overload_few_are_asked_once_more():
    house = House(error(529), burst_wait_s=0.01)

    async with asyncio.TaskGroup() as group:
        asks = [group.create_task(house.ask(headers=())) for _ in range(20)]

    assert house.asked_cloud <= 24
    assert [["Hello"]] * 20 == [texts_of(ask.result()) for ask in asks]


# How it ends, and what is written down.


async def test_an_answer_that_breaks_in_the_middle_ends_in_an_error_and_is_booked_as_broken():
    house = House(cut("Hello"), engines=[])

    tape = await house.ask()

    last = Decoder().receive_data(tape.sent)[-1]
    assert "error" == last.name
    assert ["end"] == tape.ending
    assert ("broken", "cloud", 200) == house.booked


def texts_of(tape):
    """What each block of one whole message says."""
    frames = Decoder().receive_data(tape.sent)
    pieces = [messages.read(frame) for frame in frames]
    assert 1 == sum(isinstance(piece, messages.Began) for piece in pieces)
    assert isinstance(pieces[-1], messages.Stopped)
    texts = []
    for piece in pieces:
        match piece:
            case messages.Opened(index):
                assert len(texts) == index
                texts.append("")
            case messages.Said(said):
                texts[-1] += said
    return texts


async def test_an_answer_that_breaks_off_after_text_is_gone_on_with_in_the_same_message():
    house = House(cut("Hello "), engines=[Talker(*says("world"), continues=True)])

    tape = await house.ask(**THINKS)

    assert ["Hello world"] == texts_of(tape)
    assert ["end"] == tape.ending
    assert ("ok", "both", 200) == house.booked
    assert "reset" in house.pages.entries[-1].why
    # Theirs, and about two for the six letters that were cut off.
    assert 9 == house.pages.entries[-1].tokens.output


RACK = replace(MODEL, engine="rack", base_url="http://127.0.0.1:2")
COMPACTS = (("x-claude-code-compaction", "auto"),)
FORM = {"type": "json_schema", "schema": {"type": "object", "properties": {}}}


@pytest.mark.parametrize(
    ("facts", "more"),
    [
        ({"continues": False}, {}),
        ({}, {"headers": COMPACTS}),
        ({}, {"output_config": {"format": FORM}}),
        ({"tools": False}, {"tools": [{"name": "a", "input_schema": {"type": "object"}}]}),
        ({"id": "gpt-oss-20b", "reasoning": True}, {}),
    ],
    ids=["not its server", "a summary", "a form", "tools in words", "it always thinks"],
)
async def test_an_answer_that_nobody_can_go_on_with_ends_in_an_error(facts, more):
    stand_in = Talker(*says("world"), **{"continues": True, **facts})
    house = House(cut("Hello "), engines=[stand_in])

    tape = await house.ask(**more)

    assert "error" == Decoder().receive_data(tape.sent)[-1].name
    assert ("broken", "cloud", 200) == house.booked
    assert [] == stand_in.heard


async def test_nobody_goes_on_with_an_answer_where_that_is_not_wanted():
    stand_in = Talker(*says("world"), continues=True)
    house = House(cut("Hello "), engines=[stand_in], continues=False)

    tape = await house.ask()

    assert "error" == Decoder().receive_data(tape.sent)[-1].name
    assert [] == stand_in.heard


async def test_another_engine_goes_on_where_one_died_after_text():
    dies = Talker(chunk({"content": "Hel"}), EngineError("it died"))
    lives = Talker(*says("lo"), model=RACK, continues=True)
    house = House(SPENT, engines=[dies, lives])

    tape = await house.ask()

    assert ["Hello"] == texts_of(tape)
    assert ("ok", "local", 200) == house.booked


async def test_a_local_answer_that_breaks_in_the_middle_is_booked_as_broken():
    house = House(SPENT)
    house.talker.steps = (chunk({"content": "Hel"}), EngineError("it died"))

    tape = await house.ask()

    assert "error" == Decoder().receive_data(tape.sent)[-1].name
    assert ("broken", "local", 200) == house.booked
    assert "it died" in house.pages.entries[-1].why


async def test_a_client_that_leaves_in_the_middle_is_booked_as_such():
    house = House([STREAM_HEAD, begin().raw, opened(0, "text").raw, text(0, "Hel").raw, for_ever])
    tape = Tape()
    async with asyncio.timeout(5), asyncio.TaskGroup() as group:
        leaves = group.create_task(house.ask(tape=tape))
        await tape.first.wait()
        leaves.cancel()

    assert ("cancelled", "cloud", 200) == house.booked
    assert 1 == house.way.cloud.left


async def test_a_client_whose_connection_breaks_is_booked_as_gone():
    class Gone(Tape):
        async def send(self, data):
            raise ConnectionResetError("gone")

    house = House(streamed("Hi"))
    with pytest.raises(BaseExceptionGroup):
        await house.ask(tape=Gone())

    assert ("cancelled", "cloud", 200) == house.booked
    assert 1 == house.way.cloud.left


@pytest.mark.parametrize(("model", "by"), [(OPUS, "cloud"), ("local", "local")])
async def test_a_whole_answer_is_booked_with_its_own_numbers(model, by):
    house = House(whole("Hi"))

    await house.ask(stream=False, model=model)

    entry = house.pages.entries[-1]
    assert ("ok", by, 200) == house.booked
    numbers = {"cloud": (OPUS, 3, 5), "local": ("local/coder", 11, 7)}[by]
    assert numbers == (entry.answered, entry.tokens.input, entry.tokens.output)


@VIRTUAL
async def test_a_client_that_waits_for_a_whole_answer_is_told_nothing_before_it():
    waited = asyncio.Event()

    async def waits():
        await asyncio.sleep(0.05)
        waited.set()

    house = House([JSON_HEAD, waits, *whole("Hi")[1:]], keep_alive_s=0.01)

    tape = await house.ask(stream=False)

    assert waited.is_set()
    assert [whole("Hi")[1], "delivered"] == tape.log


@VIRTUAL
async def test_a_client_that_waits_for_a_stream_is_kept_alive():
    async def waits():
        await asyncio.sleep(0.05)

    house = House([waits, *streamed("Hi")], keep_alive_s=0.01)

    assert "ping" == (await house.ask()).log[0]


MALFORMED = [
    b"",
    b"[",
    b"[]",
    b'"text"',
    b"{}",
    b'{"model": 7}',
    b'{"model": "m"}',
    b"\xff",
    b"NaN",
]


@pytest.mark.parametrize("body", MALFORMED, ids=range(len(MALFORMED)))
async def test_what_is_wrong_with_a_body_is_for_the_cloud_to_say_while_it_does(body):
    steps = error(400, "in the cloud's words", kind="invalid_request_error")
    house = House(steps)
    request = Request("POST", "/v1/messages", (), body)

    tape = await house.ask(raw=request)

    assert steps[1] == tape.sent
    assert [request] == house.way.cloud.seen


@pytest.mark.parametrize("body", MALFORMED, ids=range(len(MALFORMED)))
async def test_and_for_us_while_it_does_not(body):
    house = House(streamed("Hi"))
    await house.spend()

    for caller in (KNOWN, NO_ACCOUNT):
        tape = await house.ask(caller, raw=Request("POST", "/v1/messages", (), body))

        assert 400 == tape.head.status
        assert "invalid_request_error" == loads(tape.sent)["error"]["type"]
        assert message_of(tape.sent)
    assert (0, 0) == (house.asked_cloud, house.asked_local)


async def test_the_header_of_an_answer_that_nobody_gave_does_not_name_one():
    tape = await House(DOWN, engines=[]).ask()

    assert (529, None) == (tape.head.status, tape.head.header(SERVED_BY))
    assert isinstance(tape.head, Head)


WRONG = EngineError("desk said 400: cannot resolve $ref", 400)


async def test_a_request_that_the_only_model_finds_wrong_is_told_so_once_in_the_engines_words():
    house = House()
    house.talker.steps = [WRONG]

    tape = await house.ask(NO_ACCOUNT)

    said = loads(tape.sent)["error"]
    assert (400, "false") == (tape.head.status, tape.head.header("x-should-retry"))
    assert ("policy_blocked", "desk: desk said 400: cannot resolve $ref") == (
        said["type"],
        said["message"],
    )
    assert 400 == house.booked[-1]


@pytest.mark.parametrize("status", [0, 401, 404, 408, 429, 500, 503])
async def test_what_may_pass_is_asked_for_again(status):
    house = House()
    house.talker.steps = [EngineError("not now", status)]

    tape = await house.ask(NO_ACCOUNT)

    assert 529 == tape.head.status


async def test_what_one_model_finds_wrong_another_may_answer():
    other = Talker(
        *says("Hello"), model=replace(MODEL, engine="other", base_url="http://127.0.0.1:2")
    )
    house = House(engines=[Talker(WRONG), other])

    tape = await house.ask(NO_ACCOUNT)

    assert "local; model=other/coder" == tape.head.header(SERVED_BY)


async def test_where_the_cloud_was_asked_too_it_may_be_back():
    house = House(DOWN)
    house.talker.steps = [WRONG]

    tape = await house.ask()

    assert 529 == tape.head.status
    assert "cannot resolve $ref" in message_of(tape.sent)


MANGLED = Request(
    "POST",
    "/v1/messages",
    SESSION,
    b'{"model":"%b","messages":[}%b],"stream":true}' % (OPUS.encode(), b" " * 10_000),
)


async def test_what_is_wrong_in_the_middle_of_a_large_body_is_the_clouds_business():
    house = House(streamed("Hi"))

    tape = await house.ask(raw=MANGLED)

    assert 200 == tape.head.status
    assert [MANGLED.body] == [request.body for request in house.way.cloud.seen]
    assert ("ok", "cloud", 200) == house.booked


async def test_no_local_model_is_asked_for_what_it_cannot_read():
    house = House(SPENT)

    tape = await house.ask(raw=MANGLED)

    assert 429 == tape.head.status
    assert 0 == house.asked_local
    assert ("refused", "nobody", 429) == house.booked


async def test_what_is_wrong_is_said_here_while_the_cloud_is_not_asked():
    house = House(streamed("Hi"))
    await house.spend()

    tape = await house.ask(raw=MANGLED)

    assert 400 == tape.head.status
    assert (0, 0) == (house.asked_cloud, house.asked_local)


# --- what the warming is told ---------------------------------------------------------------------


@pytest.mark.parametrize("model", [None, "local/coder"], ids=["the cloud", "a local model"])
async def test_the_warming_knows_of_everybody_who_is_here_whoever_answers(model):
    here = []
    house = House(whole(), engines=[Talker(*says("Hello"))])
    noted = house.policy.decide

    def decide(*given, **more):
        here.append(house.guests)
        return noted(*given, **more)

    house.policy.decide = decide
    await house.ask(stream=False, **({} if model is None else {"model": model}))

    assert [1] == here
    assert 0 == house.guests


async def test_what_goes_to_the_cloud_may_have_to_be_answered_here_next():
    house = House(whole())

    await house.ask(stream=False)

    assert [("noted", ME)] == house.told


async def test_what_is_answered_here_is_where_it_should_be_and_the_cloud_is_in_trouble():
    house = House(SPENT)

    await house.ask()
    assert ["noted", "served", "trouble"] == [what for what, _ in house.told]
    assert ("served", MODEL.key) == house.told[1]

    house.told.clear()
    await house.ask()
    assert [("served", MODEL.key)] == house.told


async def test_a_stranger_is_kept_once_the_cloud_has_vouched_for_him():
    house = House(error(401, kind="authentication_error"), whole())

    await house.ask(STRANGER, stream=False)
    assert [] == house.told

    await house.ask(STRANGER, stream=False)
    assert ["noted"] == [what for what, _ in house.told]


@pytest.mark.parametrize(
    ("tools", "told", "slot"), [(True, ["beside"], 0), (False, [], 1)], ids=["aside", "side call"]
)
async def test_what_is_asked_beside_a_conversation_leaves_its_slot_to_its_prompt(tools, told, slot):
    engine = Talker(*says("Hello"), pins=True, slots=2)
    house = House(whole(), engines=[engine])
    await house.ask(model="local/coder")
    house.told.clear()

    tool = {"name": "look", "input_schema": {"type": "object", "properties": {}}}
    headers = (*SESSION, ("x-claude-code-request-class", "auxiliary"))
    await house.ask(model="local/coder", headers=headers, tools=[tool] if tools else [])

    assert told == [what for what, _ in house.told]
    assert [0, slot] == [body["id_slot"] for _, body in engine.heard]


async def test_what_is_asked_of_a_local_model_by_its_name_needs_no_cloud():
    house = House(whole())

    await house.ask(model="local/coder")

    assert [("served", MODEL.key)] == house.told


HISTORY = [
    {"role": "user", "content": "Hello"},
    {
        "role": "assistant",
        "content": [
            {"type": "thinking", "thinking": "", "signature": marks.NOTICE},
            {"type": "text", "text": "Hello"},
        ],
    },
    {"role": "user", "content": "What now?"},
]


async def test_where_it_is_wanted_the_cloud_is_told_which_answers_are_not_its_own():
    house = House(streamed("Hi"), wishes=Wishes(notes_hand_back=True))

    await house.ask(messages=HISTORY)
    await house.ask()

    told, untold = house.way.cloud.seen
    assert b"the last answer above is by a local model" in told.body
    assert marks.SIGNATURE.encode() not in told.body
    assert messages_request(headers=SESSION).body == untold.body


async def test_unless_it_is_wanted_a_conversation_comes_back_as_it_is_less_our_marks():
    house = House(streamed("Hi"))
    mine = dumps(HISTORY[1]["content"][0])

    await house.ask(messages=HISTORY)

    (heard,) = house.way.cloud.seen
    sent = messages_request(headers=SESSION, messages=HISTORY).body
    assert sent.replace(mine + b",", b"") == heard.body


async def test_an_answer_that_will_be_told_of_is_marked():
    house = House(streamed("Hi"), wishes=Wishes(notes_hand_back=True), notices=False)
    await house.spend()

    marked, plain = await house.ask(**THINKS), await house.ask()

    assert [marks.NOTICE, None] == [block.get("signature") for block in blocks_of(marked)]
    assert [None] == [block.get("signature") for block in blocks_of(plain)]


async def test_what_a_local_answer_would_change_is_booked_with_it():
    tool = {"name": "Write", "input_schema": {"type": "object"}}
    house = House(SPENT)
    house.talker.steps = calls("Write", {"file_path": "a.py", "content": "the canary"})

    await house.ask(tools=[tool])
    await house.ask(tools=[tool], stream=False)

    for entry in house.pages.entries:
        assert (Deed("Write", "a.py"),) == house.pages.deeds[entry.id]

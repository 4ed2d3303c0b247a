"""A local model's answer: whole Messages, the notice in its place, and honest ends."""

import asyncio
import contextlib
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from standby.app.local.admission import Admission
from standby.app.local.candidate import Local, LocalDeadlines
from standby.app.local.engines import Engines, Preference
from standby.app.local.speeds import Speeds
from standby.core.handback import marks
from standby.core.handback.notice import words
from standby.core.turns import Priority
from standby.core.wire import asked
from standby.core.wire.headers import SERVED_BY, Head
from standby.core.wire.json import dumps, loads
from standby.core.wire.sse import Decoder
from standby.ports import AnswererError, EngineError
from tests.fakes import stream_rules
from tests.fakes.clock import LoadedDice, SetClock
from tests.fakes.line import for_ever, messages_request
from tests.fakes.talker import MODEL, Talker, calls, chunk, overflow, says

pytestmark = pytest.mark.anyio

QUICK = LocalDeadlines(first_byte_s=2.0, idle_s=2.0)


def told(_model):
    return words("coder on desk", "the 5-hour limit is reached", "after 21:23", rehearsal=False)


async def local_of(
    *engines,
    stream=True,
    notice=lambda _: "",
    deadlines=QUICK,
    model=None,
    marked=False,
    **more,
):
    known = Engines(engines, Preference(), SetClock())
    await known.refresh()
    request = messages_request(stream=stream, thinking={"type": "adaptive"}, **more)
    body = asked.read(request.body)
    model = model or (engines[0].offers[0] if engines else None)
    slots = Admission(SetClock())
    return Local(known, slots, model, body, LoadedDice(), deadlines, notice, marked=marked)


async def heard(local, said=""):
    async with asyncio.timeout(5):
        head, *body = [item async for item in local.answer(messages_request(), said)]
    assert not any(isinstance(item, Head) for item in body)
    return head, b"".join(body)


async def failed(local):
    """Why it failed, and what came before."""
    items = []
    try:
        async with asyncio.timeout(5):
            async for item in local.answer(messages_request(), ""):
                items.append(item)  # noqa: PERF401 - what came before the error counts
    except AnswererError as error:
        return str(error), items
    pytest.fail("it answered")


def blocks_of(body):
    return stream_rules.read(Decoder().receive_data(body))[0]


async def test_an_answer_is_a_well_formed_message_of_the_local_model():
    talker = Talker(*says("Hel", "lo", thinks=["Hm", "m"]), reasoning=True)

    head, body = await heard(await local_of(talker))

    thought, text = blocks_of(body)
    assert ("Hmm", marks.REASONING) == (thought["said"], thought["signature"])
    assert ("text", "Hello") == (text["type"], text["said"])
    assert 200 == head.status
    assert head.streamed
    assert "local; model=desk/coder" == head.header(SERVED_BY)
    assert b'"model":"local/coder"' in body
    assert head.header("request-id")


async def test_the_notice_is_the_first_block_and_all_others_move_by_one():
    engine = Talker(*says("Hello", thinks=["Hmm"]), reasoning=True)

    _, plain = await heard(await local_of(engine))
    _, noted = await heard(await local_of(engine, notice=told))

    first, *others = blocks_of(noted)
    assert (told(None), marks.NOTICE) == (first["said"], first["signature"])
    assert [(b["type"], b["said"]) for b in blocks_of(plain)] == [
        (b["type"], b["said"]) for b in others
    ]


async def test_the_notice_also_goes_before_a_tool_call():
    tool = {"name": "look", "input_schema": {"type": "object", "properties": {}}}
    engine = Talker(*calls("look", {}))

    _, body = await heard(await local_of(engine, notice=told, tools=[tool]))

    assert ["thinking", "tool_use"] == [block["type"] for block in blocks_of(body)]


@pytest.mark.parametrize("stream", [True, False])
async def test_an_answer_in_text_alone_is_marked_by_a_block_that_says_who_it_is_by(stream):
    _, body = await heard(await local_of(Talker(*says("Hello")), marked=True, stream=stream))

    blocks = blocks_of(body) if stream else loads(body)["content"]
    mark, text = blocks
    said = mark["said"] if stream else mark["thinking"]
    assert ("standby: coder on desk answers here.", marks.NOTICE) == (said, mark["signature"])
    assert "text" == text["type"]


async def test_what_is_marked_by_itself_needs_no_such_block():
    tool = {"name": "look", "input_schema": {"type": "object", "properties": {}}}
    thinks = Talker(*says("Hello", thinks=["Hmm"]), reasoning=True)

    _, called = await heard(await local_of(Talker(*calls("look", {})), marked=True, tools=[tool]))
    _, thought = await heard(await local_of(thinks, marked=True))
    _, noted = await heard(await local_of(Talker(*says("Hello")), marked=True, notice=told))

    assert ["tool_use"] == [block["type"] for block in blocks_of(called)]
    assert [marks.REASONING, None] == [block.get("signature") for block in blocks_of(thought)]
    assert [told(None), "Hello"] == [block["said"] for block in blocks_of(noted)]


async def test_whoever_fails_before_its_first_word_has_told_nobody():
    asked_for = []

    def notice(model):
        asked_for.append(model)
        return told(model)

    why, items = await failed(await local_of(Talker(EngineError("no memory")), notice=notice))

    assert "desk: no memory" == why
    assert [] == items
    assert [] == asked_for


answers = st.lists(st.text(min_size=1, max_size=9).filter(str.strip), min_size=1, max_size=3)


@settings(max_examples=30)
@given(answers, answers | st.just([]), st.sampled_from(["stop", "length"]), st.booleans())
def test_an_answer_that_is_not_streamed_is_the_same_answer(said, thinks, finish, notes):
    engine = Talker(*says(*said, thinks=thinks, finish=finish), reasoning=True)
    notice = told if notes else lambda _: ""

    async def both():
        _, stream = await heard(await local_of(engine, notice=notice))
        head, whole = await heard(await local_of(engine, notice=notice, stream=False))
        return stream, head, loads(whole)

    stream, head, whole = asyncio.run(both())

    blocks, reason, _, settled = stream_rules.read(Decoder().receive_data(stream))
    assert "application/json" == head.header("content-type")
    assert reason == whole["stop_reason"]
    assert [(b["type"], b["said"]) for b in blocks] == [
        (b["type"], b[b["type"]]) for b in whole["content"]
    ]
    assert settled["usage"]["output_tokens"] == whole["usage"]["output_tokens"]


@pytest.mark.parametrize("stream", [True, False])
@pytest.mark.parametrize(
    "steps",
    [
        [EngineError("it died")],
        [b"data: nonsense\n\n"],
        [chunk({"content": "Hel"}), EngineError("it died")],
        [chunk({"content": "Hel"})],
        [b'data: {"error": {"message": "out of memory"}}\n\n'],
        [],
    ],
    ids=range(6),
)
async def test_an_engine_that_fails_is_a_failure_whenever_it_does(steps, stream):
    talker = Talker(*steps)
    local = await local_of(talker, stream=stream)

    why, items = await failed(local)

    assert why.startswith("desk: ")
    assert stream or not items
    assert b"message_stop" not in b"".join(i for i in items if isinstance(i, bytes))


async def test_an_engine_that_failed_is_asked_what_it_has_before_it_is_used_again():
    talker = Talker(EngineError("it died"))
    known = Engines([talker], Preference(), SetClock())
    await known.refresh()
    body = asked.read(messages_request().body)
    await failed(Local(known, Admission(SetClock()), MODEL, body, LoadedDice(), QUICK))
    before = talker.asked

    await known.candidates()

    assert before + 1 == talker.asked


@pytest.mark.parametrize(
    ("deadlines", "steps"),
    [
        (LocalDeadlines(first_byte_s=0.01, idle_s=2.0), [for_ever]),
        (
            LocalDeadlines(first_byte_s=2.0, idle_s=0.01),
            [chunk({"content": "Hel"}), for_ever],
        ),
    ],
    ids=["first", "next"],
)
async def test_an_engine_that_is_silent_is_given_up(deadlines, steps):
    talker = Talker(*steps)

    why, _ = await failed(await local_of(talker, deadlines=deadlines))

    assert "nothing came" in why
    assert 1 == talker.left


async def test_who_leaves_closes_the_engines_connection():
    talker = Talker(*says("Hel", "lo"))
    items = (await local_of(talker)).answer(messages_request(), "")
    await anext(items)
    await items.aclose()

    assert 1 == talker.left


@pytest.mark.parametrize("stream", [True, False])
async def test_a_prompt_that_its_server_refuses_is_told_in_the_words_that_clients_compact_by(
    stream,
):
    head, body = await heard(await local_of(Talker(*overflow(5000, 4096)), stream=stream))

    assert 400 == head.status
    error = loads(body)["error"]
    assert "invalid_request_error" == error["type"]
    assert error["message"].startswith("prompt is too long: ")
    assert error["message"].endswith(" maximum")


async def test_a_server_that_lies_about_its_window_is_known_by_the_one_it_refused_by():
    server = Talker(*overflow(5000, 4096), context_tokens=65_536)
    engines = Engines([server], Preference(), SetClock())
    await engines.refresh()
    (said,) = engines.known()
    body = asked.read(messages_request().body)
    await heard(Local(engines, Admission(SetClock()), said, body, LoadedDice(), QUICK))
    (now,) = engines.known()
    await engines.refresh()
    (later,) = engines.known()

    assert (65_536, 4096, 4096) == tuple(one.context_tokens for one in (said, now, later))
    assert "refuses what is longer than 4,096" in later.remark


class Reloaded(Talker):
    """A server in which somebody has loaded another model, as it finds out when it is asked."""

    def __init__(self, now, status=404, **facts):
        super().__init__(*says("Hello"), **facts)
        self.now = now
        self.status = status

    async def chat(self, model, body):
        if model.id not in {one.id for one in self.now}:
            self.offers = self.now
            raise EngineError("model not found", self.status)
        async for data in super().chat(model, body):
            yield data


@pytest.mark.parametrize("stream", [True, False])
async def test_where_somebody_loaded_another_model_that_one_goes_on_with_the_conversation(stream):
    server = Reloaded((replace(MODEL, id="other", context_tokens=16_384),))
    head, body = await heard(await local_of(server, stream=stream))

    assert 200 == head.status
    assert "local; model=desk/other" == head.header(SERVED_BY)
    assert b"Hello" in body


async def test_a_server_that_has_no_model_any_more_is_a_failure_in_words():
    why, items = await failed(await local_of(Reloaded(())))

    assert ("desk: model not found", []) == (why, items)


async def test_a_server_that_changes_its_models_at_each_question_is_left_in_the_end():
    other = replace(MODEL, id="other")

    class Fickle(Talker):
        async def chat(self, model, _body):
            self.offers = (other if model.id == MODEL.id else MODEL,)
            self.heard.append(model.id)
            raise EngineError("model not found", 404)
            yield b""

    server = Fickle()
    why, _ = await failed(await local_of(server))

    assert "desk: model not found" == why
    assert ["coder", "other"] == server.heard


async def test_another_refusal_is_no_reason_to_ask_another_model():
    server = Reloaded((replace(MODEL, id="other"),), status=400)

    assert "desk: model not found" == (await failed(await local_of(server)))[0]


async def test_a_prompt_that_cannot_fit_is_never_sent():
    talker = Talker(*says("Hello"), context_tokens=2048)
    local = await local_of(talker, system="word " * 4000)

    head, body = await heard(local)

    assert 400 == head.status
    assert "prompt is too long: " in loads(body)["error"]["message"]
    assert [] == talker.heard


async def test_an_answer_gets_no_more_room_than_the_window_leaves():
    talker = Talker(*says("Hello"), context_tokens=4096)
    await heard(await local_of(talker, max_tokens=100_000))

    [(_, body)] = talker.heard
    assert 0 < body["max_tokens"] <= 4096


async def test_nobody_there_is_a_failure_with_a_hint():
    why, _ = await failed(await local_of())

    assert "`standby doctor`" in why


async def test_the_model_that_is_there_when_it_is_needed_answers():
    talker = Talker(*says("Hello"))
    known = Engines([talker], Preference(), SetClock())
    body = asked.read(messages_request().body)

    head, _ = await heard(Local(known, Admission(SetClock()), None, body, LoadedDice(), QUICK))

    assert "local; model=desk/coder" == head.header(SERVED_BY)


async def test_nobody_goes_on_after_others():
    talker = Talker(*says("Hello"))
    local = await local_of(talker)
    with pytest.raises(AnswererError):
        await heard(local, said="Hel")

    assert [] == talker.heard


async def test_nothing_of_the_clients_headers_and_no_unknown_field_reaches_the_engine():
    talker = Talker(*says("Hello"))
    await heard(await local_of(talker, n_discard=1, api_base="http://x", canary="canary-1"))

    [(_, body)] = talker.heard
    assert b"canary-1" not in dumps(body)
    assert not {"n_discard", "api_base"} & set(body)


@pytest.mark.parametrize("stream", [True, False])
async def test_a_server_that_can_goes_on_from_the_last_word_and_says_nothing_in_front(stream):
    talker = Talker(*says(" lo"), continues=True)
    local = await local_of(talker, notice=told, max_tokens=1000, stream=stream)

    _, body = await heard(local, said="Hello \n")

    [(_, sent)] = talker.heard
    assert {"role": "assistant", "content": "Hello"} == sent["messages"][-1]
    assert "user" == sent["messages"][-2]["role"]
    assert 999 == sent["max_tokens"]
    blocks = blocks_of(body) if stream else loads(body)["content"]
    assert ["text"] == [block["type"] for block in blocks]


async def test_a_turn_that_the_client_began_itself_is_one_with_what_was_said():
    talker = Talker(*says("!"), continues=True)
    turns = [{"role": "user", "content": "hi"}, {"role": "assistant", "content": "Well, "}]

    await heard(await local_of(talker, messages=turns), said="hello")

    [(_, sent)] = talker.heard
    assert ["user", "assistant"] == [turn["role"] for turn in sent["messages"]]
    assert "Well, hello" == sent["messages"][-1]["content"]


async def test_a_model_that_thinks_does_not_while_it_goes_on():
    talker = Talker(*says("!"), continues=True, reasoning=True)

    await heard(await local_of(talker), said="hello")

    [(_, sent)] = talker.heard
    assert {"enable_thinking": False} == sent["chat_template_kwargs"]


async def test_who_has_nothing_to_add_says_nothing():
    talker = Talker(chunk({}, "stop"), b"data: [DONE]\n\n", continues=True)

    _, body = await heard(await local_of(talker), said="That is all.")

    names = [frame.name for frame in Decoder().receive_data(body)]
    assert ["message_start", "message_delta", "message_stop"] == names


async def test_behind_white_space_alone_an_answer_is_begun():
    talker = Talker(*says("Hello"), continues=True)

    await heard(await local_of(talker), said=" \n")

    [(_, sent)] = talker.heard
    assert "user" == sent["messages"][-1]["role"]


async def ordered_after(*steps):
    """Which of two engines comes first when the better one was asked three times."""
    talker = Talker(*steps)
    other = Talker(model=replace(MODEL, engine="rack", base_url="http://127.0.0.1:2"))
    known = Engines([talker, other], Preference(), SetClock())
    await known.refresh()
    body = asked.read(messages_request(stream=True).body)
    for _ in range(3):
        local = Local(known, Admission(SetClock()), talker.offers[0], body, LoadedDice(), QUICK)
        with contextlib.suppress(AnswererError):
            await heard(local)
    return [model.engine for model in await known.candidates()]


@pytest.mark.parametrize(
    ("steps", "first"),
    [
        ([EngineError("it is gone")], "rack"),
        ([EngineError("it broke", 500)], "rack"),
        ([chunk({"content": "Hel"})], "rack"),
        ([EngineError("not this one", 400)], "desk"),
        (says("Hello"), "desk"),
    ],
    ids=["gone", "broken", "cut", "refused", "well"],
)
async def test_an_engine_that_fails_three_times_lets_others_go_first(steps, first):
    assert first == (await ordered_after(*steps))[0]


class Waiting(Talker):
    """Has one slot, and answers when it is told to."""

    def __init__(self, **facts):
        self.now = asyncio.Event()
        self.at_once = 0
        super().__init__(self.now.wait, *says("Hello"), **facts)

    async def chat(self, model, body):
        self.at_once += 1
        try:
            async with contextlib.aclosing(super().chat(model, body)) as answer:
                async for data in answer:
                    yield data
        finally:
            self.at_once -= 1


async def settled():
    for _ in range(20):
        await asyncio.sleep(0)


def guests(engine, known, admission, *priorities):
    """One answer for each class, all over the same admission."""
    body = asked.read(messages_request(stream=True).body)
    for number, priority in enumerate(priorities):
        yield Local(
            *(known, admission, engine.offers[0], body, LoadedDice(), QUICK),
            session=f"s{number}",
            priority=priority,
        )


async def test_an_engine_is_asked_no_more_at_once_than_it_has_slots_and_the_person_first():
    engine = Waiting()
    known = Engines([engine], Preference(), SetClock())
    await known.refresh()
    admission = Admission(SetClock())
    order = []

    async def ask(name, local):
        await heard(local)
        order.append(name)

    async with asyncio.timeout(5), asyncio.TaskGroup() as group:
        first, sub, main = guests(
            *(engine, known, admission), *(Priority.MAIN, Priority.SUBAGENT, Priority.MAIN)
        )
        for name, local in (("first", first), ("sub", sub), ("main", main)):
            group.create_task(ask(name, local))
            await settled()
        assert 1 == engine.at_once == len(engine.heard)
        engine.now.set()

    assert ["first", "main", "sub"] == order


async def test_the_slot_is_named_where_the_engine_is_told_one_and_only_there():
    for pins, expected in ((True, 0), (False, None)):
        engine, known, admission = await house(Talker(*says("Hello"), pins=pins))
        (local,) = guests(engine, known, admission, Priority.MAIN)
        await heard(local)
        assert expected == engine.heard[0][1].get("id_slot")


@pytest.mark.parametrize(("beside", "remembered"), [(18, True), (17, False)])
async def test_what_an_answer_came_to_counts_against_the_window_that_all_share(beside, remembered):
    engine, known, admission = await house(Talker(*says("Hello"), pins=True, slots=2))
    (local,) = guests(engine, known, admission, Priority.MAIN)
    await heard(local)  # 11 tokens were read, and 7 written

    model = engine.offers[0]
    async with admission.slot(model, admission.turn("other", Priority.MAIN)) as slot:
        slot.fills(model.context_tokens - beside)
    assert remembered is admission.remembers(model, "s0")


async def test_who_fails_has_given_its_slot_back():
    engine = Talker(EngineError("no memory"))
    known = Engines([engine], Preference(), SetClock())
    await known.refresh()
    admission = Admission(SetClock())

    for local in guests(engine, known, admission, Priority.MAIN, Priority.MAIN):
        await failed(local)

    assert [0, 0] == [(q.busy + q.waiting) for q in admission.queues()] * 2
    assert 2 == len(engine.heard)


async def test_who_has_no_turn_in_time_fails_in_words_and_says_nothing_of_the_engines_health():
    engine = Waiting()
    known = Engines([engine], Preference(), SetClock())
    await known.refresh()
    admission = Admission(SetClock(), wait_s=0.02)
    first, second = guests(engine, known, admission, Priority.MAIN, Priority.MAIN)

    async with asyncio.timeout(5), asyncio.TaskGroup() as group:
        running = group.create_task(heard(first))
        await settled()
        why, items = await failed(second)
        engine.now.set()
        await running

    assert "desk is busy" in why
    assert [] == items
    assert {} == known._health


class Reader(Talker):
    """Reads one prompt after the other, each until it is told to go on; then it speaks."""

    def __init__(self, *steps):
        self.read = asyncio.Semaphore(0)
        self.spoken = asyncio.Event()
        self.spoken.set()
        hello, *rest = says("Hello", " there")
        super().__init__(
            chunk({"role": "assistant"}), self.read.acquire, *steps, hello, self.spoken.wait, *rest
        )


async def house(engine):
    known = Engines([engine], Preference(), SetClock())
    await known.refresh()
    return engine, known, Admission(SetClock())


async def test_who_has_said_nothing_yet_makes_room_for_the_person_and_comes_after():
    engine, known, admission = await house(Reader())
    sub, main = guests(engine, known, admission, Priority.SUBAGENT, Priority.MAIN)

    async with asyncio.timeout(5), asyncio.TaskGroup() as group:
        later = group.create_task(heard(sub))
        await settled()
        now = group.create_task(heard(main))
        await settled()
        assert 1 == engine.left, "its connection was closed"
        assert 2 == len(engine.heard)

        engine.read.release()
        await now
        assert not later.done()
        engine.read.release()
        _, body = await later

    assert ["Hello there"] == [block["said"] for block in blocks_of(body)]
    assert 3 == len(engine.heard)


@pytest.mark.parametrize("stream", [True, False])
async def test_who_has_begun_to_speak_is_heard_to_the_end(stream):
    engine, known, admission = await house(Reader())
    engine.spoken.clear()
    sub, main = guests(engine, known, admission, Priority.SUBAGENT, Priority.MAIN)
    sub._asked = replace(sub._asked, stream=stream)

    async with asyncio.timeout(5), asyncio.TaskGroup() as group:
        first = group.create_task(heard(sub))
        engine.read.release()
        await settled()
        second = group.create_task(heard(main))
        await settled()
        assert 1 == len(engine.heard)

        engine.read.release()
        engine.spoken.set()
        await first
        await second

    assert 0 == engine.left


async def test_nobody_is_sent_away_again_and_again():
    engine, known, admission = await house(Reader())
    sub, *persons = guests(engine, known, admission, Priority.SUBAGENT, *[Priority.MAIN] * 3)

    async with asyncio.timeout(5), asyncio.TaskGroup() as group:
        later = group.create_task(heard(sub))
        await settled()
        for place, main in enumerate(persons):
            now = group.create_task(heard(main))
            await settled()
            assert min(place + 1, 2) == engine.left
            engine.read.release()
            await settled()
            assert (now if place < 2 else later).done()
        engine.read.release()


async def test_a_client_that_leaves_while_its_slot_is_wanted_has_left():
    engine, known, admission = await house(Reader())
    sub, main = guests(engine, known, admission, Priority.SUBAGENT, Priority.MAIN)

    async with asyncio.timeout(5), asyncio.TaskGroup() as group:
        first = group.create_task(heard(sub))
        await settled()
        second = group.create_task(heard(main))
        first.cancel()  # both in one turn of the loop, or nearly
        await settled()
        engine.read.release()
        await second

    assert first.cancelled()
    assert 2 == len(engine.heard)


async def test_how_far_the_server_is_can_be_seen_while_it_reads_and_not_after():
    read = b'data: {"choices": [], "prompt_progress": {"processed": 30, "total": 100}}\n\n'
    engine, known, admission = await house(Reader(read, asyncio.Event().wait))
    (main,) = guests(engine, known, admission, Priority.MAIN)

    async with asyncio.timeout(5), asyncio.TaskGroup() as group:
        answer = group.create_task(heard(main))
        await settled()
        assert main._waiting.active
        engine.read.release()
        await settled()
        assert [30] == [progress.processed for progress in main._waiting._seen]
        answer.cancel()

    assert not main._waiting.active


async def test_what_an_answer_took_is_learned_as_the_server_says_or_by_the_clock():
    engine = Talker(*says("Hello"))
    known = Engines([engine], Preference(), SetClock())
    await known.refresh()
    timings = {"cache_n": 0, "prompt_n": 1_000, "prompt_ms": 10_000}
    told = {"timings": {**timings, "predicted_n": 7, "predicted_ms": 70}, "choices": []}
    speeds = Speeds()
    body = asked.read(messages_request(stream=True).body)
    local = Local(*(known, Admission(SetClock()), MODEL, body, LoadedDice(), QUICK), speeds=speeds)
    engine.steps = [*engine.steps[:-1], b"data: %b\n\n" % dumps(told), engine.steps[-1]]

    await heard(local)

    assert pytest.approx(10.0) == speeds.expected(MODEL, 1_000)


READS = b'data: {"choices": [], "prompt_progress": {"processed": 30, "total": 100}}\n\n'


@pytest.mark.parametrize(
    ("steps", "told"),
    [
        ([READS, *says("Hello")], [None]),
        ([READS, chunk({"content": "Hel"})], [None]),
        ([READS, EngineError("it broke", 500)], [30]),
        ([EngineError("not this one", 400)], []),
    ],
    ids=["whole", "cut", "while it read", "refused"],
)
async def test_how_much_was_read_is_told_while_the_slot_is_still_held(steps, told):
    engine = Talker(*steps)
    known, admission, read = Engines([engine], Preference(), SetClock()), Admission(SetClock()), []
    await known.refresh()
    body = asked.read(messages_request(stream=True).body)

    def has_read(_model, tokens):
        (queue,) = admission.queues()
        assert 1 == queue.busy
        read.append(tokens)

    local = Local(*(known, admission, MODEL, body, LoadedDice(), QUICK), has_read=has_read)
    with contextlib.suppress(AnswererError):
        await heard(local)

    assert told == read

import threading
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from standby.app.local.engines import Engines, Preference
from standby.app.local.fitting import MANY, Fitting, Ready, TooLong
from standby.core.context.measure import weigh
from standby.core.usage import Tokens
from standby.core.wire.asked import read
from standby.core.wire.json import dumps
from tests.fakes.agents import called, gave, grown, request, said, sessions, words
from tests.fakes.clock import SetClock
from tests.fakes.counters import CountingEngine, model, size

pytestmark = pytest.mark.anyio


def asked(body, headers=()):
    return read(dumps(body), headers)


def fitting(engine):
    return Fitting(Engines([engine], Preference(), SetClock()))


def conversation(*sizes, **fields):
    messages = [said("Please.")]
    for number, each in enumerate(sizes):
        messages += [called(number), gave(number, words(each, str(number)))]
    return request(messages, **fields)


async def test_a_short_request_is_not_counted_and_its_answer_gets_what_the_window_leaves():
    engine = CountingEngine(model())

    ready = await fitting(engine).prepared(asked(conversation(500)), model())

    assert [] == engine.counted
    assert () == ready.steps
    assert 16_384 - ready.tokens == ready.chat.body["max_tokens"]


async def test_near_the_limit_the_servers_count_decides():
    body = conversation(30_000)
    fine, coarse = CountingEngine(model(), 4.5), CountingEngine(model(), 2.0)

    whole = await fitting(fine).prepared(asked(body), model())
    cut = await fitting(coarse).prepared(asked(body), model())

    assert 1 == len(fine.counted)
    assert () == whole.steps
    assert round(size(fine.counted[0]) / 4.5) == whole.tokens
    assert cut.steps
    assert size(cut.chat.body) / 2.0 <= 16_384 - 2_048


async def test_what_cannot_fit_is_told_with_the_room_there_is():
    body = request([said(words(90_000)), called(1), gave(1, "ok")])

    found = await fitting(CountingEngine(model())).prepared(asked(body), model())

    assert isinstance(found, TooLong)
    assert 14_336 == found.maximum < found.tokens


async def test_a_server_that_cannot_count_is_sent_what_fits_by_our_own_measure():
    ollama = model(counts=False, truncates=True)
    engine = CountingEngine(ollama, None)
    fits = fitting(engine)

    for _ in range(3):
        ready = await fits.prepared(asked(conversation(*[9_000] * 12)), ollama)
        assert ready.steps
        assert ready.size <= 14_336 * 3
        # It had cut the prompt, and says how few tokens were left of it.
        fits.learned(ollama, ready, Tokens(input=2_000))


async def test_the_measure_learns_from_what_a_server_counted():
    fits = fitting(CountingEngine(model(counts=False), None))
    body = asked(conversation(*[9_000] * 5))
    before = await fits.prepared(body, model(counts=False))

    fits.learned(model(), before, Tokens(input=2_000, cache_read=before.size // 4 - 2_000))
    after = await fits.prepared(body, model(counts=False))

    assert before.steps
    assert () == after.steps
    assert after.size / 3.668 == pytest.approx(after.tokens, abs=1)


async def test_the_measure_does_not_learn_from_itself():
    fits = fitting(CountingEngine(model(), None))
    ready = await fits.prepared(asked(conversation(9_000)), model())

    for _ in range(20):
        fits.learned(model(), ready, Tokens(input=ready.tokens))

    assert fits.tokens(asked(conversation(9_000)), model()) == ready.tokens


async def test_a_server_that_found_a_request_too_long_is_believed_the_next_time():
    unknown = model(context_tokens=None, counts=False)
    fits = fitting(CountingEngine(unknown, None))
    body = asked(conversation(*[9_000] * 5))
    sent = await fits.prepared(body, unknown)

    fits.refused(unknown, sent, 20_000)
    again = await fits.prepared(body, model(counts=False))

    assert () == sent.steps
    assert again.steps
    assert again.size * 20_000 / sent.size <= 14_336


async def test_a_compaction_is_served_whatever_it_takes_and_calls_no_tool():
    body = request([*conversation(*[60_000] * 9)["messages"], said(words(30_000))])
    compaction = asked(body, (("x-claude-code-compaction", "auto"),))

    for ratio in (1.2, 3.0, None):
        ready = await fitting(CountingEngine(model(), ratio)).prepared(compaction, model())

        assert isinstance(ready, Ready)
        assert {} == ready.chat.plan.tools
        assert ready.steps
        if ratio:
            assert size(ready.chat.body) / ratio <= 16_384


async def test_a_compaction_that_fits_keeps_its_tools_in_the_prompt_and_forbids_them():
    compaction = asked(conversation(100), (("x-claude-code-request-class", "compaction"),))

    for window in (None, 65_536):
        offered = model(context_tokens=window)
        ready = await fitting(CountingEngine(offered)).prepared(compaction, offered)
        assert "none" == ready.chat.body["tool_choice"]
        assert ready.chat.body["tools"]


@given(sessions(), st.sampled_from([1.5, 2.6, 3.3, 4.4]))
async def test_nothing_larger_than_the_window_is_ever_sent_to_a_server_that_counts(rounds, ratio):
    engine = CountingEngine(model(), ratio)
    fits = fitting(engine)
    for body in grown(rounds):
        match await fits.prepared(asked(body), model()):
            case Ready(chat, tokens):
                assert size(chat.body) / ratio <= 16_384
                assert tokens + chat.body["max_tokens"] <= 16_384
            case TooLong(tokens, maximum):
                assert maximum < tokens


@given(sessions(most=20), st.sampled_from([2.6, 3.3, 4.4]))
async def test_the_prefix_that_a_server_has_cached_changes_in_few_turns_only(rounds, ratio):
    fits = fitting(CountingEngine(model(), ratio))
    before, changes = None, 0
    for body in grown(rounds):
        ready = await fits.prepared(asked(body), model())
        if isinstance(ready, TooLong):
            break
        now = ready.chat.body["messages"]
        changes += before is not None and before != now[: len(before)]
        before = now

    whole = sum(weigh({"messages": turns}) for turns in rounds)
    portion = 16_384 * 3 / 8
    assert changes <= 2 + 2 * whole / portion


class Watched(list):
    """Messages that remember which threads went through them."""

    def __init__(self, messages):
        super().__init__(messages)
        self.threads = set()

    def __iter__(self):
        self.threads.add(threading.get_ident())
        return super().__iter__()


def watched(body):
    messages = Watched(body["messages"])
    return replace(asked(body), value={**body, "messages": messages}), messages


@pytest.mark.parametrize("window", [16_384, 48_000, 150_000, None])
async def test_while_a_long_conversation_is_fitted_others_go_on(window):
    served = replace(model(), context_tokens=window)
    body, messages = watched(conversation(*[500] * (MANY // 2)))

    ready = await fitting(CountingEngine(served)).prepared(body, served)

    assert isinstance(ready, Ready)
    assert messages.threads
    assert threading.get_ident() not in messages.threads


async def test_a_short_conversation_is_fitted_at_once():
    body, messages = watched(conversation(500))

    await fitting(CountingEngine(model())).prepared(body, model())

    assert {threading.get_ident()} == messages.threads

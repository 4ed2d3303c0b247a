"""What the cloud's answers and refusals mean for one request, its account and its credential."""

import asyncio
import gzip
from dataclasses import replace

import pytest

from standby.adapters.codings.coder import Identity
from standby.app.cloud.candidate import Cloud, labelled
from standby.core.handback import marks
from standby.core.request import Request
from standby.core.wire import messages
from standby.core.wire.headers import SERVED_BY, Head
from standby.core.wire.json import dumps, loads
from standby.ports import AnswererError, UpstreamError
from tests.fakes.answerers import begin, opened, text
from tests.fakes.clock import SetClock
from tests.fakes.line import (
    BARE,
    DOWN,
    ME,
    NO_CREDIT,
    OPUS,
    OVERLOADED,
    STREAM_HEAD,
    Way,
    cut,
    error,
    five_hours,
    for_ever,
    messages_request,
    streamed,
    whole,
)
from tests.fakes.replies import HOUR, NOW

pytestmark = pytest.mark.anyio

REQUEST = messages_request()


def cloud_of(way, *, streamed=True, trying=False):
    return Cloud(way.line, ME, OPUS, streamed=streamed, trying=trying)


async def heard(way, cloud=None, request=REQUEST, said=""):
    async with asyncio.timeout(5):
        return [item async for item in (cloud or cloud_of(way)).answer(request, said)]


async def refused(way, cloud=None):
    with pytest.raises(AnswererError) as raised:
        await heard(way, cloud)
    return raised.value


async def test_an_answer_comes_through_to_the_byte_with_one_header_more():
    steps = streamed("Hello", head=Head(200, (*STREAM_HEAD.headers, ("request-id", "r"))))
    way = Way(steps)

    head, *body = await heard(way)

    assert steps[1:] == body
    assert (*steps[0].headers, (SERVED_BY, "cloud")) == head.headers
    assert [REQUEST] == way.cloud.seen


async def test_a_peer_cannot_say_that_it_is_somebody_else():
    head = Head(200, ((SERVED_BY.upper(), "local"), ("Connection", "close")))

    assert ((SERVED_BY, "cloud"),) == labelled(head).headers


async def test_an_answer_shows_that_the_cloud_knows_the_credential():
    way = Way(whole("Hi"))
    cloud = cloud_of(way)
    await heard(way, cloud)

    assert cloud.vouched
    assert cloud.heard_from
    assert way.fingerprints.remembered(ME)


OWN_MISTAKES = [
    error(400, "messages: at least one message is required", kind="invalid_request_error"),
    error(400, "prompt is too long: 5 tokens > 4 maximum", kind="invalid_request_error"),
    error(401, "invalid x-api-key", kind="authentication_error"),
    error(403, "not for you", kind="permission_error"),
    error(404, "model: nothing", kind="not_found_error"),
    error(413, "too large", kind="request_too_large"),
    [Head(422, ()), b"odd"],
]


@pytest.mark.parametrize("steps", OWN_MISTAKES, ids=range(len(OWN_MISTAKES)))
async def test_a_clients_own_mistake_comes_through_to_the_byte(steps):
    way = Way(steps)
    cloud = cloud_of(way)

    head, body = await heard(way, cloud)

    assert (labelled(steps[0]), steps[1]) == (head, body)
    assert 1 == len(way.cloud.seen)
    assert "open" == way.state()
    assert not cloud.vouched


@pytest.mark.parametrize("status", [401, 403])
async def test_a_credential_that_the_cloud_refuses_is_forgotten(status):
    way = Way(error(status, kind="authentication_error"), accepted=[ME])
    await heard(way)

    assert not way.fingerprints.remembered(ME)


ACCOUNTS_OWN = [
    five_hours(NOW + HOUR),
    NO_CREDIT,
    error(402, "pay", kind="billing_error"),
    error(400, "You have reached your specified API usage limits.", kind="x"),
]


@pytest.mark.parametrize("steps", ACCOUNTS_OWN, ids=range(len(ACCOUNTS_OWN)))
async def test_a_refusal_that_names_the_accounts_limits_shows_that_the_cloud_knows_it(steps):
    way = Way(steps)
    cloud = cloud_of(way)
    refusal = (await refused(way, cloud)).refusal

    assert (steps[0], steps[1]) == (refusal.head, refusal.body)
    assert cloud.vouched
    assert way.fingerprints.remembered(ME)
    assert "exhausted" == way.state()
    assert 1 == len(way.cloud.seen)


ANYBODYS = [
    BARE,
    OVERLOADED,
    DOWN,
    error(500, kind="api_error"),
    error(429, "slow down", ("retry-after", "3600")),
    [Head(307, (("Location", "http://elsewhere.example/"),)), b""],
]


@pytest.mark.parametrize("steps", ANYBODYS, ids=range(len(ANYBODYS)))
async def test_any_other_refusal_shows_nothing_of_the_credential(steps):
    way = Way(steps, burst_wait_s=0.0)
    cloud = cloud_of(way)
    await refused(way, cloud)

    assert cloud.heard_from
    assert not cloud.vouched
    assert not way.fingerprints.remembered(ME)
    assert "open" != way.state()


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_a_redirect_is_neither_followed_nor_passed_on(status):
    way = Way([Head(status, (("Location", "http://elsewhere.example/"),)), b"go"])

    assert (await refused(way)).refusal is None
    assert 1 == len(way.cloud.seen)
    assert "resting" == way.state()


@pytest.mark.parametrize("status", [204, 600, 999])
async def test_a_status_that_the_api_does_not_have_is_a_breakdown(status):
    way = Way([Head(status, (("Content-Type", "text/plain"),)), b"odd"])

    assert (await refused(way)).refusal is None
    assert "resting" == way.state()


@pytest.mark.parametrize("kind", ["application/json", "Application/JSON; charset=utf-8"])
async def test_an_answer_is_known_by_its_type_whatever_its_case(kind):
    way = Way([Head(200, (("Content-Type", kind),)), b"{}"])

    assert b"{}" == (await heard(way))[-1]
    assert way.fingerprints.remembered(ME)


@pytest.mark.parametrize(
    "kind",
    ["text/html; charset=utf-8", "application/octet-stream", "application/json-page", ""],
)
async def test_a_page_is_no_answer_whatever_its_status(kind):
    way = Way([Head(200, (("Content-Type", kind),)), b"<html>Log in"])

    assert (await refused(way)).refusal is None
    assert not way.fingerprints.remembered(ME)


@pytest.mark.parametrize("steps", [BARE, OVERLOADED], ids=["bare", "overloaded"])
async def test_an_overload_is_asked_once_more_after_a_moment(steps):
    way = Way(steps, streamed("Hello"), burst_wait_s=0.01)

    assert streamed("Hello")[1:] == (await heard(way))[1:]
    assert 2 == len(way.cloud.seen)
    assert "open" == way.state()


@pytest.mark.parametrize("steps", [BARE, OVERLOADED], ids=["bare", "overloaded"])
async def test_and_no_more_than_once(steps):
    way = Way(steps, burst_wait_s=0.01)

    assert steps[1] == (await refused(way)).refusal.body
    assert 2 == len(way.cloud.seen)


def complaint(kind="overloaded_error", *before):
    """A stream whose first content is an error event."""
    return [STREAM_HEAD, *before, messages.error("Overloaded", kind).raw]


@pytest.mark.parametrize("before", [(), (begin().raw,), (begin().raw, messages.PING.raw)])
async def test_an_overload_that_comes_as_the_first_event_is_asked_once_more_too(before):
    way = Way(complaint("overloaded_error", *before), streamed("Hello"), burst_wait_s=0.01)

    assert streamed("Hello")[1:] == (await heard(way))[1:]
    assert 2 == len(way.cloud.seen)
    assert "open" == way.state()


async def test_nor_is_that_asked_more_than_once_and_it_counts_each_time():
    way = Way(complaint(), burst_wait_s=0.01)

    assert "Overloaded" == str(await refused(way))
    assert 2 == len(way.cloud.seen)
    assert "resting" == way.state()


async def test_an_overload_in_a_coding_is_read_all_the_same():
    data = gzip.compress(messages.error("Overloaded", "overloaded_error").raw)
    head = Head(200, (*STREAM_HEAD.headers, ("Content-Encoding", "gzip")))
    way = Way([head, data[:10], data[10:]], streamed("Hello"), burst_wait_s=0.01)

    assert streamed("Hello")[1:] == (await heard(way))[1:]


async def test_an_overload_ahead_of_a_block_is_a_refusal_also_in_one_read_with_it():
    read = messages.error("Overloaded", "overloaded_error").raw + opened(0, "text").raw
    way = Way([STREAM_HEAD, read], streamed("Hello"), burst_wait_s=0.01)

    assert streamed("Hello")[1:] == (await heard(way))[1:]
    assert 2 == len(way.cloud.seen)


class Read(Identity):
    """Notes what is decoded."""

    def __init__(self):
        self.decoded = []

    def decode(self, data):
        self.decoded.append(data)
        return super().decode(data)


async def test_a_beginning_that_shows_an_answer_is_decoded_by_whoever_reads_on_and_not_here():
    coder, read = Read(), b"".join(streamed("Hello")[1:])
    way = Way([STREAM_HEAD, read])
    way.line.coder_for = lambda _: coder

    assert [read] == (await heard(way))[1:]
    assert [] == coder.decoded


async def test_an_error_of_another_kind_as_the_first_event_is_left_to_others_at_once():
    way = Way(complaint("api_error"), burst_wait_s=0.01)
    await refused(way)

    assert 1 == len(way.cloud.seen)


async def test_once_a_block_has_begun_an_overload_is_no_refusal_any_more():
    steps = [*streamed("Hello")[:3], messages.error("Overloaded", "overloaded_error").raw]
    way = Way(steps, burst_wait_s=0.01)

    assert steps[1:] == (await heard(way))[1:]
    assert 1 == len(way.cloud.seen)


async def test_a_beginning_that_nobody_can_read_is_passed_on_as_it_came():
    head = Head(200, (*STREAM_HEAD.headers, ("Content-Encoding", "gzip")))
    way = Way([head, b"no gzip", b"at all"])

    assert [b"no gzip", b"at all"] == (await heard(way))[1:]


async def test_a_beginning_without_end_is_left_to_whoever_reads_on():
    pings = [messages.PING.raw * 100] * 30
    way = Way([STREAM_HEAD, *pings, for_ever])
    items = cloud_of(way).answer(REQUEST, "")

    async with asyncio.timeout(5):
        assert pings == [await anext(items) for _ in range(31)][1:]
    await items.aclose()


async def test_when_many_fail_at_once_only_a_share_is_asked_once_more():
    way = Way(OVERLOADED, burst_wait_s=0.01)
    async with asyncio.TaskGroup() as group:
        for _ in range(20):
            group.create_task(refused(way))

    assert 20 + 4 == len(way.cloud.seen)


async def test_a_short_burst_is_waited_for_within_the_budget():
    way = Way(error(429, "burst", ("retry-after", "2")), whole("Hi"), burst_wait_s=5.0)
    way.line = replace(way.line, clock=SetClock(NOW + 1.99))  # nearly over when it was read

    assert 2 == len(await heard(way))
    assert 2 == len(way.cloud.seen)


async def test_a_burst_that_lasts_longer_than_the_budget_is_left_to_others():
    way = Way(error(429, "burst", ("retry-after", "30")), burst_wait_s=5.0)
    await refused(way)

    assert 1 == len(way.cloud.seen)
    assert "resting" == way.state()


@pytest.mark.parametrize(
    "steps", [DOWN, error(500), error(503), five_hours(NOW + HOUR)], ids=range(4)
)
async def test_nothing_else_is_asked_twice(steps):
    way = Way(steps)
    await refused(way)

    assert 1 == len(way.cloud.seen)


@pytest.mark.parametrize(("streams", "silent"), [(True, "first_byte_s"), (False, "whole_s")])
async def test_a_cloud_that_says_nothing_is_given_up(streams, silent):
    way = Way([asyncio.Event().wait], **{silent: 0.01})
    failed = await refused(way, cloud_of(way, streamed=streams))

    assert "silent" in str(failed)
    assert "resting" == way.state()
    assert 1 == way.cloud.left


async def test_a_cloud_that_falls_silent_is_given_up():
    way = Way([STREAM_HEAD, begin().raw, asyncio.Event().wait], idle_s=0.01)

    assert "silent" in str(await refused(way))


async def test_an_upstream_without_a_head_is_a_breakdown():
    assert "no head" in str(await refused(Way([])))


async def test_an_answer_that_breaks_off_counts_against_the_cloud():
    way = Way(cut("Hello"))
    await refused(way)

    assert "resting" == way.state()


async def test_a_stream_that_turns_out_a_refusal_counts_as_one():
    way = Way(streamed("Hello"))
    cloud = cloud_of(way)
    await heard(way, cloud)

    cloud.broken(messages.error("Overloaded", "overloaded_error").data)

    assert "resting" == way.state()


async def test_a_stream_that_just_ends_counts_as_a_breakdown():
    way = Way(streamed("Hello"))
    cloud = cloud_of(way)
    await heard(way, cloud)

    cloud.broken(None)

    assert "resting" == way.state()


async def test_who_leaves_closes_the_connection():
    way = Way([STREAM_HEAD, begin().raw, opened(0, "text").raw, text(0, "Hello").raw])
    items = cloud_of(way).answer(REQUEST, "")
    await anext(items)
    await anext(items)
    await items.aclose()

    assert 1 == way.cloud.left


async def test_a_try_that_is_served_ends_the_block():
    way = Way(five_hours(NOW + HOUR), whole("Hi"))
    await refused(way)
    assert "exhausted" == way.state()

    await heard(way, cloud_of(way, trying=True))

    assert "open" == way.state()


async def test_the_cloud_does_not_go_on_after_others():
    way = Way(whole("Hi"))
    cloud = cloud_of(way)
    with pytest.raises(AnswererError):
        await heard(way, cloud, said="Hello ")

    assert [] == way.cloud.seen
    assert not cloud.heard_from


async def test_what_is_ours_stays_here_and_the_rest_goes_to_the_byte():
    ours = {"type": "thinking", "thinking": "x", "signature": marks.NOTICE}
    said = {"type": "text", "text": "Hello"}
    turns = [
        {"role": "user", "content": "Hi"},
        {"role": "assistant", "content": [ours, said]},
        {"role": "user", "content": "and?"},
    ]
    way = Way(whole("Hi"))

    await heard(way, request=replace(REQUEST, body=dumps({"messages": turns, "model": OPUS})))

    [sent] = way.cloud.seen
    assert [said] == loads(sent.body)["messages"][1]["content"]


@pytest.mark.parametrize("body", [b'{"messages" : [ ] , "n":1e400}', b"not JSON", b"", b"\xff"])
async def test_a_body_without_our_marks_goes_as_it_came(body):
    way = Way(whole("Hi"))
    await heard(way, request=Request("POST", "/v1/messages", (), body))

    assert [body] == [request.body for request in way.cloud.seen]


async def test_the_words_of_a_refusal_are_kept_for_people():
    assert "the cloud said 500: it hurts" == str(await refused(Way(error(500, "it hurts"))))
    assert "the cloud said 500" == str(await refused(Way([Head(500, ()), b"\xff"])))


async def test_a_refusal_without_end_is_cut(monkeypatch):
    monkeypatch.setattr("standby.app.cloud.candidate.MAX_ERROR_BYTES", 10)
    way = Way([Head(500, ()), *[b"1234"] * 5, UpstreamError("never read")])

    assert b"123412341234" == (await refused(way)).refusal.body
    assert 1 == way.cloud.left

import pytest
from hypothesis import given
from hypothesis import strategies as st

from standby.core.context.measure import Gauge, in_use, weigh
from standby.core.wire.json import dumps
from tests.fakes.agents import SYSTEM, TOOLS, called, gave, request, said, words
from tests.fakes.conversations import odd_requests


def weight(**body):
    return weigh(body)


def turns(*content):
    return weigh({"messages": [{"role": "user", "content": list(content)}]})


@given(odd_requests)
def test_any_request_has_a_weight(body):
    assert weigh(body) >= 0
    assert weigh(body, sees=True) >= weigh(body)


def test_what_stays_here_weighs_nothing():
    one = request([said("hello")])
    other = request(
        [said("hello")],
        metadata={"user_id": "x" * 500},
        context_management={"edits": [{"type": "x" * 500}]},
        system=SYSTEM[1:],
    )
    deferred = [*TOOLS, {"name": "Web", "input_schema": {"x": "y" * 900}, "defer_loading": True}]

    assert weigh(one) == weigh(other) == weigh(request([said("hello")], tools=deferred))
    assert turns() == turns({"type": "thinking", "thinking": "hm " * 90, "signature": "s" * 900})


def test_a_deferred_tool_weighs_something_once_it_was_loaded():
    tools = [{"name": "Web", "input_schema": {"x": "y" * 900}, "defer_loading": True}]
    loaded = gave(1, [{"type": "tool_reference", "tool_name": "Web"}])

    assert weigh(request([loaded], tools=[])) + 900 < weigh(request([loaded], tools=tools))
    assert frozenset({"Web"}) == in_use(request([loaded], tools=tools))


def test_a_string_and_one_block_of_text_weigh_the_same():
    block = [{"type": "text", "text": "äöü and so on"}]

    assert weight(messages=[{"role": "user", "content": "äöü and so on"}]) == turns(*block)
    assert weight(system="äöü and so on") == weight(system=block)


def test_an_image_weighs_what_it_comes_to_and_not_what_its_base64_takes():
    image = {"type": "image", "source": {"type": "base64", "data": "x" * 2_000_000}}
    body = {"messages": [{"role": "user", "content": [image]}]}

    assert weigh(body) < 200
    assert 3_000 < weigh(body, sees=True) < 6_000


def test_tools_in_use_are_those_called_loaded_or_forced():
    body = request([called(1, "Read")], tool_choice={"type": "tool", "name": "Bash"})

    assert frozenset({"Read", "Bash"}) == in_use(body)


def test_schemas_of_any_depth_are_weighed():
    deep = {}
    for _ in range(900):
        deep = {"properties": deep}

    assert weight(tools=[{"name": "a", "input_schema": deep}]) > 900 * 10


def test_the_weight_is_near_the_bytes_of_a_request_that_the_model_reads_whole():
    body = request([said(words(5_000)), called(1), gave(1, words(9_000))], system=SYSTEM[1:])
    bare = {name: body[name] for name in ("system", "tools", "messages")}

    assert len(dumps(bare)) == pytest.approx(weigh(body), rel=0.1)


@given(st.integers(0, 10**9), st.integers(700, 5_000))
def test_bytes_and_tokens_agree_on_what_fits(size, ratio):
    gauge = Gauge(ratio)
    tokens = gauge.tokens(size)

    assert gauge.bytes(tokens) >= size
    assert tokens == 0 or gauge.bytes(tokens - 1) < size


def test_a_gauge_falls_at_once_and_rises_only_when_it_is_far_off():
    assert Gauge(2_000) == Gauge().learned(22_000, 10_000)
    assert Gauge(3_000) == Gauge().learned(34_000, 10_000)
    assert Gauge(3_668) == Gauge().learned(40_000, 10_000)
    assert Gauge(3_668) == Gauge(3_668).learned(41_000, 10_000)


@given(st.integers(2_000, 10**6), st.floats(0.8, 4.9))
def test_what_was_learned_is_near_the_truth_and_on_the_safe_side(size, ratio):
    tokens = round(size / ratio)
    gauge = Gauge(5_000).learned(size, tokens)

    if gauge.known:
        assert tokens <= gauge.tokens(size) <= tokens * 1.15 + 1


def test_a_gauge_learns_nothing_from_a_short_prompt_and_has_bounds():
    assert Gauge() == Gauge().learned(300, 499)
    assert Gauge(4_757) == Gauge().learned(900_000, 1_000)
    assert Gauge(707) == Gauge().learned(1_000, 900_000)
    assert Gauge(3_000) == Gauge().learned(900_000, 1_000, most=3_000)


@given(st.integers(1, 10**7), st.integers(1, 10**6), st.integers(700, 5_000))
def test_a_lowered_gauge_agrees_that_it_does_not_fit(size, room, ratio):
    gauge = Gauge(ratio).lowered(size, room)

    assert gauge.per_thousand <= ratio
    assert gauge.tokens(size) > room or size * 1000 // 707 <= room


@given(st.lists(st.tuples(st.integers(0, 10**7), st.integers(0, 10**7))))
def test_whatever_a_server_says_a_gauge_stays_within_its_bounds(counts):
    gauge = Gauge()
    for size, tokens in counts:
        gauge = gauge.learned(size, tokens)

    assert 700 <= gauge.per_thousand <= 5_000

"""The Model Context Protocol: messages in, messages out."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from standby.cli.inside.protocol import VERSIONS, Call, received, result_of
from standby.cli.inside.tools import TOOLS

json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=6,
)
methods = st.sampled_from(["initialize", "ping", "tools/list", "tools/call", "odd"]) | st.text()
messages = st.fixed_dictionaries(
    {"jsonrpc": st.just("2.0") | json_values},
    optional={
        "id": st.integers(0, 9) | st.text(max_size=3) | json_values,
        "method": methods | json_values,
        "params": json_values,
        "result": json_values,
    },
)


def ask(method, params=None, id_=1):
    message = {"jsonrpc": "2.0", "id": id_, "method": method}
    return received(json.dumps(message | ({"params": params} if params else {})).encode(), "1.0")


def code(reply):
    return reply["error"]["code"]


@pytest.mark.parametrize("wanted", VERSIONS)
def test_a_version_that_we_know_is_spoken(wanted):
    result = ask("initialize", {"protocolVersion": wanted, "capabilities": {}})["result"]

    assert wanted == result["protocolVersion"]
    assert ("standby", "1.0") == (result["serverInfo"]["name"], result["serverInfo"]["version"])
    assert {"tools": {"listChanged": False}} == result["capabilities"]


@pytest.mark.parametrize("params", [None, {"protocolVersion": "2099-01-01"}, [3]])
def test_of_others_the_newest_that_we_know_is_offered(params):
    assert VERSIONS[0] == ask("initialize", params)["result"]["protocolVersion"]


def test_a_ping_is_answered():
    assert {"jsonrpc": "2.0", "id": "a", "result": {}} == ask("ping", id_="a")


def test_the_tools_are_listed_with_what_they_take():
    tools = ask("tools/list")["result"]["tools"]

    assert [*TOOLS] == [tool["name"] for tool in tools]
    assert all(tool["inputSchema"]["type"] == "object" for tool in tools)
    assert {True} == {tool["annotations"]["readOnlyHint"] for tool in tools[:1]}


def test_a_call_is_handed_on():
    assert Call(7, ("status",)) == ask("tools/call", {"name": "status", "arguments": {}}, 7)


def test_a_wrong_argument_is_told_to_the_model_and_not_to_the_client():
    reply = ask("tools/call", {"name": "status", "arguments": {"odd": 1}})

    assert reply["result"]["isError"]
    assert "takes no 'odd'" in reply["result"]["content"][0]["text"]


@pytest.mark.parametrize("params", [None, {}, {"name": "odd"}, {"name": 3}, [1]])
def test_a_tool_that_there_is_not_is_an_error_of_the_protocol(params):
    assert -32602 == code(ask("tools/call", params))


@pytest.mark.parametrize("method", ["server/discover", "resources/list", "prompts/list", ""])
def test_a_method_that_there_is_not_is_answered(method):
    assert -32601 == code(ask(method))


@pytest.mark.parametrize(
    "message",
    [
        {"method": "notifications/initialized"},
        {"method": "notifications/cancelled", "params": {"requestId": 1}},
        {"method": "tools/call", "params": {"name": "odd"}},
        {"id": 3, "result": {}},
        {"id": None, "error": {"code": 1}},
    ],
)
def test_what_asks_nothing_is_not_answered(message):
    assert received(json.dumps({"jsonrpc": "2.0"} | message).encode(), "1.0") is None


@pytest.mark.parametrize(
    "line",
    [b"[]", b"3", b'{"id": 1, "method": "ping"}', b'{"jsonrpc": "2.0", "id": null, "method": "x"}'],
)
def test_what_is_no_request_is_said_to_be_none(line):
    reply = received(line, "1.0")

    assert (-32600, None) == (code(reply), reply["id"])


@pytest.mark.parametrize("line", [b"{", b"", b"\xff", b"oops"])
def test_what_is_no_json_is_said_to_be_none(line):
    assert -32700 == code(received(line, "1.0"))


@given(messages | json_values)
def test_whatever_comes_there_is_an_answer_or_none_is_due(message):
    reply = received(json.dumps(message).encode(), "1.0")

    if isinstance(reply, dict):
        assert "2.0" == reply["jsonrpc"]
        assert ("result" in reply) != ("error" in reply)
        if "result" in reply:
            assert message["id"] == reply["id"]


def test_what_a_tool_said_is_text_and_whether_it_went_well():
    expected = {"content": [{"type": "text", "text": "so"}], "isError": True}

    assert {"jsonrpc": "2.0", "id": 4, "result": expected} == result_of(4, "so", well=False)

import io
import json
import subprocess
import sys
import threading

from standby.cli.inside.calling import Answer
from standby.cli.mcp import converse
from tests.fakes.gateway import running_gateway

HELLO = {"method": "initialize", "params": {"protocolVersion": "2025-06-18"}}
STATUS = {"method": "tools/call", "params": {"name": "status"}}


def lines(*messages):
    return b"".join(
        json.dumps({"jsonrpc": "2.0", **message}).encode() + b"\n" for message in messages
    )


def conversed(said, call=lambda _: Answer("well", well=True)):
    out = io.BytesIO()
    converse(io.BytesIO(said), out, call)
    return [json.loads(line) for line in out.getvalue().splitlines()]


def test_each_request_has_its_answer_and_a_notification_none():
    replies = conversed(
        lines({"id": 0, **HELLO}, {"method": "notifications/initialized"}, {"id": "b", **STATUS})
    )

    assert {0, "b"} == {reply["id"] for reply in replies}
    assert "2025-06-18" == replies[0]["result"]["protocolVersion"]
    assert "well" == replies[1]["result"]["content"][0]["text"]


def test_blank_lines_are_skipped_and_an_endless_one_is_no_request():
    replies = conversed(b"\n \r\n" + b"x" * 3_000_000 + b"\n" + lines({"id": 1, "method": "ping"}))

    assert [-32700, None] == [replies[0]["error"]["code"], replies[0]["id"]]
    assert {"jsonrpc": "2.0", "id": 1, "result": {}} == replies[1]
    assert 2 == len(replies)


class Pipe(io.RawIOBase):
    """Gives its lines one by one, the last ones when they may come."""

    def __init__(self, first, then, may):
        self._lines = [*first, None, *then]
        self._may = may

    def readline(self, _most=-1):
        if not self._lines:
            return b""
        line = self._lines.pop(0)
        if line is None:
            assert self._may.wait(5)
            return self.readline()
        return line


def test_a_tool_that_takes_its_time_holds_up_nothing():
    asked, pinged = threading.Event(), threading.Event()

    class Out(io.BytesIO):
        def write(self, data):
            if b'"result":{}' in data:
                pinged.set()
            return super().write(data)

    def slow(_words):
        asked.set()
        return Answer("at last", well=pinged.wait(5))

    out = Out()
    come = Pipe([lines({"id": 1, **STATUS})], [lines({"id": 2, "method": "ping"})], asked)
    converse(come, out, slow)
    replies = [json.loads(line) for line in out.getvalue().splitlines()]

    assert [2, 1] == [reply["id"] for reply in replies]
    assert not replies[1]["result"]["isError"]


def process(environment, said):
    return subprocess.run(
        [sys.executable, "-P", "-m", "standby", "mcp"],
        input=said,
        env=environment,
        capture_output=True,
        timeout=20,
        check=True,
    )


def test_the_process_speaks_of_the_gateway_and_ends_with_its_input(environment, where):
    with running_gateway(where):
        done = process(environment, lines({"id": 0, **HELLO}, {"id": 1, **STATUS}))
    replies = {reply["id"]: reply for reply in map(json.loads, done.stdout.splitlines())}

    assert b"" == done.stderr
    assert not replies[1]["result"]["isError"]
    assert "the cloud answers" in replies[1]["result"]["content"][0]["text"]


def test_without_a_gateway_the_tool_says_so_and_the_client_is_not_held_up(environment):
    done = process(environment, lines({"id": 1, **STATUS}))
    [reply] = map(json.loads, done.stdout.splitlines())

    assert reply["result"]["isError"]
    assert "no gateway is running" in reply["result"]["content"][0]["text"]

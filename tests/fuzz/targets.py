"""What reads the bytes of others, each as a function: nothing but its own error may come of it.

One more reader is one more entry of :data:`TARGETS`, and a few bytes to begin with in
:data:`SEEDS`. Hypothesis runs them all with the tests; ``make fuzz`` runs each for longer, guided
by what is executed.
"""

import tomllib
from collections.abc import Callable, Mapping
from itertools import count, pairwise
from typing import Final

from standby.adapters.codings import coder_for
from standby.core.dialects.openai_chat.plan import Plan
from standby.core.dialects.openai_chat.reply import BrokenReplyError, Reply
from standby.core.dialects.openai_chat.request import to_chat
from standby.core.exchange import Came, Ended, Exchange, Failed, Stage, Start
from standby.core.handback.clean import clean
from standby.core.models.facts import LocalModel
from standby.core.models.gguf import Fault, Header, read_header
from standby.core.quota.classify import classify
from standby.core.quota.machine import QuotaRules
from standby.core.quota.reply import Reply as CloudsReply
from standby.core.quota.saved import from_json, to_json
from standby.core.settings import Settings
from standby.core.settings.faults import Faults
from standby.core.settings.parse import parse
from standby.core.usage import Tokens
from standby.core.wire import asked
from standby.core.wire.asked import Asked
from standby.core.wire.glance import glance
from standby.core.wire.http1 import Answer, NotHTTPError
from standby.core.wire.json import NotJSONError, dumps, loads
from standby.core.wire.sse import Decoder, Frame, FrameTooLargeError
from standby.ports import CodingError
from standby.testing import answers, stream_rules
from standby.testing.faults import FAULTS
from tests.fakes.gguf_files import gguf
from tests.fakes.rooms import READERS

__all__ = ["SEEDS", "TARGETS"]

NOW: Final = 1_795_000_000.0
MODEL: Final = LocalModel("desk", "coder", "http://127.0.0.1:1", context_tokens=32_768, tools=True)
PLAN: Final = Plan(tools={"Read": "Read", "Bash": "Bash"}, thinks=True)


def cut(data: bytes) -> tuple[bytes, list[bytes]]:
    """Take the first three bytes for places where the network cuts the rest."""
    places, rest = data[:3], data[3:]
    borders = sorted({0, len(rest), *(place % (len(rest) + 1) for place in places)})
    return rest, [rest[a:b] for a, b in pairwise(borders)]


def events(data: bytes) -> None:
    """Any cut gives the same events, and every byte is in one of them or left over."""
    whole, pieces = cut(data)
    one, other = Decoder(), Decoder()
    try:
        found = one.receive_data(whole)
        again = [frame for piece in pieces for frame in other.receive_data(piece)]
    except FrameTooLargeError:
        return
    assert [(f.name, f.data) for f in found] == [(f.name, f.data) for f in again]
    assert whole == b"".join(frame.raw for frame in found) + one.rest


def http(data: bytes) -> None:
    """An answer is read or refused, whatever the cuts; its body is no longer than what came."""
    whole, pieces = cut(data)
    answer, said = Answer("POST"), 0
    try:
        for piece in pieces:
            if answer.done:
                return
            found = answer.receive(piece)
            said += sum(len(part) for part in found if isinstance(part, bytes))
        answer.end()
    except NotHTTPError:
        return
    assert said <= len(whole)


def request(data: bytes) -> None:
    """A body is a request or malformed; what is a request can be told to any local model."""
    seen = glance(data)
    read = asked.read(data, ())
    clean(data)
    match read:
        case Asked(model=model, stream=stream):
            if seen is not None:
                assert (seen.model, seen.stream) == (model, stream)
            dumps(dict(to_chat(read, MODEL, max_tokens=512).body))
        case _:
            pass


def cleaned(data: bytes) -> None:
    """What is cut out of a body leaves a body."""
    made = clean(data).body
    try:
        loads(data)
    except NotJSONError:
        return
    loads(made)


def reply(data: bytes) -> None:
    """A chat completion's stream becomes a message in order, or is broken."""
    _, pieces = cut(data)
    numbers = count(1)
    made = Reply(PLAN, "local/tiny", lambda prefix, length: f"{prefix}{next(numbers):0{length}}")
    try:
        frames = [frame for piece in pieces for frame in made.receive(piece)]
        frames += made.end()
    except (BrokenReplyError, FrameTooLargeError):
        return
    reading = stream_rules.read(frames)
    assert not reading.problems, reading.problems
    assert reading.ended == "stop"


def exchange(data: bytes) -> None:
    """An exchange ends, whatever the first answerer says, and however the second goes on."""
    try:
        frames = Decoder().receive_data(data)
    except FrameTooLargeError:
        return
    half = len(frames) // 2
    held = Exchange(("cloud", "local"), frozenset({"local"}))
    told = [Start(), *map(Came, frames[:half]), Failed("reset"), *map(Came, frames[half:])]
    for event in [*told, Ended(), Failed("the end"), Failed("the end")]:
        for _ in held.handle(event):
            pass
    assert held.stage is Stage.DONE


def quota(data: bytes) -> None:
    """An answer of the cloud means something or nothing; a saved state is read back as it was."""
    head, _, body = data.partition(b"\n\n")
    lines = [line.partition(":") for line in head.decode(errors="replace").splitlines()]
    headers = tuple((name.strip(), value.strip()) for name, _, value in lines)
    status = (data[0] * 4) if data else 0
    classify(CloudsReply(status, headers, body, "claude-opus-5-5"), NOW, READERS)
    try:
        value = loads(body)
    except NotJSONError:
        return
    state = from_json(value, NOW, QuotaRules())
    assert state == from_json(to_json(state), NOW, QuotaRules())


def model_file(data: bytes) -> None:
    """A header is read or faulty, and asks for no more than is there."""

    def read_at(offset: int, size: int) -> bytes:
        assert size < 5_000_000
        return data[offset : offset + size]

    assert isinstance(read_header(read_at, len(data)), Header | Fault)


def settings(data: bytes) -> None:
    """Settings are read, or their faults are told."""
    try:
        mapping = tomllib.loads(data.decode())
    except (UnicodeDecodeError, tomllib.TOMLDecodeError, RecursionError):
        return
    assert isinstance(parse(mapping), Settings | Faults)


def coded(data: bytes) -> None:
    """A body in a coding is decoded or refused, and does not grow beyond measure."""
    names = ("gzip", "deflate", "br", "zstd", "gzip, br")
    coding = names[data[0] % len(names)] if data else ""
    whole, pieces = cut(data[1:])
    coder, plain = coder_for(coding), b""
    try:
        for piece in pieces:
            plain += coder.decode(piece)
    except CodingError:
        return
    assert len(plain) <= max(64 * 1024 * 1024, len(whole))


TARGETS: Final[Mapping[str, Callable[[bytes], None]]] = {
    "events": events,
    "http": http,
    "request": request,
    "cleaned": cleaned,
    "reply": reply,
    "exchange": exchange,
    "quota": quota,
    "model_file": model_file,
    "settings": settings,
    "coded": coded,
}
"""Every reader by its name."""


def _told() -> tuple[Frame, ...]:
    blocks = (
        {"type": "thinking", "thinking": "let me see", "signature": "EpAC"},
        {"type": "text", "text": "one two three four five"},
        {"type": "tool_use", "id": "toolu_1", "name": "Read", "input": {"path": "a.txt"}},
    )
    usage = Tokens(input=3, output=5)
    return answers.frames(answers.Answer("msg_1", "claude-opus-5-5", blocks, "tool_use", usage))


def _stream() -> bytes:
    return b"".join(frame.raw for frame in _told())


def _chat() -> bytes:
    calls = [{"index": 0, "id": "c", "function": {"name": "Read", "arguments": '{"path": "a"}'}}]
    deltas = ({"reasoning_content": "hm"}, {"content": "red "}, {"tool_calls": calls})
    values = [{"choices": [{"index": 0, "delta": delta}]} for delta in deltas]
    values.append({"choices": [{"index": 0, "delta": {}, "finish_reason": "tool_calls"}]})
    values.append({"choices": [], "usage": {"prompt_tokens": 3, "completion_tokens": 5}})
    return b"".join(b"data: %b\n\n" % dumps(value) for value in values) + b"data: [DONE]\n\n"


def _asked() -> bytes:
    turns = [
        {"role": "user", "content": [{"type": "text", "text": "read it"}]},
        {
            "role": "assistant",
            "content": [
                {"type": "thinking", "thinking": "hm", "signature": "c3RhbmRieQ"},
                {"type": "tool_use", "id": "t1", "name": "Read", "input": {"path": "a"}},
            ],
        },
        {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "t1", "content": "x"}]},
    ]
    schema = {"type": "object", "properties": {"path": {"type": "string"}}}
    tools = [{"name": "Read", "description": "Reads", "input_schema": schema}]
    value = {"model": "claude-opus-5-5", "max_tokens": 64, "stream": True, "messages": turns}
    return dumps({**value, "tools": tools, "system": "be kind", "thinking": {"type": "adaptive"}})


_ANSWER: Final = (
    b"\x05\x40\x90HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n"
    b"transfer-encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n"
)
_REFUSAL: Final = (
    b"k\nanthropic-ratelimit-unified-status: rejected\nretry-after: 7\n"
    b"anthropic-ratelimit-unified-reset: 1795003600\n\n"
    b'{"type":"error","error":{"type":"rate_limit_error","message":"no"}}'
)
_SAVED: Final = b'x\n\n{"quotas":[{"state":"exhausted","until":1795003600,"claim":"five_hour"}]}'

SEEDS: Final[Mapping[str, tuple[bytes, ...]]] = {
    "events": (b"\x05\x40\x90" + _stream(), b"abcdata: a\r\n\r\n: b\r\rid: 7\n\n"),
    "http": (_ANSWER, b"\x01\x02\x03HTTP/1.0 204 No Content\r\n\r\n"),
    "request": (_asked(),),
    "cleaned": (_asked(),),
    "reply": (b"\x05\x40\x90" + _chat(),),
    "exchange": (
        _stream() + _stream(),
        *(b"".join(FAULTS[name](_told()).data) + _stream() for name in sorted(FAULTS)),
    ),
    "quota": (_REFUSAL, _SAVED),
    "model_file": (gguf(),),
    "settings": (b'[cloud]\nurl = "http://127.0.0.1:1"\n[[local.servers]]\nname = "a"\n',),
    "coded": (b"\x00abc\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03\x4b\x04\x00\x43\xbe\xb7\xe8\x01",),
}
"""Sound bytes for each, to begin with."""

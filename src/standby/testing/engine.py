"""A local engine on this machine that speaks chat completions and fails as it is told.

It says one sentence, or calls the first tool that it is offered when the words ask for it, and
remembers everything that it was sent::

    async with FakeEngine() as engine:
        engine.break_next("truncated")
        ...
        assert not [one for one in engine.requests if one.header("cookie")]
"""

import asyncio
import time
from collections import deque
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Final, Literal, Self

from aiohttp import web

from standby.core.wire.json import JSON, NotJSONError, dumps, loads
from standby.testing import raw
from standby.testing.faults import Ending
from standby.testing.hostile import HOSTILE, Honest, Hostile, Step, chunk, chunked, head
from standby.testing.judge import ENGINE_SAYS
from standby.testing.log import Received
from standby.testing.place import Place, headers_of

__all__ = ["ENGINE_FAULTS", "MODEL", "FakeEngine", "Style"]

MODEL: Final = "stand-in"
WINDOW: Final = 32_768

_BODY_DEADLINE_S: Final = 30
_MAX_BODY_BYTES: Final = 64 * 1024 * 1024
_JSON: Final = (("content-type", "application/json"),)
_STREAM: Final = (("content-type", "text/event-stream"),)
_PIECE: Final = 9
"""Characters in one chunk of text."""

Style = Literal["openai", "llamacpp"]
"""Whether it tells no more than the OpenAI API does, or what llama.cpp's server tells besides."""


class FakeEngine:
    """A server of chat completions, from entering the context to leaving it."""

    def __init__(
        self,
        *,
        style: Style = "openai",
        port: int = 0,
        trap: str = "http://127.0.0.1:9",
        says: str = ENGINE_SAYS,
        pace_s: float = 0.0,
    ) -> None:
        """Describe an engine.

        ``trap``: where its redirects lead, if it is told to send any. ``pace_s``: seconds between
        two chunks of an answer that does not fail.
        """
        self._style = style
        self._trap = trap
        self._says = says
        self._pace_s = pace_s
        self._log: list[Received] = []
        self._faults: deque[str] = deque()
        self._closing = asyncio.Event()
        self._place = Place(self._serve, port, _MAX_BODY_BYTES)

    async def __aenter__(self) -> Self:
        await self._place.open()
        return self

    async def __aexit__(self, *_why: object) -> None:
        self._closing.set()
        await self._place.close()

    @property
    def style(self) -> Style:
        """What it tells of itself."""
        return self._style

    @property
    def url(self) -> str:
        """Where it listens, without a slash at the end."""
        return self._place.url

    @property
    def requests(self) -> tuple[Received, ...]:
        """Everything it was asked, in the order of arrival."""
        return tuple(self._log)

    @property
    def chats(self) -> int:
        """How often it was asked for an answer."""
        return sum(one.path.endswith("/chat/completions") for one in self._log)

    def break_next(self, fault: str, times: int = 1) -> None:
        """Let the next answers go wrong in the way of that name."""
        if fault not in ENGINE_FAULTS:
            raise ValueError(f"no fault named {fault!r}; there are {', '.join(ENGINE_FAULTS)}")
        self._faults.extend([fault] * times)

    def mend(self) -> None:
        """Forget what was to go wrong and has not yet."""
        self._faults.clear()

    @asynccontextmanager
    async def unreachable(self) -> AsyncIterator[None]:
        """Refuse every connection while the context lasts; those that are open are closed."""
        async with self._place.unreachable():
            yield

    async def _serve(self, request: web.Request) -> web.StreamResponse:
        async with asyncio.timeout(_BODY_DEADLINE_S):
            body = await request.read()
        received = Received(
            time.time(), request.method, request.raw_path, headers_of(request), body
        )
        self._log.append(received)
        at = len(self._log) - 1
        match request.method, received.path:
            case "GET", "/v1/models":
                return _answer(_models(self._style))
            case "GET", "/props" if self._style == "llamacpp":
                return _answer(_PROPS)
            case "POST", "/v1/chat/completions/input_tokens" if self._style == "llamacpp":
                return _answer({"input_tokens": len(body) // 4})
            case "POST", "/v1/chat/completions":
                try:
                    return await self._chat(request, at)
                except asyncio.CancelledError:
                    self._note(at, left=True)
                    raise
                except ConnectionError:
                    self._note(at, left=True)
                    return web.Response()  # aiohttp wants one; the client is gone
            case _:
                return web.Response(status=404, body=b'{"error":{"message":"File Not Found"}}')

    def _note(self, at: int, *, status: int = 200, why: str = "", left: bool = False) -> None:
        before = self._log[at]
        self._log[at] = replace(before, status=status, why=why or before.why, left=left)

    async def _chat(self, request: web.Request, at: int) -> web.StreamResponse:
        value = _object(self._log[at].body)
        fault = self._faults.popleft() if self._faults else ""
        self._note(at, status=200, why=fault)
        tool = _called(value)
        if value.get("stream") is not True:
            honest = Honest(_JSON, (dumps(_completion(self._says)),), self._trap)
        else:
            honest = Honest(_STREAM, tuple(_chunks(self._says, tool)), self._trap)
        steps = ENGINE_FAULTS[fault](honest) if fault else _paced(_honestly(honest), self._pace_s)
        await raw.speak(request, steps, self._closing)
        return web.Response()  # aiohttp wants one; the connection is gone


def _answer(value: JSON) -> web.Response:
    return web.Response(body=dumps(value), content_type="application/json")


def _models(style: Style) -> JSON:
    if style == "llamacpp":
        return {
            "models": [{"name": MODEL}],
            "object": "list",
            "data": [{"id": MODEL, "object": "model", "owned_by": "llamacpp", "meta": None}],
        }
    item: dict[str, JSON] = {"id": MODEL, "object": "model", "created": 1, "owned_by": "kit"}
    return {"object": "list", "data": [{**item, "context_length": WINDOW}]}


_PROPS: Final[dict[str, JSON]] = {
    "default_generation_settings": {"n_ctx": WINDOW, "params": {}},
    "total_slots": 2,
    "modalities": {"vision": False},
    "chat_template_caps": {"supports_tools": True},
    "chat_template": "{{ messages }}",
}


def _object(body: bytes) -> dict[str, JSON]:
    try:
        value = loads(body)
    except NotJSONError:
        return {}
    return value if isinstance(value, dict) else {}


def _called(value: Mapping[str, JSON]) -> str:
    """Return the tool to call: the first that is offered, while it has not been called yet."""
    match value.get("tools"):
        case [{"function": {"name": str(name)}}, *_]:
            return name
        case _:
            return ""


def _completion(says: str) -> JSON:
    message: dict[str, JSON] = {"role": "assistant", "content": says}
    return {
        **_ENVELOPE,
        "object": "chat.completion",
        "choices": [{"index": 0, "message": message, "finish_reason": "stop"}],
        "usage": _USAGE,
    }


_ENVELOPE: Final[Mapping[str, JSON]] = {"id": "chatcmpl-kit", "created": 1, "model": MODEL}
_USAGE: Final[JSON] = {"prompt_tokens": 20, "completion_tokens": 12, "total_tokens": 32}


def _chunks(says: str, tool: str = "", arguments: str = '{"path": "a.txt"}') -> Iterator[bytes]:
    yield _chunk({"role": "assistant", "content": None})
    for at in range(0, len(says), _PIECE):
        yield _chunk({"content": says[at : at + _PIECE]})
    if tool:
        function: dict[str, JSON] = {"name": tool, "arguments": ""}
        call: dict[str, JSON] = {"index": 0, "id": "call_kit", "type": "function"}
        yield _chunk({"tool_calls": [{**call, "function": function}]})
        for at in range(0, len(arguments), _PIECE):
            part: dict[str, JSON] = {"arguments": arguments[at : at + _PIECE]}
            yield _chunk({"tool_calls": [{"index": 0, "function": part}]})
    yield _chunk({}, "tool_calls" if tool else "stop")
    yield _data({**_ENVELOPE, "object": "chat.completion.chunk", "choices": [], "usage": _USAGE})
    yield b"data: [DONE]\n\n"


def _chunk(delta: dict[str, JSON], finish: str | None = None) -> bytes:
    choice: dict[str, JSON] = {"index": 0, "delta": delta, "finish_reason": finish}
    return _data({**_ENVELOPE, "object": "chat.completion.chunk", "choices": [choice]})


def _data(value: JSON) -> bytes:
    return b"data: %b\n\n" % dumps(value)


# -- what goes wrong -----------------------------------------------------------------------------

_SHOWN: Final = 5
"""Chunks after which a client has seen words."""


def _honestly(honest: Honest) -> Iterator[Step]:
    yield from chunked(honest, honest.pieces)
    yield chunk(b"")


def _paced(steps: Iterable[Step], pace_s: float) -> Iterator[Step]:
    for step in steps:
        yield step
        if pace_s:
            yield pace_s


def _at(pieces: int | None, ending: Ending) -> Hostile:
    """End after so many chunks; ``None``: before the head."""

    def broken(honest: Honest) -> Iterator[Step]:
        if pieces is not None:
            yield from chunked(honest, honest.pieces[:pieces])
        yield ending

    return broken


def _told(*extra: bytes, after: int = _SHOWN, whole: bool = False) -> Hostile:
    """Send some chunks, something of our own, and a proper end; ``whole``: the rest as well."""

    def told(honest: Honest) -> Iterator[Step]:
        rest = honest.pieces[after:] if whole else ()
        yield from chunked(honest, (*honest.pieces[:after], *extra, *rest))
        yield chunk(b"")

    return told


def _less(*missing: bytes) -> Hostile:
    """Leave out the chunks that hold any of these."""

    def less(honest: Honest) -> Iterator[Step]:
        kept = [piece for piece in honest.pieces if not any(part in piece for part in missing)]
        yield from chunked(honest, kept)
        yield chunk(b"")

    return less


def _says(status: str, error: Mapping[str, JSON]) -> Hostile:
    def says(honest: Honest) -> Iterator[Step]:
        body = dumps({"error": dict(error)})
        kind = "content-type: application/json"
        yield head(honest, kind, f"content-length: {len(body)}", status=status, drop="content-type")
        yield body

    return says


def _calls(name: str, arguments: str) -> Hostile:
    """Call a tool by a name of our own, or with an input of our own."""

    def calls(honest: Honest) -> Iterator[Step]:
        offered = next((_name_in(piece) for piece in honest.pieces if b'"name"' in piece), "")
        yield from chunked(honest, _chunks(ENGINE_SAYS, name or offered, arguments))
        yield chunk(b"")

    return calls


def _name_in(piece: bytes) -> str:
    match _object(piece.removeprefix(b"data: ")):
        case {"choices": [{"delta": {"tool_calls": [{"function": {"name": str(name)}}]}}]}:
            return name
        case _:
            return ""


def _stages(name: str, ending: Ending) -> dict[str, Hostile]:
    return {
        f"{name}_before_headers": _at(None, ending),
        f"{name}_after_headers": _at(0, ending),
        f"{name}_after_start": _at(1, ending),
        f"{name}_after_text": _at(_SHOWN, ending),
        f"{name}_in_tool": _at(-4, ending),
    }


_CRASH: Final[dict[str, JSON]] = {"code": 500, "message": "Compute error.", "type": "server_error"}
_LOADING: Final[dict[str, JSON]] = {
    "code": 503,
    "message": "Loading model",
    "type": "unavailable_error",
}
_OVERFLOW: Final[dict[str, JSON]] = {
    "code": 400,
    "message": "the request exceeds the available context size, try increasing it",
    "type": "exceed_context_size_error",
    "n_prompt_tokens": 50_000,
    "n_ctx": 32_768,
}

ENGINE_FAULTS: Final[Mapping[str, Hostile]] = {
    **_stages("cut", Ending.CUT),
    **_stages("reset", Ending.RESET),
    **_stages("silent", Ending.SILENT),
    "truncated": _told(),
    "truncated_in_tool": _told(after=-4),
    "no_finish": _less(b'"finish_reason":"', b"[DONE]"),
    "no_done": _less(b"[DONE]"),
    "error_in_stream": _told(_data({"error": _CRASH})),
    "error_line_in_stream": _told(b"error: " + dumps(_CRASH) + b"\n\n"),
    "error_first": _told(_data({"error": _CRASH}), after=0),
    "unreadable_chunk": _told(b'data: {"choices": [{"ind\n\n', whole=True),
    "unknown_tool": _calls("format_the_disk", '{"really": true}'),
    "arguments_no_json": _calls("", '{"path": "a.txt", "mode'),
    "arguments_a_list": _calls("", '["a.txt"]'),
    "crash_500": _says("500 Internal Server Error", _CRASH),
    "loading_503": _says("503 Service Unavailable", _LOADING),
    "overflow_400": _says("400 Bad Request", _OVERFLOW),
    "denied_401": _says("401 Unauthorized", {"code": 401, "message": "Invalid API Key"}),
    **{
        name: way
        for name, way in HOSTILE.items()
        if name not in {"hop_by_hop", "wait_on_success", "endless_pings"}
    },
}
"""Every fault of the engine by its name."""

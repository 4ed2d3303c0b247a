"""The page on recorded exchanges: what each of them exercises, and what a local model gets less.

The recordings are other people's and lie beside the repository, where somebody has put them there;
they are not part of it. Where they are not, the page stays as it is.
"""

import gzip
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import count
from pathlib import Path
from typing import Final

from standby.core.dialects.openai_chat.plan import Plan
from standby.core.dialects.openai_chat.reply import BrokenReplyError, Reply
from standby.core.dialects.openai_chat.request import to_chat
from standby.core.models.facts import LocalModel
from standby.core.wire.asked import Asked, read
from standby.core.wire.assemble import assemble
from standby.core.wire.json import JSON, dumps, loads
from standby.core.wire.sse import Decoder

__all__ = ["page"]

FOLDER: Final = Path(__file__).parents[1] / ".." / "shared" / "recordings"
PAGE: Final = Path(__file__).parent / "reference" / "recordings.md"

SEEING: Final = LocalModel(
    *("llamacpp", "any", "http://127.0.0.1:8080"),
    context_tokens=65_536,
    tools=True,
    vision=True,
    reasoning=True,
    grammar=True,
)
BLIND: Final = replace(SEEING, vision=False)

CLOUD: Final = {
    "anthropic_messages_json": "Messages, answered in one body",
    "anthropic_messages_sse": "Messages, answered as a stream",
    "count_tokens": "Counts of tokens",
    "claude_code_requests_shape": "Requests of Claude Code, by what each is",
}
LOCAL: Final = {
    "openai_chat_json": "Chat completions, answered in one body",
    "openai_chat_sse": "Chat completions, answered as a stream",
}

READ: Final = frozenset(
    {"content", "function_call", "reasoning", "reasoning_content", "reasoning_details", "role"}
) | {"tool_calls"}
"""What a chat completion's message has that goes into ours, under one name or another."""

TOP: Final = """# Recorded exchanges

Written by `make docs` from `standby.core.dialects`, where the recordings are; elsewhere it stays as
it is. They are real exchanges of six open-source projects with their providers (pydantic-ai,
chatlas, OpenLLMetry, LangChain, EcoLogits, llm), and requests of Claude Code whose prose is filler.
They are not part of this repository; an exchange is named by its number there.

**From the cloud's side**, a request, with its answer as one more turn, is translated for a local
model that sees, calls tools and thinks. *Lost* is what the translation itself names as lost, once
for each request: it stands in the log and in the ledger, and the model reads in words what is
missing. What only a model without vision loses is marked so. Not counted, since nobody but the
cloud has a use for it: cache marks, billing, and the cloud's thinking, bound to its own model.

**From the side of the local servers**, an answer is read as the stream of a Message; one that came
in one body, as a stream of one chunk. *Lost* are fields of the answer that hold something and that
a Message has no place for, and whatever is no answer. Requests in this form are not read: no door
of the gateway speaks it.
"""


@dataclass(frozen=True)
class Row:
    """One exchange."""

    key: str
    features: tuple[str, ...]
    becomes: str
    lost: tuple[str, ...]


def page() -> str:
    """Return the page; as it is, where there are no recordings."""
    if not all((FOLDER / f"{name}.jsonl.gz").exists() for name in (*CLOUD, *LOCAL)):
        return PAGE.read_text(encoding="utf-8")
    parts = {title: [cloud_row(one) for one in recorded(name)] for name, title in CLOUD.items()}
    parts |= {title: [local_row(one) for one in recorded(name)] for name, title in LOCAL.items()}
    lines = [TOP, *summary(parts)]
    for title, rows in parts.items():
        lines += ["", f"## {title}", "", "| exchange | exercises | becomes | lost |"]
        lines += ["|---|---|---|---|", *map(cells, rows)]
    return "\n".join([*lines, ""])


def summary(parts: Mapping[str, Sequence[Row]]) -> Iterator[str]:
    """Yield a table of the parts, and one of the losses."""
    yield from ("| recorded | exchanges | without a loss |", "|---|---|---|")
    lost: Counter[str] = Counter()
    for title, rows in parts.items():
        yield f"| {title} | {len(rows)} | {sum(not row.lost for row in rows)} |"
        lost.update(what for row in rows for what in row.lost)
    yield from ("", "| lost | exchanges |", "|---|---|")
    for what, times in sorted(lost.items(), key=lambda pair: (-pair[1], pair[0])):
        yield f"| {cell(what)} | {times} |"


def cells(row: Row) -> str:
    """Return an exchange as a line of a table."""
    features = ", ".join(row.features)
    lost = "; ".join(map(cell, row.lost))
    return f"| `{row.key}` | {cell(features)} | {cell(row.becomes)} | {lost or 'nothing'} |"


def cell(text: str) -> str:
    """Return text fit for a cell."""
    return " ".join(text.split()).replace("|", "\\|")


def recorded(name: str) -> Iterator[Mapping[str, JSON]]:
    """Yield the exchanges of one file; of bare requests those that have a body."""
    with gzip.open(FOLDER / f"{name}.jsonl.gz", "rb") as lines:
        for line in lines:
            exchange = loads(line)
            if isinstance(exchange, dict) and ("kind" in exchange or exchange.get("body")):
                yield exchange


def cloud_row(exchange: Mapping[str, JSON]) -> Row:
    """Return what becomes of a Messages request and its answer."""
    told = exchange.get("request") or exchange.get("body")
    value = dict(told) if isinstance(told, dict) else {}
    answer, kinds = answered(exchange)
    messages = value.get("messages")
    if answer and isinstance(messages, list):
        value["messages"] = [*messages, answer, {"role": "user", "content": "Go on."}]
    asked = read(dumps(value))
    if not isinstance(asked, Asked):
        return Row(key(exchange), features(exchange), f"400: {asked.why}", ())
    chat = to_chat(asked, SEEING)
    blind = [what for what in to_chat(asked, BLIND).losses if what not in chat.losses]
    lost = (*chat.losses, *(f"{what.partition(':')[0]} (by a blind model)" for what in blind))
    answers = [f"answered in {name}" for name in kinds]
    return Row(key(exchange), (*features(exchange), *answers), shape(chat.body), lost)


def answered(exchange: Mapping[str, JSON]) -> tuple[JSON, list[str]]:
    """Return a recorded answer as a turn, and the types of its blocks."""
    match exchange:
        case {"sse": str(stream)} if stream:
            body = assemble(Decoder().receive_data(stream.encode()))
            message = None if body is None else loads(body)
        case _:
            message = exchange.get("response")
    match message:
        case {"type": "message", "content": list(content)}:
            kinds = (block.get("type") for block in content if isinstance(block, dict))
            return {"role": "assistant", "content": content}, list(dict.fromkeys(map(str, kinds)))
        case _:
            return None, []


def shape(body: Mapping[str, JSON]) -> str:
    """Say what a chat completion is made of."""
    messages, tools = body.get("messages"), body.get("tools")
    said = [f"{len(messages) if isinstance(messages, list) else 0} messages"]
    said += [f"{len(tools)} tools"] if isinstance(tools, list) else []
    said += [name for name in ("tool_choice", "response_format", "stop") if name in body]
    return ", ".join(said)


def local_row(exchange: Mapping[str, JSON]) -> Row:
    """Return what becomes of the answer to a chat completion."""
    status = exchange.get("status")
    if status != 200:  # noqa: PLR2004 - the one that means an answer
        return Row(key(exchange), features(exchange), f"a failure ({status})", ())
    numbers = count(1)
    names = offered(exchange)
    plan = Plan(tools={name: name for name in names}, thinks=True)
    reply = Reply(plan, "any", lambda prefix, length: f"{prefix}{next(numbers):0{length}}")
    stream, unread = streamed(exchange)
    try:
        body = assemble([*reply.receive(stream), *reply.end()])
    except BrokenReplyError as error:
        return Row(key(exchange), features(exchange), "a failure", (str(error),))
    match None if body is None else loads(body):
        case {"content": list(content), "stop_reason": reason}:
            kinds = [str(block.get("type")) for block in content if isinstance(block, dict)]
            becomes = f"{', '.join(kinds)}; {reason}"
        case _:
            becomes = "no message"
    return Row(key(exchange), features(exchange), becomes, unread)


def offered(exchange: Mapping[str, JSON]) -> Iterator[str]:
    """Yield the names of the tools that a chat completion offers."""
    match exchange:
        case {"request": {"tools": list(tools)}}:
            for tool in tools:
                match tool:
                    case {"function": {"name": str(name)}}:
                        yield name
                    case _:
                        pass
        case _:
            pass


def streamed(exchange: Mapping[str, JSON]) -> tuple[bytes, tuple[str, ...]]:
    """Return an answer as a stream, and the fields of it that are not read."""
    match exchange:
        case {"sse": str(stream)} if stream:
            data = [frame.data for frame in Decoder().receive_data(stream.encode() + b"\n\n")]
            chunks = [loads(one) for one in data if one.lstrip().startswith("{")]
            return stream.encode(), unread(chunks)
        case {"response": dict(whole)} if isinstance(choices := whole.get("choices"), list):
            turned: list[JSON] = [
                {**{k: v for k, v in choice.items() if k != "message"}, "delta": numbered(choice)}
                for choice in choices
                if isinstance(choice, dict)
            ]
            fields: dict[str, JSON] = {**whole, "choices": turned}
            answer = b"data: %b\n\ndata: [DONE]\n\n" % dumps(fields)
            return answer, unread([fields])
        case _:
            return dumps(exchange.get("response")), ()


def numbered(choice: Mapping[str, JSON]) -> JSON:
    """Return the message of a choice as the delta of a stream, whose calls have numbers."""
    message = choice.get("message")
    calls = message.get("tool_calls") if isinstance(message, dict) else None
    if not isinstance(message, dict) or not isinstance(calls, list):
        return message
    told: list[JSON] = [{"index": n, **c} for n, c in enumerate(calls) if isinstance(c, dict)]
    return {**message, "tool_calls": told}


def unread(chunks: Sequence[JSON]) -> tuple[str, ...]:
    """Return the fields that hold something and have no place in a Message."""
    found: dict[str, None] = {}
    for chunk in chunks:
        match chunk:
            case {"choices": list(choices)}:
                for choice in choices:
                    said = choice.get("delta") if isinstance(choice, dict) else None
                    names = said if isinstance(said, dict) else {}
                    found |= {f"`{n}`": None for n, v in names.items() if v and n not in READ}
                    if "reasoning.encrypted" in str(names.get("reasoning_details")):
                        found["reasoning that is encrypted"] = None
            case _:
                pass
    return tuple(found)


def key(exchange: Mapping[str, JSON]) -> str:
    """Return the number of an exchange, or the name of a request."""
    return str(exchange.get("id") or exchange.get("name"))


def features(exchange: Mapping[str, JSON]) -> tuple[str, ...]:
    """Return what an exchange exercises, as its recording says; else what its request holds."""
    match exchange:
        case {"features": list(named)} if named:
            return tuple(map(str, named))
        case {"request": dict(body)} | {"body": dict(body)}:
            return tuple(held(body))
        case _:
            return ()


PLAIN: Final = frozenset({"max_tokens", "messages", "metadata", "model", "text"})


def held(body: Mapping[str, JSON]) -> list[str]:
    """Return the fields and the types of blocks that a request has besides the usual."""
    found = dict.fromkeys(body)
    messages = body.get("messages")
    for message in messages if isinstance(messages, list) else []:
        match message:
            case {"role": role, "content": content}:
                found |= {"system message": None} if role == "system" else {}
                found |= dict.fromkeys(kinds(content))
            case _:
                pass
    return sorted(name for name in found if name not in PLAIN)


def kinds(content: JSON) -> Iterator[str]:
    """Yield the types of blocks, and of the blocks within them."""
    for block in content if isinstance(content, list) else []:
        match block:
            case {"type": str(kind), "content": inner}:
                yield kind
                yield from kinds(inner)
            case {"type": str(kind)}:
                yield kind
            case _:
                pass

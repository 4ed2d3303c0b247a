"""Requests in the shape of a real session: many messages, tool calls and results, a dozen tools."""

import random

import orjson

TEXT = (
    "the gateway reads a file then writes it again with each test green and no line left behind "
    "def return import async await self value raise for in if not None class with open path"
)
WORDS = tuple(TEXT.split())


def request(size_bytes: int, word: str) -> bytes:
    """Return the body of a streamed request of about this size, with a word for the upstream."""
    dice = random.Random(size_bytes)
    head = {
        "system": [{"type": "text", "text": prose(dice, 7_000), "cache_control": EPHEMERAL}],
        "tools": [tool(dice, n) for n in range(12)],
        "metadata": {"user_id": orjson.dumps({"session_id": word}).decode()},
        "max_tokens": 32_000,
        "thinking": {"type": "adaptive"},
        "output_config": {"effort": "medium"},
        "stream": True,
    }
    messages = [said("user", {"type": "text", "text": prose(dice, 400)})]
    left = size_bytes - len(orjson.dumps(head)) - 1_000
    while left > 0:
        more = turn(dice, len(messages))
        messages += more
        left -= len(orjson.dumps(more))
    return orjson.dumps({"model": "claude-sonnet-5-5", "messages": messages, **head})


EPHEMERAL = {"type": "ephemeral"}


def turn(dice: random.Random, number: int) -> list[dict]:
    """Return a tool call with some words before it, and its result."""
    call = f"toolu_{number:024}"
    reads = {"file_path": f"/src/module_{number}.py", "offset": number, "limit": 200}
    asks = {"type": "tool_use", "id": call, "name": "Tool3", "input": reads}
    gets = {"type": "tool_result", "tool_use_id": call, "content": code(dice, 2_500)}
    return [
        said("assistant", {"type": "text", "text": prose(dice, 200)}, asks),
        said("user", gets),
    ]


def said(role: str, *blocks: dict) -> dict:
    return {"role": role, "content": list(blocks)}


def tool(dice: random.Random, number: int) -> dict:
    text = {"type": "string", "description": prose(dice, 80)}
    fields = {f"field_{n}": text for n in range(6)}
    schema = {"type": "object", "properties": fields, "additionalProperties": False}
    return {"name": f"Tool{number}", "description": prose(dice, 1_800), "input_schema": schema}


def prose(dice: random.Random, length: int) -> str:
    return " ".join(dice.choices(WORDS, k=length // 5))


def code(dice: random.Random, length: int) -> str:
    lines = (f'    {prose(dice, 50)}("{n}")\t# é' for n in range(length // 60))
    return "\n".join(lines)

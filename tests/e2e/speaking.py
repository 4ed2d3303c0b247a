"""The official Python SDK in its four ways of asking, each as `await ask(messages, **fields)`."""

import asyncio
from contextlib import asynccontextmanager

import anthropic

from standby.testing.accounts import SUBSCRIPTION

WRITE = {
    "name": "Write",
    "description": "Writes a file",
    "input_schema": {
        "type": "object",
        "properties": {"file_path": {"type": "string"}, "content": {"type": "string"}},
        "required": ["file_path", "content"],
    },
}
BASH = {
    "name": "Bash",
    "description": "Runs a command",
    "input_schema": {
        "type": "object",
        "properties": {"command": {"type": "string"}},
        "required": ["command"],
    },
}
FIELDS = {
    "model": "claude-opus-5-5",
    "max_tokens": 400,
    "tools": [WRITE, BASH],
    "thinking": {"type": "adaptive"},
}
HELLO = [{"role": "user", "content": "hello"}]


def options(url, account, headers=None, **more):
    """How a program is told where to ask and who it is. Retries are the SDK's own, two of them."""
    beta = {"anthropic-beta": "oauth-2025-04-20"} if account is SUBSCRIPTION else {}
    return {
        "base_url": url,
        "api_key": account.credential if account.is_key else None,
        "auth_token": None if account.is_key else account.credential,
        "default_headers": {**beta, **(headers or {})},
        "timeout": 60,
        **more,
    }


@asynccontextmanager
async def asynchronous(**told):
    async with anthropic.AsyncAnthropic(**told) as client:

        async def ask(messages, **fields):
            return await client.messages.create(messages=messages, **{**FIELDS, **fields})

        yield ask


@asynccontextmanager
async def asynchronous_stream(**told):
    async with anthropic.AsyncAnthropic(**told) as client:

        async def ask(messages, **fields):
            async with client.messages.stream(messages=messages, **{**FIELDS, **fields}) as stream:
                return await stream.get_final_message()

        yield ask


@asynccontextmanager
async def synchronous(**told):
    with anthropic.Anthropic(**told) as client:

        async def ask(messages, **fields):
            return await asyncio.to_thread(
                client.messages.create, messages=messages, **{**FIELDS, **fields}
            )

        yield ask


@asynccontextmanager
async def synchronous_stream(**told):
    with anthropic.Anthropic(**told) as client:

        def streamed(messages, fields):
            with client.messages.stream(messages=messages, **{**FIELDS, **fields}) as stream:
                return stream.get_final_message()

        async def ask(messages, **fields):
            return await asyncio.to_thread(streamed, messages, fields)

        yield ask


WAYS = {
    "async": asynchronous,
    "async-stream": asynchronous_stream,
    "sync": synchronous,
    "sync-stream": synchronous_stream,
}


def text(message):
    return "".join(block.text for block in message.content if block.type == "text")


def results(message, said="done"):
    """The turn in which a program brings the results of the tools that a message calls."""
    calls = [block for block in message.content if block.type == "tool_use"]
    blocks = [{"type": "tool_result", "tool_use_id": call.id, "content": said} for call in calls]
    return {"role": "user", "content": blocks}

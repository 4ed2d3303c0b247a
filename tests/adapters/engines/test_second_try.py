"""With the real server: a second try gives a call that fits, cheaply, and noise breaks nothing."""

import asyncio
import json
import shutil
from contextlib import asynccontextmanager

import gguf
import numpy as np
import pytest

from standby.adapters.engines import embedded
from standby.adapters.engines.embedded import ModelFile
from standby.adapters.net import http_client
from standby.adapters.schemas import JsonSchemas
from standby.app.local.admission import Admission
from standby.app.local.candidate import Local, LocalDeadlines
from standby.app.local.engines import Engines, Preference
from standby.core.dialects.openai_chat.reply import Reply
from standby.core.dialects.openai_chat.request import to_chat
from standby.core.dialects.openai_chat.second import Retry, asking_again
from standby.core.wire import asked
from standby.core.wire.headers import Head
from standby.core.wire.sse import Decoder
from standby.ports import AnswererError
from tests.fakes import stream_rules
from tests.fakes.clock import LoadedDice, SetClock
from tests.fakes.line import messages_request
from tests.fakes.toolcalls import FOLDER
from tests.models.tiny_gguf import tiny_model

pytestmark = pytest.mark.anyio


def tools():
    read = json.loads((FOLDER / "tools.json").read_text(encoding="utf-8"))
    return [{**tool, "description": "A tool"} for tool in read]


def request(text, **more):
    turns = [{"role": "user", "content": text}]
    body = {"tools": tools(), "messages": turns, "max_tokens": 400, **more}
    return asked.read(messages_request(stream=True, **body).body)


@asynccontextmanager
async def running(path):
    async with http_client() as client:
        engine = embedded.engine(client, lambda: ModelFile(path), context=4096)
        try:
            (model,) = await engine.models()
            yield engine, await engine.start(model)
        finally:
            await engine.stop()


async def answered(engine, body):
    """The blocks of an answer, or why there is none."""
    known = Engines([engine], Preference(), SetClock())
    await known.refresh()
    local = Local(
        known,
        Admission(SetClock()),
        None,
        body,
        LoadedDice(),
        LocalDeadlines(),
        schemas=JsonSchemas(),
    )
    try:
        items = [item async for item in local.answer(messages_request(), "")]
    except AnswererError as error:
        return str(error)
    data = b"".join(item for item in items if not isinstance(item, Head))
    return stream_rules.read(Decoder().receive_data(data))[0]


async def test_the_server_holds_the_second_try_to_the_schema_and_keeps_the_prefix():
    path = await asyncio.to_thread(tiny_model)
    async with running(path) as (engine, model):
        chat = to_chat(request("do it"), model)
        retry = Retry(("Edit",), '{"a": 1}', "'file_path' is a required property")
        rounds = []
        for body in (chat.body, asking_again(chat.body, chat.plan, retry)):
            reply = Reply(chat.plan, "local/tiny", lambda prefix, length: prefix + "0" * length)
            async for data in engine.chat(model, body):
                reply.receive(data)
            reply.end()
            rounds.append(reply.usage)
        blocks = await answered(
            engine, request("do it", tool_choice={"type": "tool", "name": "Edit"})
        )

    first, second = rounds
    assert second.cache_read >= 0.9 * (first.input + first.cache_read), "its prefix was kept"
    assert ["text", "tool_use"] == [block["type"] for block in blocks]
    given = json.loads(blocks[-1]["said"])
    assert {"file_path", "old_string", "new_string"} == given.keys()


async def test_noise_gives_a_well_formed_answer_or_a_clear_error(tmp_path):
    def noise():
        path = tmp_path / "noise.gguf"
        shutil.copy(tiny_model(), path)
        reader = gguf.GGUFReader(str(path), "r+")
        dice = np.random.default_rng(1)
        for tensor in reader.tensors:
            tensor.data[...] = dice.normal(0, 1, tensor.data.shape).astype(tensor.data.dtype)
        reader.data.flush()
        return path

    async with running(await asyncio.to_thread(noise)) as (engine, _):
        for more in ({}, {"tool_choice": {"type": "any"}}, {"thinking": {"type": "adaptive"}}):
            found = await answered(engine, request("hello", **{**more, "max_tokens": 60}))
            assert found, "blocks that keep the rules, or words"

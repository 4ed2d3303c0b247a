"""A local engine that says what a test wants, in OpenAI's stream."""

from dataclasses import replace

from standby.core.models.facts import LocalModel
from standby.core.wire.json import dumps
from standby.ports import EngineError
from tests.fakes.engines import FakeEngine

MODEL = LocalModel("desk", "coder", "http://127.0.0.1:1", context_tokens=32_768, tools=True)


def chunk(delta, finish=None):
    choice = {"index": 0, "delta": delta, "finish_reason": finish}
    return b"data: %b\n\n" % dumps({"object": "chat.completion.chunk", "choices": [choice]})


def says(*words, thinks=(), finish="stop"):
    """The chunks of a whole answer."""
    usage = {"prompt_tokens": 11, "completion_tokens": 7}
    return [
        *(chunk({"reasoning_content": word}) for word in thinks),
        *(chunk({"content": word}) for word in words),
        chunk({}, finish),
        b"data: %b\n\n" % dumps({"choices": [], "usage": usage}),
        b"data: [DONE]\n\n",
    ]


def calls(name, arguments):
    """The chunks of an answer that calls a tool."""
    function = {"name": name, "arguments": dumps(arguments).decode()}
    call = {"index": 0, "id": "call_1", "type": "function", "function": function}
    return [chunk({"tool_calls": [call]}), chunk({}, "tool_calls"), b"data: [DONE]\n\n"]


def overflow(tokens, limit):
    body = {"error": {"code": 400, "n_prompt_tokens": tokens, "n_ctx": limit}}
    return [EngineError("it does not fit", 400, dumps(body))]


class Talker(FakeEngine):
    """Plays the same steps for each request: bytes, errors, and waits."""

    def __init__(self, *steps, model=MODEL, **facts):
        super().__init__(model.engine, replace(model, **facts))
        self.steps = steps
        self.heard = []
        self.left = 0
        """How many answers were left before their end."""

    async def chat(self, model, body):
        self.heard.append((model, body))
        whole = False
        try:
            for step in self.steps:
                match step:
                    case bytes():
                        yield step
                    case Exception():
                        raise step
                    case _:
                        await step()
            whole = True
        finally:
            self.left += not whole

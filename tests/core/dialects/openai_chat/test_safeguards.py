"""What a request asks of the cloud's safety checks is never answered here, nor passed on."""

import pytest

from standby.core.dialects.openai_chat.reply import Reply
from standby.core.dialects.openai_chat.request import to_chat
from standby.core.wire.asked import read
from standby.core.wire.json import dumps
from tests.fakes.agents import request, said
from tests.fakes.counters import model

CHUNKS = (
    {"choices": [{"delta": {"role": "assistant", "content": None}}]},
    {
        "choices": [
            {
                "delta": {
                    "tool_calls": [
                        {"index": 0, "function": {"name": "Bash", "arguments": "{}"}, "id": "a"}
                    ]
                },
                "finish_reason": "tool_calls",
            }
        ],
        "safeguard_results": [{"type": "dangerous_tool_use"}],
    },
)
GUARDS = [{"type": "dangerous_tool_use", "classifier_context": {"cwd": "/srv"}}]


@pytest.mark.parametrize("stream", [True, False])
def test_no_result_of_a_safety_check_is_ever_invented(stream):
    asked = read(dumps(request([said("run it")], safeguards=GUARDS, stream=stream)))
    chat = to_chat(asked, model())
    reply = Reply(chat.plan, "local/coder", lambda prefix, length: prefix + "1" * length)

    sent = b"".join(b"data: " + dumps(chunk) + b"\n\n" for chunk in CHUNKS) + b"data: [DONE]\n\n"
    frames = [*reply.receive(sent), *reply.end()]

    assert b"tool_use" in b"".join(frame.raw for frame in frames)
    assert b"safeguard" not in b"".join(frame.raw for frame in frames)
    assert b"dangerous_tool_use" not in dumps(dict(chat.body))
    assert "safeguards" in chat.losses

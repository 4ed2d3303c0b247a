"""Turns of a conversation, as a client sends them."""

SYSTEM = {"role": "system", "content": "The date has changed."}
RESULT = {
    "role": "user",
    "content": [{"type": "tool_result", "tool_use_id": "toolu_1", "content": "ok"}],
}
FAILURE = {
    "role": "user",
    "content": [
        {"type": "tool_result", "tool_use_id": "toolu_1", "content": "no", "is_error": True}
    ],
}


def says(words):
    return {"role": "user", "content": [{"type": "text", "text": words}]}


def call(name="Read"):
    use = {"type": "tool_use", "id": "toolu_1", "name": name, "input": {}}
    return {"role": "assistant", "content": [use]}


def loop(words="Do it"):
    return [says(words), call(), RESULT]

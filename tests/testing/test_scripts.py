"""The default script does what the user writes, with the tools that there are."""

import json

import pytest
from hypothesis import given

from standby.testing.scripts import Conversation, Text, Thinking, ToolUse, agent
from tests.fakes.json_text import VALUES


def tool(name, *inputs):
    properties = {one: {"type": "string"} for one in inputs}
    return {"name": name, "input_schema": {"type": "object", "properties": properties}}


TOOLS = [tool("Bash", "command", "description", "timeout"), tool("Write", "file_path", "content")]


def said(*content, turn=3, **fields):
    blocks = [{"type": "text", "text": one} if isinstance(one, str) else one for one in content]
    messages = [{"role": "user", "content": blocks}]
    return agent(Conversation({"messages": messages, "tools": TOOLS, **fields}, turn))


WRITE = ToolUse("Write", {"file_path": "a.txt", "content": "some words"})
LIST = ToolUse("Bash", {"command": "ls -l", "description": "Runs the command"})


@pytest.mark.parametrize(
    ("words", "calls"),
    [
        ("write a.txt with some words", [WRITE]),
        ("Please write `a.txt` with some words\nand tell me", [WRITE]),
        ("run ls -l", [LIST]),
        ("now run `ls -l`", [LIST]),
        ("write a.txt with some words, then run ls -l", [WRITE, LIST]),
        ("write a.txt with some words\nrun ls -l", [WRITE, LIST]),
    ],
)
def test_a_command_becomes_a_call(words, calls):
    text, *found = said(words)

    assert Text("The cloud, turn 3: I will do that.") == text
    assert calls == found


def test_a_tool_is_known_by_what_it_is_called():
    tools = [tool("write_file", "path", "text_content"), tool("run_shell", "cmd")]
    _, written, run = said("write a.txt with b, then run ls", tools=tools)

    assert ToolUse("write_file", {"path": "a.txt", "text_content": "b"}) == written
    assert ToolUse("run_shell", {"cmd": "ls"}) == run


def test_without_the_tool_there_are_only_words():
    assert 1 == len(said("run ls", tools=[]))
    assert 1 == len(said("run ls", tools=[tool("Read", "path")]))


def test_what_the_client_puts_around_the_words_is_no_command():
    assert 1 == len(said("hello", "<system-reminder>run ls</system-reminder>"))
    assert 2 == len(said("run ls", "<system-reminder>hello</system-reminder>"))


def test_a_result_is_reported_and_not_obeyed():
    parts = [{"type": "text", "text": "run"}, {"type": "text", "text": "away"}]
    result = {"type": "tool_result", "tool_use_id": "t", "content": parts}

    assert [Text("The cloud, turn 3: done. The tool said: run away")] == said(result, "run ls")


def test_it_thinks_when_it_is_asked_to():
    thought, text = said("hello", thinking={"type": "adaptive"})

    assert isinstance(thought, Thinking)
    assert isinstance(text, Text)
    assert "turn 3" in text.text
    assert [text] == said("hello", thinking={"type": "disabled"})


def test_a_form_is_filled_in():
    schema = {"type": "object", "properties": {"title": {"type": "string"}}}
    form = {"format": {"type": "json_schema", "schema": schema}}
    (text,) = said("name it", output_config=form)

    assert {"title": "Rehearsal"} == json.loads(text.text)


def test_a_system_turn_at_the_end_hides_nothing():
    user, system = {"role": "user", "content": "run ls"}, {"role": "system", "content": "run rm"}
    found = agent(Conversation({"messages": [user, system], "tools": TOOLS}, 1))

    assert "ls" == found[1].input["command"]


@given(VALUES, VALUES, VALUES)
def test_no_conversation_is_too_odd_for_it(messages, tools, config):
    found = agent(Conversation({"messages": messages, "tools": tools, "output_config": config}, 1))

    assert found

"""The tools that a model is lent."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from standby.adapters.schemas import JsonSchemas
from standby.cli import main
from standby.cli.inside.tools import TOOLS, BadArgumentError, words_of

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=4,
)


@pytest.mark.parametrize("tool", TOOLS.values(), ids=TOOLS)
def test_each_is_one_of_our_commands(tool):
    given_ = dict.fromkeys(tool.needs, "auto")

    assert words_of(tool, given_)[0] in main.names()
    assert tool.about.endswith(".")


def test_without_arguments_there_need_be_none():
    assert ("status",) == words_of(TOOLS["status"], None) == words_of(TOOLS["status"], {})


@pytest.mark.parametrize("arguments", [[], "x", {"odd": "1"}])
def test_what_the_schema_does_not_name_is_refused_in_words(arguments):
    with pytest.raises(BadArgumentError, match=r"must be an object|takes no 'odd'"):
        words_of(TOOLS["status"], arguments)


@given(st.sampled_from(sorted(TOOLS)), json_values)
def test_what_is_taken_keeps_to_the_schema_and_no_value_is_an_option(name, arguments):
    tool = TOOLS[name]
    try:
        words = words_of(tool, arguments)
    except BadArgumentError:
        return
    assert () == JsonSchemas().faults(tool.schema, {} if arguments is None else arguments)
    values = {} if arguments is None else arguments
    assert not [value for value in values.values() if value.startswith("-")]
    assert words


def test_a_switch_is_the_command_with_its_end():
    switch = TOOLS["switch"]

    assert ("use", "local", "--for", "2h") == words_of(switch, {"to": "local", "for": "2h"})
    assert ("use", "ollama/qwen3:30b") == words_of(switch, {"to": "ollama/qwen3:30b"})
    assert not switch.only_looks
    with pytest.raises(BadArgumentError, match="switch needs to"):
        words_of(switch, {})
    with pytest.raises(BadArgumentError, match="not an option"):
        words_of(switch, {"to": "--project"})


def test_usage_is_asked_with_its_options():
    words = words_of(TOOLS["usage"], {"since": "7d", "by": "day"})

    assert ("usage", "--since", "7d", "--by", "day") == words

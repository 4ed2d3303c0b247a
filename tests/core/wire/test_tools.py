import pytest

from standby.core.wire.tools import named_in

REFERENCES = [
    {"type": "tool_reference", "tool_name": "Read"},
    {"type": "text", "text": "Grep"},
    {"type": "tool_reference", "tool_name": 7},
    {"type": "tool_reference", "tool_name": "Edit"},
]


@pytest.mark.parametrize(
    ("block", "names"),
    [
        ({"type": "tool_use", "name": "Bash", "input": {"name": "Read"}}, ["Bash"]),
        ({"type": "tool_addition", "tool": {"name": "Bash"}}, ["Bash"]),
        ({"type": "tool_result", "content": REFERENCES}, ["Read", "Edit"]),
        (
            {"type": "tool_search_tool_result", "content": {"tool_references": REFERENCES}},
            ["Read", "Edit"],
        ),
        ({"type": "tool_search_tool_result", "content": {"tool_references": "Read"}}, []),
        ({"type": "tool_result", "content": "Read"}, []),
        ({"type": "server_tool_use", "name": "web_search"}, []),
        ({"type": "tool_use"}, []),
        ("Read", []),
        (None, []),
    ],
)
def test_a_block_names_the_tools_that_it_calls_or_loads(block, names):
    assert names == [*named_in(block)]

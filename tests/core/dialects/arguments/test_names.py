"""A name means an offered tool, or none: never one of two."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from standby.core.dialects.arguments.names import meant

OFFERED = ("Read", "Write", "Bash", "BashOutput", "TodoWrite", "TaskGet", "TaskSet", "mcp__a__b")


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Read", "Read"),
        ("read", "Read"),
        ("READ", "Read"),
        ("functions.Read", "Read"),
        ("functions.read:3", "Read"),
        ("tool/Read", "Read"),
        ("Read()", "Read"),
        ('"Read"', "Read"),
        ("todo_write", "TodoWrite"),
        ("todo-write", "TodoWrite"),
        ("TodoWrites", "TodoWrite"),
        ("TodoWirte", "TodoWrite"),
        ("mcp-a-b", "mcp__a__b"),
        ("Raed", "Read"),
        ("Bsh", None),
        ("TaskPet", None),
        ("Reader2", None),
        ("Execute", None),
        ("", None),
        ("functions.", None),
        ("x" * 10_000, None),
    ],
)
def test_what_a_name_means(name, expected):
    assert expected == meant(name, OFFERED)


def test_an_exact_name_goes_before_all_that_are_alike():
    assert "read" == meant("read", ("Read", "read"))
    assert None is meant("READ", ("Read", "read"))


def test_without_nearness_only_the_name_itself_counts():
    assert "Read" == meant("functions.Read", OFFERED, near=False)
    assert None is meant("read", OFFERED, near=False)


@given(st.text(max_size=12), st.lists(st.text(max_size=12), max_size=5))
def test_it_is_always_an_offered_one(name, offered):
    assert meant(name, offered) in {None, *offered}
    assert name not in offered or name == meant(name, offered)

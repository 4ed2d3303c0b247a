import pytest
from hypothesis import given
from hypothesis import strategies as st

from standby.app.client_arguments import client_arguments

OURS = {"plugin": "/p", "status_line": "/s.json"}
words = st.lists(st.sampled_from(["--continue", "fix it", "--", "-p", "--bare", "--settings={}"]))


@pytest.mark.parametrize("arguments", [(), ("--continue",), ("say hi", "--model", "local")])
def test_a_conversation_gets_the_plugin_and_the_line(arguments):
    expected = ("--plugin-dir", "/p", "--settings", "/s.json")

    assert expected == client_arguments(arguments, **OURS)


@pytest.mark.parametrize("word", ["-p", "--print", "--bare", "--safe-mode", "--restricted"])
def test_who_prints_or_asks_for_little_gets_nothing_on_top(word):
    assert () == client_arguments(("--model", "local", word), **OURS)


@pytest.mark.parametrize("own", [("--settings", "{}"), ("--settings={}",)])
def test_settings_of_the_users_own_stay_the_only_ones(own):
    assert ("--plugin-dir", "/p") == client_arguments(own, **OURS)


def test_a_prompt_is_no_option():
    assert 4 == len(client_arguments(("--", "-p"), **OURS))


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        ({"plugin": "", "status_line": ""}, ()),
        ({"plugin": "", "status_line": "/s"}, ("--settings", "/s")),
        ({"plugin": "/p", "status_line": ""}, ("--plugin-dir", "/p")),
    ],
)
def test_what_is_not_wanted_is_not_there(wanted, expected):
    assert expected == client_arguments((), **wanted)


@given(words)
def test_they_always_come_in_pairs(arguments):
    assert 0 == len(client_arguments(arguments, **OURS)) % 2

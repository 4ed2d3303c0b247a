from hypothesis import given
from hypothesis import strategies as st

from standby.app.answering.notices import Notices

NAMES = st.sampled_from(["a", "b", "c"])


@given(st.lists(st.tuples(NAMES, NAMES)))
def test_a_conversation_is_told_once_of_each_change(steps):
    notices, knows = Notices(), {}
    for session, by in steps:
        assert notices.due(session, "opus", by) == (knows.get(session) != by)
        knows[session] = by


def test_it_is_told_again_after_the_cloud_was_back():
    notices = Notices()
    notices.due("s", "opus", "local")
    notices.over("s", "opus")

    assert notices.due("s", "opus", "local")


def test_another_model_of_the_conversation_is_no_return():
    notices = Notices()
    notices.due("s", "opus", "local")
    notices.over("s", "haiku")

    assert not notices.due("s", "opus", "local")


def test_nobody_is_told_without_a_conversation_or_against_the_users_will():
    assert not Notices().due("", "opus", "local")
    silent = Notices(enabled=False)
    assert not silent.due("s", "opus", "local")
    assert not silent.enabled


def test_an_end_that_nobody_waited_for_is_none():
    Notices().over("s", "opus")

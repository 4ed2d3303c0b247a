"""A server that lies about its window is believed no longer, until it says something else."""

from dataclasses import replace

from standby.app.local.windows import Windows
from standby.core.models.facts import LocalModel

MODEL = LocalModel("desk", "coder", "http://127.0.0.1:1", 65_536)
OTHER = replace(MODEL, id="other")


def test_what_a_server_refused_by_is_its_window_from_then_on_and_is_said():
    windows = Windows()
    now = windows.refused(MODEL, 4096)
    first, second = windows.corrected([MODEL, OTHER])

    assert 4096 == now.context_tokens
    assert (now, OTHER) == (first, second)
    assert "its server says 65,536 tokens, and refuses what is longer than 4,096" == now.remark


def test_a_server_that_does_not_say_its_window_has_the_one_that_it_refuses_by():
    windows = Windows()
    silent = replace(MODEL, context_tokens=None)

    assert 8192 == windows.refused(silent, 8192).context_tokens
    (one,) = windows.corrected([silent])
    assert (8192, True) == (one.context_tokens, "does not say its window" in one.remark)


def test_what_is_no_smaller_than_it_says_teaches_nothing():
    windows = Windows()

    assert windows.refused(MODEL, 65_536) is None
    assert windows.refused(MODEL, 0) is None
    assert [MODEL] == windows.corrected([MODEL])


def test_a_model_that_was_loaded_anew_with_another_window_is_believed_again():
    windows = Windows()
    windows.refused(MODEL, 4096)
    larger = replace(MODEL, context_tokens=131_072)

    assert [larger] == windows.corrected([larger])


def test_what_was_learnt_goes_when_the_model_is_gone():
    windows = Windows()
    windows.refused(MODEL, 4096)
    windows.corrected([OTHER])

    assert [MODEL] == windows.corrected([MODEL])

"""What is wrong is said so that it can be put right."""

from hypothesis import given
from hypothesis import strategies as st

from standby.core.settings.faults import Fault, dotted, nearest

WORDS = ("host", "port", "url", "overage", "burst_wait_s", "first_byte_s")


@given(st.sampled_from(WORDS), st.data())
def test_one_slip_of_the_finger_is_understood(word, data):
    place = data.draw(st.integers(0, len(word) - 1))
    slips = (
        word[:place] + word[place + 1 :],
        word[:place] + word[place] + word[place:],
        word[:place] + word[place : place + 2][::-1] + word[place + 2 :],
        word.upper(),
    )

    assert [word] * 4 == [nearest(slip, WORDS) for slip in slips]


@given(st.text(max_size=200))
def test_what_is_suggested_is_known(word):
    assert nearest(word, WORDS) in {*WORDS, ""}


def test_what_is_far_from_everything_suggests_nothing():
    assert nearest("temperature", WORDS) == ""
    assert nearest("x" * 10_000, WORDS) == ""


def test_a_path_is_written_as_one_name():
    assert dotted(("local", "servers", 2, "key_env")) == "local.servers[2].key_env"
    assert dotted(("a b", "c")) == "'a b'.c"


def test_a_fault_is_one_sentence():
    fault = Fault(("log", "level"), "'inof' is not allowed here", "debug, info", "info")

    assert (
        "log.level: 'inof' is not allowed here; allowed: debug, info; did you mean 'info'?"
        == fault.sentence
    )
    assert "no file" == Fault((), "no file").sentence

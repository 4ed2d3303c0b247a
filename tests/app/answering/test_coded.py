"""A coded answer goes out in its peer's bytes, and whatever goes out can be decoded."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from standby.adapters.codings import coder_for
from standby.app.answering.coded import Coded
from standby.ports import CodingError

CODINGS = ["gzip", "deflate", "br", "zstd"]
PIECES = st.lists(st.lists(st.binary(min_size=1, max_size=9), min_size=1, max_size=3), max_size=6)


def coded_pieces(coding, pieces):
    coder = coder_for(coding)
    return [(coder.append(b"".join(events)), events) for events in pieces]


@given(st.sampled_from(CODINGS), PIECES)
def test_while_all_of_it_is_shown_it_goes_out_to_the_byte(coding, pieces):
    coded, out = Coded(lambda: coder_for(coding)), b""
    sent = coded_pieces(coding, pieces)
    for raw, events in sent:
        coded.came(raw, b"".join(events), inside=False)
        for event in events:
            coded.show(event)
        out += coded.take()

    assert b"".join(raw for raw, _ in sent) == out
    assert b"" == coded.take()


@given(st.sampled_from(CODINGS), PIECES, st.data())
def test_whatever_is_left_out_the_rest_can_be_decoded_to_its_end(coding, pieces, data):
    coded, out, shown = Coded(lambda: coder_for(coding)), b"", b""
    for raw, events in coded_pieces(coding, pieces):
        coded.came(raw, b"".join(events), inside=False)
        many = data.draw(st.integers(0, len(events)) | st.just(len(events)))
        for event in events[:many]:
            coded.show(event)
            shown += event
        out += coded.take()
        if many < len(events):
            break
    out += coded.add(b"the end") + coded.finish()

    assert shown + b"the end" == coder_for(coding).decode(out)


@given(st.sampled_from(CODINGS), st.binary(min_size=1), st.binary(min_size=1))
def test_what_is_held_for_long_goes_out_as_it_came(coding, one, two):
    coded = Coded(lambda: coder_for(coding))
    raws = coded_pieces(coding, [[one], [two]])
    for raw, [event] in raws:
        coded.came(raw, event, inside=False)
    for _, [event] in raws:
        coded.show(event)

    assert b"".join(raw for raw, _ in raws) == coded.take()


@pytest.mark.parametrize("coding", CODINGS)
def test_nothing_follows_half_an_event(coding):
    coded = Coded(lambda: coder_for(coding))
    coded.came(coder_for(coding).append(b"whole, ha"), b"whole, ", inside=True)
    coded.show(b"whole, ")
    coded.take()

    with pytest.raises(CodingError):
        coded.add(b"lf")


@pytest.mark.parametrize("coding", CODINGS)
def test_half_an_event_that_is_not_out_is_left_out(coding):
    coder = coder_for(coding)
    coded = Coded(lambda: coder_for(coding))
    coded.came(coder.append(b"whole"), b"whole", inside=False)
    coded.show(b"whole")
    out = coded.take()
    coded.came(coder.append(b"ha"), b"", inside=True)
    out += coded.add(b", the end") + coded.finish()

    assert b"whole, the end" == coder_for(coding).decode(out)


def test_the_end_of_the_peers_coding_is_its_own():
    coder = coder_for("gzip")
    raw, end = coder.append(b"all"), coder.finish()
    coded = Coded(lambda: coder_for("gzip"))
    coded.came(raw, b"all", inside=False)
    coded.show(b"all")
    out = coded.take()
    coded.came(end, b"", inside=False)

    assert raw + end == out + coded.finish()


@pytest.mark.parametrize("coding", CODINGS)
def test_an_end_that_comes_apart_is_left_out_where_something_follows(coding):
    coded, theirs = Coded(lambda: coder_for(coding)), coder_for(coding)
    coded.came(theirs.append(b"cut "), b"cut ", inside=False)
    coded.show(b"cut ")
    out = coded.take()
    coded.came(theirs.finish(), b"", inside=False)

    out += coded.add(b"and gone on with") + coded.finish()

    assert b"cut and gone on with" == coder_for(coding).decode(out)


@pytest.mark.parametrize("coding", CODINGS)
@pytest.mark.parametrize("late", [True, False])
def test_an_end_that_is_late_is_made_here_and_one_that_came_is_not_made_again(coding, late):
    theirs = coder_for(coding)
    raw, end = theirs.append(b"all"), theirs.finish()
    coded = Coded(lambda: coder_for(coding))
    coded.came(raw if late else raw + end, b"all", inside=False)
    coded.show(b"all")

    assert raw + end == coded.take() + coded.finish()


def test_what_was_cut_in_a_block_is_left_as_it_is():
    raw = coder_for("gzip").append(b"all")[:-1]
    coded = Coded(lambda: coder_for("gzip"))
    coded.came(raw, b"al", inside=False)
    coded.show(b"al")

    assert raw == coded.take() + coded.finish()

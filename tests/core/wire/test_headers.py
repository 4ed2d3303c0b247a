"""Which header lines travel, and how they are told apart."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from standby.core.wire.headers import Head, as_they_came, end_to_end, lines_of

NAMES = st.sampled_from(
    ["Connection", "TE", "Upgrade", "Content-Type", "X-A", "x-a", "X-B", "Cookie", "Keep-Alive"]
)
LINES = st.lists(
    st.tuples(NAMES, st.sampled_from(["x-a", "close, X-B", "keep-alive", "1", ""])), max_size=8
).map(tuple)

HOP = [
    *("Connection", "keep-alive", "Proxy-Authenticate", "PROXY-AUTHORIZATION", "Proxy-Connection"),
    *("TE", "Trailer", "Transfer-Encoding", "Upgrade"),
]


@pytest.mark.parametrize("name", HOP)
def test_what_is_of_one_hop_stays(name):
    lines = (("A", "1"), (name, "x"), ("B", "2"))

    assert (("A", "1"), ("B", "2")) == end_to_end(lines)


def test_what_connection_names_stays_whatever_its_case():
    lines = (("Connection", "close, X-Secret"), ("x-secret", "1"), ("connection", "b"), ("B", "2"))

    assert () == end_to_end(lines)


@given(LINES)
def test_lines_that_travel_stay_as_they_are_and_in_order(lines):
    kept = end_to_end(lines)
    rest = iter(lines)

    assert all(line in rest for line in kept), "a part of the lines, in their order"
    assert kept == end_to_end(kept), "once more takes nothing more"


@given(LINES)
def test_what_is_named_does_not_travel(lines):
    kept = end_to_end(lines, less=frozenset({"cookie"}))

    assert tuple(line for line in end_to_end(lines) if line[0] != "Cookie") == kept


@given(st.lists(st.tuples(st.text(), st.text())))
def test_utf_8_is_read_as_it_will_be_written(lines):
    raw = [
        (name.encode("utf-8", "ignore"), value.encode("utf-8", "ignore")) for name, value in lines
    ]

    assert raw == [(name.encode(), value.encode()) for name, value in lines_of(raw)]


@given(st.lists(st.tuples(st.binary(), st.binary())))
def test_of_lines_as_they_came_the_bytes_can_be_made_again(raw):
    assert raw == [
        (name.encode(errors="surrogateescape"), value.encode(errors="surrogateescape"))
        for name, value in as_they_came(raw)
    ]


@given(st.lists(st.tuples(st.binary(), st.binary())))
def test_no_byte_of_a_header_is_an_error(raw):
    assert len(raw) == len(lines_of(raw))


def test_the_first_of_several_lines_counts_whatever_its_case():
    lines = (("X-A", "1"), ("x-a", "2"))

    assert "1" == Head(200, lines).header("X-a")
    assert Head(200, lines).header("x-b") is None


@pytest.mark.parametrize(
    ("content_type", "streamed"),
    [
        ("text/event-stream", True),
        ("text/event-stream; charset=utf-8", True),
        ("application/json", False),
        ("", False),
    ],
)
def test_a_stream_says_so(content_type, streamed):
    assert streamed == Head(200, (("Content-Type", content_type),)).streamed


@pytest.mark.parametrize(
    ("said", "coding"), [("gzip", "gzip"), (" BR ", "br"), ("identity", ""), ("", "")]
)
def test_no_coding_and_identity_are_one(said, coding):
    assert coding == Head(200, (("Content-Encoding", said),)).coding
    assert "" == Head(200, ()).coding


@pytest.mark.parametrize(
    ("kind", "streamed"),
    [
        ("text/event-stream", True),
        ("text/event-stream; charset=utf-8", True),
        ("Text/Event-Stream ;charset=UTF-8", True),
        ("text/event-streams", False),
        ("application/json", False),
        ("", False),
    ],
)
def test_a_stream_is_told_by_its_type_whatever_its_case_and_parameters(kind, streamed):
    assert streamed is Head(200, (("Content-Type", kind),)).streamed

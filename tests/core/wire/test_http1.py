"""HTTP/1.1 answers: the same in every cut, and an error wherever two readers could differ."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from standby.core.wire.headers import Head
from standby.core.wire.http1 import MAX_HEAD_BYTES, Answer, NotHTTPError

ANSWERS = {
    "sized": (
        b"HTTP/1.1 200 OK\r\nContent-Length: 11\r\nX-A:  b c \t\r\n\r\nhello world",
        (200, (("Content-Length", "11"), ("X-A", "b c")), b"hello world"),
    ),
    "chunked": (
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: Chunked\r\n\r\n"
        b"5\r\nhello\r\n6;ext=1;b\r\n world\r\n0\r\nTrailer: x\r\n\r\n",
        (200, (("Transfer-Encoding", "Chunked"),), b"hello world"),
    ),
    "after interim answers": (
        b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n"
        b"HTTP/1.1 404 Not Found\r\nContent-Length: 2\r\n\r\nno",
        (404, (("Content-Length", "2"),), b"no"),
    ),
    "without a body": (
        b"HTTP/1.1 204 \r\nX: y\r\n\r\n",
        (204, (("X", "y"),), b""),
    ),
    "not modified": (
        b"HTTP/1.1 304\r\nContent-Length: 7\r\n\r\n",
        (304, (("Content-Length", "7"),), b""),
    ),
    "empty": (
        b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n",
        (200, (("content-length", "0"),), b""),
    ),
    "latin-1": (
        b"HTTP/1.1 200 \xe9\r\nX: \xff\r\nContent-Length: 1\r\n\r\n\x00",
        (200, (("X", "\xff"), ("Content-Length", "1")), b"\x00"),
    ),
}
ENDLESS = b"HTTP/1.1 200 OK\r\nX: y\r\n\r\nuntil the end"


def read(parts, method="POST"):
    """Feed an answer with its parts; return it, and its status, headers and body."""
    answer = Answer(method)
    pieces = [piece for part in parts for piece in answer.receive(part)]
    heads = [piece for piece in pieces if isinstance(piece, Head)]
    body = b"".join(piece for piece in pieces if isinstance(piece, bytes))
    assert len(heads) <= 1
    assert not heads or pieces[0] is heads[0]
    assert b"" not in pieces
    return answer, (heads[0].status, heads[0].headers, body) if heads else None


def cut(data, places):
    borders = [0, *sorted(place % (len(data) + 1) for place in places), len(data)]
    return [data[a:b] for a, b in pairwise(borders)]


PLACES = st.lists(st.integers(0, 10_000), max_size=12)


@pytest.mark.parametrize("name", ANSWERS)
@given(places=PLACES)
def test_every_cut_reads_the_same(name, places):
    data, expected = ANSWERS[name]
    answer, came = read(cut(data, places))

    assert expected == came
    assert answer.done
    assert answer.reusable


@pytest.mark.parametrize("name", ANSWERS)
def test_byte_by_byte_it_reads_the_same(name):
    data, expected = ANSWERS[name]
    answer, came = read([bytes([byte]) for byte in data])

    assert expected == came
    assert answer.reusable


@pytest.mark.parametrize("name", ANSWERS)
def test_no_beginning_is_a_whole(name):
    data, _ = ANSWERS[name]
    for end in range(len(data)):
        answer, _ = read([data[:end]])

        assert not answer.done
        with pytest.raises(NotHTTPError):
            answer.end()


@given(st.lists(st.binary(min_size=1, max_size=300), max_size=20), PLACES)
def test_what_was_put_into_chunks_comes_out(chunks, places):
    body = b"".join(b"%x\r\n%b\r\n" % (len(chunk), chunk) for chunk in chunks) + b"0\r\n\r\n"
    head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    answer, came = read(cut(head + body, places))

    assert (200, (("Transfer-Encoding", "chunked"),), b"".join(chunks)) == came
    assert answer.done


@given(PLACES)
def test_without_a_length_it_ends_with_the_connection(places):
    answer, came = read(cut(ENDLESS, places))
    assert (200, (("X", "y"),), b"until the end") == came
    assert not answer.done

    answer.end()

    assert answer.done
    assert not answer.reusable


@pytest.mark.parametrize(
    "length", [b"Content-Length: 12\r\n", b"Transfer-Encoding: chunked\r\n", b""]
)
def test_an_answer_to_head_has_no_body(length):
    answer, came = read([b"HTTP/1.1 200 OK\r\n" + length + b"\r\n"], method="HEAD")

    assert came is not None
    assert b"" == came[2]
    assert answer.reusable


@pytest.mark.parametrize("name", ANSWERS)
@given(places=PLACES, more=st.binary(min_size=1, max_size=50))
def test_what_follows_belongs_to_nobody(name, places, more):
    data, expected = ANSWERS[name]
    answer, came = read(cut(data + more, places))

    assert expected == came
    assert answer.done


@pytest.mark.parametrize("name", ANSWERS)
def test_a_connection_that_said_more_than_its_answer_is_not_used_again(name):
    answer, _ = read([ANSWERS[name][0] + b"H"])

    assert answer.done
    assert not answer.reusable


@pytest.mark.parametrize(
    "line", [b"Connection: close", b"connection: x, Close", b"Connection:x\r\nConnection:\tclose"]
)
def test_a_connection_that_will_close_is_not_used_again(line):
    answer, _ = read([b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n" + line + b"\r\n\r\n"])

    assert answer.done
    assert not answer.reusable


def test_nor_is_one_of_http_1_0():
    answer, _ = read([b"HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n"])

    assert answer.done
    assert not answer.reusable


OK = b"HTTP/1.1 200 OK\r\n"
CHUNKS = OK + b"Transfer-Encoding: chunked\r\n\r\n"


@pytest.mark.parametrize(
    "data",
    {
        "another protocol": b"HTTP/2 200 OK\r\n\r\n",
        "no status line": b"220 mail.example ESMTP\r\n\r\n",
        "a status of two digits": b"HTTP/1.1 20 OK\r\n\r\n",
        "a status of four digits": b"HTTP/1.1 2000 OK\r\n\r\n",
        "a second space": b"HTTP/1.1  200 OK\r\n\r\n",
        "a line end that is only LF": b"HTTP/1.1 200 OK\nX: y\r\n\r\n",
        "a CR alone": OK + b"X: y\rz\r\n\r\n",
        "a NUL": OK + b"X: y\x00\r\n\r\n",
        "a folded line": OK + b"X: y\r\n z\r\n\r\n",
        "a space before the colon": OK + b"Content-Length : 1\r\n\r\n",
        "no colon": OK + b"Content-Length\r\n\r\n",
        "no name": OK + b": 1\r\n\r\n",
        "two lengths": OK + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\n",
        "the same length twice": OK + b"Content-Length: 1\r\nContent-Length: 1\r\n\r\n",
        "two lengths in a line": OK + b"Content-Length: 1, 1\r\n\r\n",
        "a negative length": OK + b"Content-Length: -1\r\n\r\n",
        "a signed length": OK + b"Content-Length: +1\r\n\r\n",
        "an empty length": OK + b"Content-Length: \r\n\r\n",
        "a length in other digits": OK + b"Content-Length: \xb2\r\n\r\n",
        "a length of 19 digits": OK + b"Content-Length: 1000000000000000000\r\n\r\n",
        "a length and a coding": OK + b"Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
        "an unknown coding": OK + b"Transfer-Encoding: gzip\r\n\r\n",
        "two codings": OK + b"Transfer-Encoding: gzip, chunked\r\n\r\n",
        "chunked twice": OK + b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n",
        "chunks in HTTP/1.0": b"HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
        "another protocol to go on with": b"HTTP/1.1 101 Switching Protocols\r\n\r\n",
        "a chunk without a size": CHUNKS + b"\r\nhello\r\n",
        "a size in hexadecimal notation": CHUNKS + b"0x5\r\nhello\r\n",
        "a signed size": CHUNKS + b"-5\r\nhello\r\n",
        "a space before the size": CHUNKS + b" 5\r\nhello\r\n",
        "a size with an underscore": CHUNKS + b"1_0\r\n",
        "a size of 16 digits": CHUNKS + b"f" * 16 + b"\r\n",
        "a chunk longer than its size": CHUNKS + b"4\r\nhello\r\n0\r\n\r\n",
        "a chunk that ends in LF": CHUNKS + b"5\r\nhello\n0\r\n\r\n" + b"x" * 5000,
        "an extension with a LF": CHUNKS + b"5;a\nb\r\nhello\r\n",
        "a size line without end": CHUNKS + b"5;" + b"a" * 5000,
        "a trailer without end": CHUNKS + b"0\r\n" + b"X: y\r\n" * 20_000,
        "a head without end": OK + b"X: y\r\n" * 20_000,
        "a line without end": OK + b"X: " + b"y" * (MAX_HEAD_BYTES + 1),
        "interim answers without end": b"HTTP/1.1 100 Continue\r\n\r\n" * 5_000,
    }.items(),
    ids=lambda item: item[0],
)
def test_is_refused(data):
    _, sent = data
    with pytest.raises(NotHTTPError):
        read([sent])
    with pytest.raises(NotHTTPError):
        read([sent[at : at + 1000] for at in range(0, len(sent), 1000)])


def test_a_refusal_reflects_nothing_of_what_was_sent():
    with pytest.raises(NotHTTPError) as caught:
        read([b"HTTP/1.1 200 OK\r\nsecret canary\r\n\r\n"])

    assert "canary" not in str(caught.value)


PARTS = st.sampled_from(
    [
        OK,
        b"\r\n",
        b"Content-Length: 5\r\n",
        b"Transfer-Encoding: chunked\r\n",
        b"5\r\n",
        b"0\r\n",
        b"hello",
    ]
)


@given(st.lists(st.one_of(PARTS, st.binary(max_size=20)), max_size=30))
def test_garbage_is_read_or_refused(parts):
    answer = Answer("POST")
    try:
        for part in parts:
            answer.receive(part)
        answer.end()
    except NotHTTPError:
        return
    assert answer.done

"""Answers that are wrong below their words, as bytes."""

import itertools
import zlib

import pytest

from standby.testing.faults import Ending
from standby.testing.hostile import HOSTILE, Honest, chunk

HONEST = Honest(
    (("content-type", "text/event-stream"),),
    tuple(b"data: one %d\n\n" % number for number in range(20)),
    "http://127.0.0.1:7",
)
FLOODS = {"gzip_bomb", "endless_header", "many_headers", "endless_line", "endless_pings"}
MIB = 1024 * 1024


def sent(name, steps=None):
    taken = itertools.islice(HOSTILE[name](HONEST), steps)
    return b"".join(step for step in taken if isinstance(step, bytes))


@pytest.mark.parametrize("name", sorted(set(HOSTILE) - FLOODS))
def test_none_is_the_honest_answer(name):
    steps = list(HOSTILE[name](HONEST))
    honest = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n"

    assert all(isinstance(step, bytes | float | Ending) for step in steps)
    differs = {
        "byte_by_byte": len(steps) > len(HONEST.body),
        "slow": any(isinstance(step, float) for step in steps),
        "stalls": any(isinstance(step, float) for step in steps),
        "bad_utf8": b"\xff" in sent(name),
    }
    lines = sent(name).partition(b"\r\n\r\n")[0]
    whole = HONEST.body in sent(name) or chunk(HONEST.pieces[-1]) in sent(name)
    assert differs.get(name) or not (lines.startswith(honest) and whole) or lines.count(b"\r\n") > 3


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_leads_to_the_trap(status):
    data = sent(f"redirect_{status}")

    assert data.startswith(b"HTTP/1.1 %d " % status)
    assert b"\r\nlocation: http://127.0.0.1:7/v1/messages\r\n" in data


def test_lengths_lie():
    assert 2 == sent("two_lengths").count(b"content-length: ")
    head, _, body = sent("short_length").partition(b"\r\n\r\n")
    assert len(body) < int(head.rpartition(b"content-length: ")[2].partition(b"\r\n")[0])


def test_a_bomb_is_small_on_the_line_and_large_behind_it():
    body = sent("gzip_bomb", 20).partition(b"\r\n\r\n")[2]
    coded = bytearray()
    while body:
        size, _, body = body.partition(b"\r\n")
        coded += body[: int(size, 16)]
        body = body[int(size, 16) + 2 :]

    assert len(coded) < 64 * 1024
    assert 18 * MIB < len(zlib.decompressobj(31).decompress(bytes(coded)))


@pytest.mark.parametrize("name", sorted(FLOODS - {"gzip_bomb"}))
def test_a_flood_is_endless_but_for_a_bound(name):
    first = sent(name, 200)

    assert len(first) > 4 * MIB
    assert sum(1 for _ in HOSTILE[name](HONEST)) < 20_000

"""What of a request two readers could read in two ways."""

import pytest
from aiohttp import HttpVersion, HttpVersion10, HttpVersion11

from standby.server.framing import unclear


@pytest.mark.parametrize("version", [HttpVersion10, HttpVersion11])
def test_a_request_without_a_coding_is_clear(version):
    assert "" == unclear(version, (("Content-Length", "3"), ("TE", "gzip, chunked")))


@pytest.mark.parametrize(
    "line", [("Transfer-Encoding", "chunked"), ("transfer-encoding", "CHUNKED")]
)
def test_one_in_chunks_is_clear(line):
    assert "" == unclear(HttpVersion11, (("a", "b"), line))


@pytest.mark.parametrize(
    "values",
    [
        ("gzip, chunked",),
        ("chunked, gzip",),
        ("chunked, chunked",),
        ("chunked", "chunked"),
        ("gzip", "chunked"),
        ("",),
        ("identity",),
        ("chunked;a=b",),
        ("chunked,",),
        ("x-chunked",),
    ],
    ids=range(10),
)
def test_any_other_coding_is_not(values):
    lines = tuple(("Transfer-Encoding", value) for value in values)

    assert "the only transfer coding is chunked" in unclear(HttpVersion11, lines)


def test_nor_is_any_in_an_http_that_has_none():
    assert "in HTTP/1.1" in unclear(HttpVersion10, (("Transfer-Encoding", "chunked"),))


@pytest.mark.parametrize("version", [(0, 9), (1, 2), (2, 0), (3, 0)])
def test_nor_another_http(version):
    assert "must be in HTTP/1.1" in unclear(HttpVersion(*version), ())

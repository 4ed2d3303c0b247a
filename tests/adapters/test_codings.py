"""Each coding is read along, and is continued where its peer was cut so that the whole decodes."""

import gzip
import shutil
import subprocess
import sys
import zlib
from itertools import pairwise

import brotli
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from standby.adapters import codings
from standby.adapters.codings import coder_for
from standby.ports import CodingError

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

CHECKSUM = {zstd.CompressionParameter.checksum_flag: 1}


class Zlib:
    """A peer that sends gzip or deflate, and flushes after each event."""

    def __init__(self, wbits, level=6):
        self.compressor = zlib.compressobj(level, wbits=wbits)

    def event(self, text):
        return self.compressor.compress(text) + self.compressor.flush(zlib.Z_SYNC_FLUSH)

    def end(self):
        return self.compressor.flush()


class Brotli:
    def __init__(self, quality=4):
        self.compressor = brotli.Compressor(quality=quality)

    def event(self, text):
        return self.compressor.process(text) + self.compressor.flush()

    def end(self):
        return self.compressor.finish()


class Zstd:
    def __init__(self, options=None):
        self.compressor = zstd.ZstdCompressor(options=options)

    def event(self, text):
        return self.compressor.compress(text, zstd.ZstdCompressor.FLUSH_BLOCK)

    def end(self):
        return self.compressor.flush()


SMALL_WINDOW = {zstd.CompressionParameter.window_log: 10}
PEERS = {
    "gzip": ("gzip", lambda: Zlib(31)),
    "gzip, stored": ("gzip", lambda: Zlib(31, level=0)),
    "zlib": ("deflate", lambda: Zlib(15)),
    "zlib, small window": ("deflate", lambda: Zlib(9)),
    "raw deflate": ("deflate", lambda: Zlib(-15)),
    "br": ("br", Brotli),
    "br, best": ("br", lambda: Brotli(11)),
    "zstd": ("zstd", Zstd),
    "zstd, small window": ("zstd", lambda: Zstd(SMALL_WINDOW)),
}
CODINGS = ("gzip", "deflate", "br", "zstd")

peers = pytest.mark.parametrize(("coding", "peer"), PEERS.values(), ids=PEERS)
texts = st.lists(st.binary(max_size=300) | st.text(max_size=100).map(str.encode), max_size=6)
sizes = st.sampled_from([0, 1, 65_535, 65_536, 65_537, 200_000])
LONG = b"event: ping\ndata: {}\n\n" * 10_000


def decoded(coding, coded):
    match coding:
        case "gzip":
            return gzip.decompress(coded)
        case "deflate":
            inflater = zlib.decompressobj(15 if coded[0] & 15 == 8 else -15)
            plain = inflater.decompress(coded)
            assert inflater.eof
            return plain
        case "br":
            return brotli.decompress(coded)
        case "zstd":
            return zstd.decompress(coded)


def pieces(data, cuts):
    borders = [0, *sorted(cut % (len(data) + 1) for cut in cuts), len(data)]
    return [data[a:b] for a, b in pairwise(borders)]


@peers
@given(texts=texts, size=sizes, ours=texts, cuts=st.lists(st.integers(0), max_size=5))
@settings(max_examples=40)
def test_a_flushed_stream_is_continued_and_the_whole_decodes(coding, peer, texts, size, ours, cuts):
    source, coder, long = peer(), coder_for(coding), LONG[:size]
    sent = b"".join(source.event(text) for text in [*texts, long])
    ours = [*ours, long]

    read = b"".join(coder.decode(piece) for piece in pieces(sent, cuts))
    sent += b"".join(coder.append(text) for text in ours) + coder.finish()

    assert b"".join(texts) + long == read
    assert b"".join([*texts, long, *ours]) == decoded(coding, sent)


@peers
@given(texts=texts, ours=st.binary(min_size=1, max_size=200), cut=st.integers(0))
@settings(max_examples=150)
def test_cut_anywhere_it_either_refuses_or_decodes(coding, peer, texts, ours, cut):
    source, coder = peer(), coder_for(coding)
    whole = b"".join(source.event(text) for text in texts) + source.end()
    sent = whole[: cut % (len(whole) + 1)]
    read = coder.decode(sent)

    try:
        sent += coder.append(ours) + coder.finish()
    except CodingError:
        return

    assert read + ours == decoded(coding, sent)


@peers
def test_inside_an_event_nothing_can_be_appended(coding, peer):
    source, coder = peer(), coder_for(coding)
    sent = source.event(b"one event, ") + source.event(bytes(range(200)))
    coder.decode(sent[:-20])

    with pytest.raises(CodingError, match="inside a block"):
        coder.append(b"ours")
    with pytest.raises(CodingError):
        coder.finish()
    with pytest.raises(CodingError):
        coder.decode(sent[-20:])


@peers
@given(texts=texts, cuts=st.lists(st.integers(0), max_size=5))
@settings(max_examples=40)
def test_a_stream_that_the_peer_ended_is_left_as_it_is(coding, peer, texts, cuts):
    source, coder = peer(), coder_for(coding)
    whole = b"".join(source.event(text) for text in texts) + source.end()

    assert b"".join(texts) == b"".join(coder.decode(piece) for piece in pieces(whole, cuts))
    assert b"" == coder.finish()
    with pytest.raises(CodingError, match="has ended"):
        coder.append(b"ours")


@pytest.mark.parametrize("coding", CODINGS)
@given(ours=texts, size=sizes)
@settings(max_examples=40)
def test_where_nothing_came_a_stream_of_ours_begins(coding, ours, size):
    coder, long = coder_for(coding), LONG[:size]

    coded = b"".join(coder.append(text) for text in [*ours, long]) + coder.finish()

    assert b"".join(ours) + long == decoded(coding, coded)


@peers
def test_a_peer_that_only_flushed_and_was_cut_can_be_ended(coding, peer):
    coder = coder_for(coding)
    sent = peer().event(b"all there is")
    coder.decode(sent)

    assert b"all there is" == decoded(coding, sent + coder.finish())


@pytest.mark.parametrize(
    "options", [CHECKSUM, {zstd.CompressionParameter.content_size_flag: 1}], ids=["sum", "size"]
)
def test_a_zstd_frame_that_promises_a_checksum_or_a_size_is_not_continued(options):
    coder = coder_for("zstd")
    if options is CHECKSUM:
        sent = Zstd(options).event(b"promised")
    else:
        sent = zstd.compress(b"promised" * 100, options=options)[:-3]
    coder.decode(sent)

    with pytest.raises(CodingError, match="announces"):
        coder.append(b"ours")


@pytest.mark.parametrize("length", range(6))
def test_a_zstd_frame_is_not_continued_inside_its_head(length):
    coder = coder_for("zstd")
    coder.decode(Zstd().event(b"text")[:length])

    if length == 0:
        assert b"ours" == zstd.decompress(coder.append(b"ours") + coder.finish())
    else:
        with pytest.raises(CodingError):
            coder.append(b"ours")


@pytest.mark.parametrize(
    ("coding", "whole"),
    [
        ("gzip", gzip.compress(b"first ") + gzip.compress(b"second")),
        ("zstd", zstd.compress(b"first ") + zstd.compress(b"second")),
    ],
    ids=["gzip", "zstd"],  # a gzip member holds the time of day
)
def test_members_in_a_row_are_one_text(coding, whole):
    coder = coder_for(coding)

    assert b"first second" == b"".join(coder.decode(bytes((byte,))) for byte in whole)


def test_a_second_member_is_continued_with_its_own_trailer():
    coder = coder_for("gzip")
    sent = gzip.compress(b"first ") + Zlib(31).event(b"second ")
    coder.decode(sent)

    assert b"first second third" == gzip.decompress(sent + coder.append(b"third") + coder.finish())


@pytest.mark.parametrize("coding", CODINGS)
def test_a_bomb_is_stopped_at_once(coding):
    source = {"gzip": Zlib(31), "deflate": Zlib(15), "br": Brotli(1), "zstd": Zstd()}[coding]
    bomb = source.event(bytes(codings.coder.MAX_READ_BYTES + 1))
    coder = coder_for(coding)

    with pytest.raises(CodingError, match="more than any answer"):
        coder.decode(bomb)
    with pytest.raises(CodingError):
        coder.decode(b"more")


@pytest.mark.parametrize("coding", CODINGS)
def test_an_answer_has_a_limit_however_slowly_it_grows(coding, monkeypatch):
    monkeypatch.setattr(codings.coder, "MAX_PLAIN_BYTES", 1_000)
    source = {"gzip": Zlib(31), "deflate": Zlib(15), "br": Brotli(), "zstd": Zstd()}[coding]
    coder = coder_for(coding)

    for _ in range(10):
        coder.decode(source.event(bytes(100)))
    with pytest.raises(CodingError, match="more than any answer"):
        coder.decode(source.event(b"!"))


@pytest.mark.parametrize("coding", CODINGS)
@given(garbage=st.binary(min_size=1, max_size=400))
@settings(max_examples=100)
def test_garbage_is_an_error_of_the_peer_and_nothing_else(coding, garbage):
    coder = coder_for(coding)
    try:
        coder.decode(garbage)
        coder.append(b"ours")
        coder.finish()
    except CodingError:
        pass


@pytest.mark.parametrize("name", ["", "identity", " Identity "])
def test_identity_hands_back_the_very_same_bytes(name):
    coder, data = coder_for(name), b"as it came"

    assert coder.decode(data) is data
    assert coder.append(data) is data
    assert b"" == coder.finish()


@pytest.mark.parametrize("name", ["compress", "gzip, br", "zip"])
def test_an_unknown_coding_refuses_by_name(name):
    coder = coder_for(name)

    for act in (lambda: coder.decode(b"x"), lambda: coder.append(b"x"), coder.finish):
        with pytest.raises(CodingError, match=repr(name)):
            act()


def test_what_the_peer_sends_after_we_went_on_is_refused():
    source, coder = Zlib(31), coder_for("gzip")
    coder.decode(source.event(b"theirs"))
    coder.append(b"ours")

    with pytest.raises(CodingError, match="has been left"):
        coder.decode(source.event(b"theirs again"))


NODE = shutil.which("node")
# Reads a coded stream on stdin as a client does, piece by piece, to its end.
READER = """
const zlib = require('zlib');
const make = {gzip: zlib.createGunzip, deflate: zlib.createInflate, br: zlib.createBrotliDecompress,
              zstd: zlib.createZstdDecompress}[process.argv[1]];
if (!make) process.exit(77);
const decoder = make();
decoder.on('error', () => process.exit(1));
process.stdin.pipe(decoder).pipe(process.stdout);
"""


@pytest.mark.skipif(NODE is None, reason="node is not there")
@pytest.mark.parametrize("coding", CODINGS)
def test_node_reads_the_whole_as_one_stream(coding):
    source = {"gzip": Zlib(31), "deflate": Zlib(15), "br": Brotli(), "zstd": Zstd()}[coding]
    coder = coder_for(coding)
    theirs, ours = (
        [b"theirs %d\n" % n * 20 for n in range(50)],
        [b"ours %d\n" % n for n in range(50)],
    )

    sent = b"".join(map(source.event, theirs))
    coder.decode(sent)
    sent += b"".join(map(coder.append, ours)) + coder.finish()
    done = subprocess.run(
        [NODE, "-e", READER, coding], check=False, input=sent, capture_output=True, timeout=30
    )

    if done.returncode == 77:
        pytest.skip(f"this node has no {coding}")
    assert (0, b"".join([*theirs, *ours])) == (done.returncode, done.stdout)

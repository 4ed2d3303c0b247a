from standby.adapters.codings import coder_for
from standby.app.answering.reads import Read, Stream
from standby.core.exchange import Came, Ended
from tests.fakes.answerers import answer, text


def test_a_stream_gives_the_frames_that_each_read_has_completed():
    hello = text(0, "Hello")
    stream = Stream()

    assert [] == stream.receive(hello.raw[:7])
    assert hello.raw[:7] == stream.rest
    assert [hello] == stream.receive(hello.raw[7:])
    assert b"" == stream.rest


def test_a_read_is_the_bytes_of_its_events():
    frames = answer("Hello")
    read = Read([*map(Came, frames), Ended(b"half")])

    assert b"".join(frame.raw for frame in frames) + b"half" == read.plain


def test_a_coded_read_keeps_the_bytes_that_it_came_in_once():
    frames = answer("Hello")
    plain = b"".join(frame.raw for frame in frames)
    coder = coder_for("gzip")
    coded = coder.append(plain) + coder.finish()
    stream = Stream()
    stream.coder = coder_for("gzip")
    came = [*stream.receive(coded[:9]), *stream.receive(coded[9:])]

    assert frames == came
    assert Read([Came(frames[0])], coded) == stream.read([Came(frames[0])])
    assert b"" == stream.read([]).raw


def test_a_read_that_ends_inside_an_event_says_so():
    stream = Stream()
    stream.receive(text(0, "Hello").raw + b"event: half")

    assert stream.read([]).inside

import socket
import threading

import pytest

from standby.cli.gateway.asking import NoAnswerError, ask


@pytest.fixture
def peer():
    """Start a server that does what a test wants with its one connection; return its URL."""
    listening = socket.create_server(("127.0.0.1", 0))
    over = threading.Event()
    threads = []

    def start(behave):
        def serve():
            line, _ = listening.accept()
            with line:
                line.recv(65536)
                behave(line, over)

        threads.append(threading.Thread(target=serve, daemon=True))
        threads[-1].start()
        return f"http://127.0.0.1:{listening.getsockname()[1]}"

    yield start
    over.set()
    for thread in threads:
        thread.join(5)
    listening.close()


def trickle(line, over):
    """Never end, and never be silent for long: no timeout of a socket ends this."""
    try:
        while not over.wait(0.02):
            line.sendall(b"H")
    except OSError:
        pass


def test_an_answer_is_status_and_body(peer):
    url = peer(lambda line, _: line.sendall(b"HTTP/1.1 404 No\r\nContent-Length: 2\r\n\r\nhi"))

    assert ask(url, "/x", {}, within_s=5) == (404, b"hi")


def test_one_that_trickles_is_cut_off_at_the_deadline(peer):
    with pytest.raises(NoAnswerError, match=r"no answer within 0\.3 s"):
        ask(peer(trickle), "/", {}, within_s=0.3)


def test_one_that_is_silent_is_cut_off_at_the_deadline(peer):
    with pytest.raises(NoAnswerError, match=r"no answer within 0\.2 s"):
        ask(peer(lambda _, over: over.wait(5)), "/", {}, within_s=0.2)


@pytest.mark.parametrize(
    "said",
    [b"220 mail.example\r\n", b"\0\1\2", b"", b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhi"],
)
def test_one_that_does_not_speak_http_is_an_error_in_words(peer, said):
    with pytest.raises(NoAnswerError):
        ask(peer(lambda line, _: line.sendall(said)), "/", {}, within_s=5)


def test_nobody_there_is_an_error_in_words():
    free = socket.create_server(("127.0.0.1", 0))
    port = free.getsockname()[1]
    free.close()

    with pytest.raises(NoAnswerError, match="refused"):
        ask(f"http://127.0.0.1:{port}", "/", {}, within_s=5)


def test_no_proxy_is_asked(peer, monkeypatch):
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    url = peer(lambda line, _: line.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"))

    assert ask(url, "/", {}, within_s=5) == (200, b"")

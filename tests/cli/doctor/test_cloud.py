import shutil
import socket
import ssl
import subprocess
import threading
from contextlib import suppress

import pytest

from standby.cli.doctor.cloud import reachable

PROXIES = ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY", "all_proxy", "ALL_PROXY")


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch):
    for name in (*PROXIES, "no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def peer():
    """Listen; return the URL, and what was said by those who came."""
    said = []
    listening = socket.create_server(("127.0.0.1", 0))

    def serve():
        while True:
            try:
                line, _ = listening.accept()
            except OSError:
                return
            with line:
                line.settimeout(2)
                said.append(line.recv(100))

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{listening.getsockname()[1]}", said
    listening.shutdown(socket.SHUT_RDWR)
    listening.close()
    thread.join(5)


def test_a_cloud_that_listens_is_reached_and_asked_nothing(peer):
    url, said = peer

    assert reachable(url, "").grade == "ok"
    assert {b""} >= set(said)


def test_nobody_there_is_a_failure():
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]

    assert reachable(f"http://127.0.0.1:{port}", "").grade == "fail"


def test_a_proxy_on_the_way_is_reached_in_its_place(peer, monkeypatch):
    url, said = peer
    monkeypatch.setenv("https_proxy", url.replace("//", "//name:password@"))
    found = reachable("https://cloud.example", "")

    assert found.grade == "warn"
    assert "password" not in found.words
    assert {b""} >= set(said)


@pytest.mark.skipif(shutil.which("openssl") is None, reason="there is no openssl")
def test_a_certificate_that_nobody_vouches_for_is_a_failure_unless_it_is_named(tmp_path):
    certificate, key = tmp_path / "certificate.pem", tmp_path / "key.pem"
    words = (
        "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=localhost"
    )
    files = ["-keyout", str(key), "-out", str(certificate)]
    name = ["-addext", "subjectAltName=DNS:localhost"]
    subprocess.run(["openssl", *words.split(), *files, *name], check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    listening = socket.create_server(("127.0.0.1", 0))

    def serve():
        for _ in range(2):
            line, _ = listening.accept()
            with line, suppress(OSError):  # a client that does not trust us says so
                context.wrap_socket(line, server_side=True).close()

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    url = f"https://localhost:{listening.getsockname()[1]}"
    unknown, named = reachable(url, ""), reachable(url, str(certificate))
    thread.join(5)
    listening.close()

    assert ("fail", "ok") == (unknown.grade, named.grade)
    assert "is not trusted" in unknown.words

import os
import socket
from types import SimpleNamespace

import psutil
import pytest

from standby.adapters.host.connections import connected_elsewhere


def test_a_connection_to_ourselves_is_none_to_elsewhere():
    with (
        socket.create_server(("127.0.0.1", 0)) as listening,
        socket.create_connection(listening.getsockname()),
    ):
        assert frozenset() == connected_elsewhere(os.getpid())


@pytest.mark.parametrize(
    ("host", "elsewhere"),
    [
        ("192.0.2.7", True),
        ("2001:db8::1", True),
        ("fe80::1%eth0", True),
        ("::ffff:192.0.2.7", True),
        ("127.0.0.1", False),
        ("127.8.8.8", False),
        ("::1", False),
        ("::ffff:127.0.0.1", False),
    ],
)
def test_elsewhere_is_what_is_not_loopback(monkeypatch, host, elsewhere):
    found = [SimpleNamespace(raddr=(host, 443)), SimpleNamespace(raddr=())]
    monkeypatch.setattr(psutil.Process, "net_connections", lambda _self, kind: found)

    assert elsewhere == (f"{host}:443" in connected_elsewhere(os.getpid()))


def test_a_process_that_is_gone_is_connected_to_nobody():
    with socket.socket():
        gone = max(psutil.pids()) + 100_000
    assert frozenset() == connected_elsewhere(gone)


def test_where_the_system_does_not_tell_nothing_is_claimed(monkeypatch):
    def refuse(_self, kind):
        raise psutil.AccessDenied

    monkeypatch.setattr(psutil.Process, "net_connections", refuse)
    assert frozenset() == connected_elsewhere(os.getpid())

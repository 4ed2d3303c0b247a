"""A gateway that cannot start says why in words."""

import os
import sys
from dataclasses import replace

import pytest

from standby.adapters.host.config_file import read_config
from standby.adapters.host.paths import paths
from standby.wiring.gateway import StartError
from standby.wiring.serving import serve

pytestmark = pytest.mark.anyio


@pytest.fixture(autouse=True)
def nothing_blocks():
    """A gateway that starts may wait for its disk: nobody else is there yet."""


@pytest.fixture(autouse=True)
def masked():
    """A gateway closes its files to others, and with them those of the process."""
    before = os.umask(0o077)
    os.umask(before)
    yield
    os.umask(before)


def configured(tmp_path, **cloud):
    where = paths({"STANDBY_HOME": str(tmp_path / "home")})
    found = read_config(where.config_file, {})
    settings = replace(
        found.settings,
        cloud=replace(found.settings.cloud, **cloud),
        gateway=replace(found.settings.gateway, port=0),
    )
    return replace(found, settings=settings), where


async def why_not(configuration, where):
    def ready(_url):
        pytest.fail("it started")

    with pytest.raises(StartError) as raised:
        await serve(configuration, where, ready=ready)
    return str(raised.value)


async def test_a_file_in_the_place_of_its_folder(tmp_path):
    (tmp_path / "home").write_text("not a folder")

    why = await why_not(*configured(tmp_path))

    assert "home" in why
    assert "cannot be used" in why


@pytest.mark.skipif(sys.platform == "win32", reason="a full disk is made with a device of Linux")
async def test_a_disk_that_refuses(tmp_path, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("standby.adapters.host.secrets.create_private", full)

    assert "No space left on device" in await why_not(*configured(tmp_path))


async def test_a_disk_that_has_no_room_left_for_saying_where_it_listens(tmp_path, monkeypatch):
    def full(path, _data):
        raise OSError(28, "No space left on device", str(path))

    monkeypatch.setattr("standby.adapters.host.processes.prepared_private", full)

    why = await why_not(*configured(tmp_path))

    assert "home" in why
    assert "No space left on device" in why


async def test_certificates_that_are_not_there(tmp_path):
    why = await why_not(*configured(tmp_path, ca_file=str(tmp_path / "nothing.pem")))

    assert "[cloud] ca_file" in why


async def test_certificates_that_are_none(tmp_path):
    (tmp_path / "text.pem").write_text("not a certificate")

    why = await why_not(*configured(tmp_path, ca_file=str(tmp_path / "text.pem")))

    assert "[cloud] ca_file" in why


async def test_a_proxy_in_the_environment_that_is_none_is_named_without_its_words(
    tmp_path, monkeypatch
):
    monkeypatch.setenv("HTTPS_PROXY", "ftp://me:canary@proxy.example")

    why = await why_not(*configured(tmp_path, url="https://cloud.invalid"))

    assert "proxy" in why
    assert "canary" not in why

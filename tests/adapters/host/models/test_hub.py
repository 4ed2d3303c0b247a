"""The real client library against a hub on loopback that answers as the real one does."""

import asyncio
import sys
import time
from contextlib import asynccontextmanager
from copy import deepcopy

import anyio
import psutil
import pytest

from standby.adapters.host.models import hub as module
from standby.adapters.host.models.hub import HOSTS, Hub
from standby.adapters.host.models.hub_child import allowed
from standby.core.models.catalogue import Source
from standby.ports import FetchError
from tests.fakes.clock import SetClock
from tests.fakes.gguf_files import gguf
from tests.fakes.hub import COMMIT, REPO, Faults, hub

pytestmark = pytest.mark.anyio

NAME = "small-Q4_K_M.gguf"
DATA = gguf(data=4_000_000)
MIB = 1024 * 1024
SOURCE = Source(REPO, NAME)


@asynccontextmanager
async def served(faults=None, *, stalled_s=20.0, ticks=time.monotonic, **environment):
    async with hub({NAME: DATA}, deepcopy(faults)) as fake:
        told = {"HF_ENDPOINT": fake.url, **environment}
        yield fake, Hub(told, stalled_s=stalled_s, ticks=ticks)


async def fetched(client, part, told=lambda _: None):
    offer = await client.look(SOURCE)
    await client.fetch(offer, part, told)
    return await asyncio.to_thread(part.read_bytes)


async def test_it_says_what_there_is_to_the_commit_and_the_hash():
    async with served() as (fake, client):
        offer = await client.look(SOURCE, licence=True)

    assert Source(REPO, NAME, COMMIT) == offer.source
    assert (len(DATA), fake.sha256(NAME), "apache-2.0") == (
        offer.size_bytes,
        offer.sha256,
        offer.licence,
    )
    assert fake.url == offer.host


async def test_the_files_of_a_repository_are_listed_with_their_hashes():
    async with served() as (fake, client):
        listing = await client.files(REPO)

    assert (COMMIT, "apache-2.0") == (listing.commit, listing.licence)
    assert [(NAME, len(DATA), fake.sha256(NAME))] == [
        (one.name, one.size_bytes, one.sha256) for one in listing.files
    ]


async def test_the_bytes_come_from_another_host_and_the_progress_is_told(tmp_path):
    told = []
    async with served() as (fake, client):
        assert DATA == await fetched(client, tmp_path / "part", told.append)

    assert [""] == fake.gets
    assert len(DATA) == told[-1]
    assert told == sorted(told)


async def test_no_token_and_no_setting_of_the_users_goes_along(tmp_path, monkeypatch):
    secrets = {
        "HF_TOKEN": "canary",
        "HUGGING_FACE_HUB_TOKEN": "canary",
        "ANTHROPIC_API_KEY": "canary",
        "HTTP_PROXY": "http://127.0.0.1:9",
        "HTTPS_PROXY": "http://127.0.0.1:9",
    }
    for name, value in secrets.items():
        monkeypatch.setenv(name, value)
    async with served(**secrets) as (fake, client):
        await fetched(client, tmp_path / "part")

    assert fake.headers
    assert "canary" not in str(fake.headers)
    assert "Authorization" not in str(fake.headers)


async def test_a_proxy_is_used_for_the_hub_and_only_for_it():
    proxy = {"HTTPS_PROXY": "http://127.0.0.1:9", "SSL_CERT_FILE": "/ca.pem", "HF_TOKEN": "canary"}
    environment = Hub(proxy)._child_environment("https://huggingface.co", "/home")
    local = Hub(proxy)._child_environment("http://127.0.0.1:1", "/home")

    assert ("http://127.0.0.1:9", "/ca.pem") == (
        environment["HTTPS_PROXY"],
        environment["SSL_CERT_FILE"],
    )
    assert "HTTPS_PROXY" not in local
    assert "canary" not in str(environment)


async def test_a_download_that_breaks_off_goes_on_where_it_stopped(tmp_path):
    async with served(Faults(cut_after=[2_500_000])) as (fake, client):
        assert DATA == await fetched(client, tmp_path / "part")

    first, second = fake.gets
    assert "" == first
    assert 2 * MIB == int(second.removeprefix("bytes=").rstrip("-"))


async def test_a_later_try_goes_on_where_an_earlier_one_ended(tmp_path):
    part = tmp_path / "part"
    part.write_bytes(DATA[:1_234_567])
    async with served() as (fake, client):
        assert DATA == await fetched(client, part)

    assert ["bytes=1234567-"] == fake.gets


async def test_what_is_whole_is_not_fetched_again(tmp_path):
    part = tmp_path / "part"
    part.write_bytes(DATA)
    async with served() as (fake, client):
        assert DATA == await fetched(client, part)

    assert [] == fake.gets


@pytest.mark.parametrize(
    ("faults", "there"),
    [
        (Faults(ranges=False), DATA[:1000]),
        (Faults(refuse_range=True), DATA[:1000]),
        (Faults(), DATA + b"too much"),
    ],
    ids=["the whole in place of a part", "416", "more than there is"],
)
async def test_a_beginning_that_does_not_fit_is_thrown_away(tmp_path, faults, there):
    part = tmp_path / "part"
    part.write_bytes(there)
    async with served(faults) as (_, client):
        assert DATA == await fetched(client, part)


async def test_a_server_that_sends_more_than_it_announced_is_stopped(tmp_path):
    part = tmp_path / "part"
    async with served(Faults(more=50_000_000)) as (_, client):
        with pytest.raises(FetchError, match="sends more than it announced"):
            await fetched(client, part)
        assert part.stat().st_size <= len(DATA)


@pytest.mark.parametrize(
    ("faults", "why"),
    [
        (Faults(head_status=500), "could not be fetched: it answered 500"),
        (Faults(get_statuses=[404]), "could not be fetched: it answered 404"),
        (Faults(get_statuses=[503]), "could not be fetched: it answered 503"),
        (Faults(etag="short"), "names no SHA-256"),
        (Faults(location="https://evil.example/x"), "leads to https://evil.example,"),
        (Faults(location="http://huggingface.co/x"), "leads to http://huggingface.co,"),
        (Faults(location="https://huggingface.co.evil.example/x"), "evil.example, which is not"),
        (Faults(location="https://huggingface.co@evil.example/x"), "evil.example, which is not"),
        (Faults(location="https://huggingface.co:8443/x"), "which is not one of its known"),
        (Faults(location="ftp://127.0.0.1/x"), "leads to ftp://127.0.0.1,"),
        (Faults(hops=("https://evil.example/x",)), "leads to https://evil.example,"),
    ],
)
async def test_what_cannot_be_believed_is_refused_in_words(tmp_path, faults, why):
    async with served(faults) as (_, client):
        with pytest.raises(FetchError, match=why):
            await fetched(client, tmp_path / "part")


async def test_redirects_among_known_places_are_followed(tmp_path):
    async with served(Faults()) as (fake, client):
        fake.faults.hops = (f"{fake.cdn}/bytes/{NAME}?again=1",)
        assert DATA == await fetched(client, tmp_path / "part")
    assert ["", ""] == fake.gets


@pytest.mark.parametrize(
    ("source", "why"),
    [
        (Source(REPO, "gone.gguf"), "the hub has no maker/Small-GGUF/gone.gguf"),
        (Source("maker/Gone", NAME), "the hub has no maker/Gone"),
        (Source(REPO, NAME, "d" * 40), "renamed or withdrawn"),
    ],
)
async def test_what_is_not_there_is_told(source, why):
    async with served() as (_, client):
        with pytest.raises(FetchError, match=why):
            await client.look(source)


async def test_a_hub_that_cannot_be_reached_is_told_with_the_way_by_hand():
    async with served() as (fake, _):
        gone = fake.url
    with pytest.raises(FetchError, match=r"cannot be reached.*standby models add FILE"):
        await Hub({"HF_ENDPOINT": gone}).look(SOURCE)


async def test_a_hub_that_falls_silent_is_left_and_what_came_is_kept(tmp_path):
    part, clock = tmp_path / "part", SetClock()

    def told(size):
        clock.passes(3.1 if size == MIB else 0.0)

    async with served(Faults(silent=True), stalled_s=3.0, ticks=clock.ticks) as (_, client):
        with anyio.fail_after(100), pytest.raises(FetchError, match="resume where it stopped"):
            await fetched(client, part, told)
        assert MIB == part.stat().st_size
    assert [] == psutil.Process().children()


async def test_a_hub_that_is_slow_is_waited_for_as_long_as_bytes_come(tmp_path):
    clock, sizes = SetClock(), []
    async with served(stalled_s=4.0, ticks=clock.ticks) as (fake, client):
        fake.faults.gate = asyncio.Semaphore(0)

        def told(size):
            sizes.append(size)
            clock.passes(3.0)
            fake.faults.gate.release()

        with anyio.fail_after(100):
            assert DATA == await fetched(client, tmp_path / "part", told)
    assert len(DATA) == sizes[-1]
    assert len(sizes) > 3


@pytest.mark.skipif(sys.platform == "win32", reason="there is no such limit there")
async def test_a_disk_that_refuses_in_the_middle_is_told_and_what_came_is_gone_on_with(tmp_path):
    import resource

    part = tmp_path / "part"
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    async with served() as (fake, client):
        # The child inherits it: a write beyond is refused, as one on a full disk is.
        resource.setrlimit(resource.RLIMIT_FSIZE, (2 * MIB, before[1]))
        try:
            with pytest.raises(FetchError, match="the file cannot be written: "):
                await fetched(client, part)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, before)
        assert 0 < part.stat().st_size <= 2 * MIB
        assert DATA == await fetched(client, part)
    assert fake.gets[-1].startswith("bytes=")


async def test_who_gives_up_leaves_no_process_and_keeps_what_came(tmp_path):
    part = tmp_path / "part"
    async with served(Faults(silent=True)) as (_, client):
        offer = await client.look(SOURCE)
        with anyio.fail_after(100):
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(client.fetch, offer, part, lambda _: None)
                while not part.exists() or part.stat().st_size < MIB:
                    await anyio.lowlevel.checkpoint()
                tasks.cancel_scope.cancel()
    assert MIB == part.stat().st_size
    assert [] == psutil.Process().children()


@pytest.mark.skipif(sys.platform == "win32", reason="symlinks need a right there")
async def test_nothing_is_written_through_a_symlink(tmp_path):
    victim, part = tmp_path / "victim", tmp_path / "part"
    victim.write_bytes(b"precious")
    part.symlink_to(victim)
    async with served() as (_, client):
        with pytest.raises(FetchError, match="cannot be written"):
            await fetched(client, part)

    assert b"precious" == victim.read_bytes()


@pytest.mark.skipif(sys.platform == "win32", reason="there is no such lock there")
async def test_two_do_not_write_one_file(tmp_path):
    import fcntl

    part = tmp_path / "part"
    part.write_bytes(DATA[:1000])
    async with served() as (_, client):
        with part.open("rb") as other:
            fcntl.flock(other, fcntl.LOCK_EX)
            with pytest.raises(FetchError, match="another command is fetching this very file"):
                await fetched(client, part)
        assert DATA[:1000] == await asyncio.to_thread(part.read_bytes)
        assert DATA == await fetched(client, part)


async def test_a_folder_that_is_gone_is_told(tmp_path):
    async with served() as (_, client):
        with pytest.raises(FetchError, match="cannot be written: No such file"):
            await fetched(client, tmp_path / "gone" / "part")


@pytest.mark.parametrize(
    "endpoint",
    [
        "http://mirror.example",
        "ftp://huggingface.co",
        "https://user:secret@mirror.example",
        "nonsense",
        "https://",
    ],
)
async def test_another_hub_is_reached_over_tls_or_not_at_all(endpoint):
    with pytest.raises(FetchError, match="HF_ENDPOINT must be an https"):
        await Hub({"HF_ENDPOINT": endpoint}).look(SOURCE)


async def test_without_the_library_it_says_how_to_get_it(monkeypatch):
    monkeypatch.setattr(module.importlib.util, "find_spec", lambda _name: None)
    with pytest.raises(FetchError, match=r"standby\[hub\].*standby models add FILE"):
        await Hub({}).look(SOURCE)


@pytest.mark.parametrize(
    ("url", "loopback", "expected"),
    [
        ("https://huggingface.co/x", False, True),
        ("https://cas-bridge.xethub.hf.co/x?y", False, True),
        ("https://cdn-lfs.huggingface.co:443/x", False, True),
        ("http://huggingface.co/x", False, False),
        ("https://nothuggingface.co/x", False, False),
        ("https://evilhf.co/x", False, False),
        ("https://huggingface.co:444/x", False, False),
        ("https://me@huggingface.co/x", False, False),
        ("http://127.0.0.1:1/x", False, False),
        ("http://127.0.0.1:1/x", True, True),
        ("http://169.254.169.254/x", True, False),
    ],
)
def test_requests_go_to_known_places_only(url, loopback, expected):
    assert expected == allowed(url, HOSTS, loopback=loopback)

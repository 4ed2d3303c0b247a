"""Hostile surroundings: what lies in folders and in the environment, and what peers send."""

import asyncio
import signal
from contextlib import suppress
from dataclasses import dataclass, field

import aiohttp
import psutil
import pytest

from standby.app.answering.relay import MAX_WHOLE_BYTES
from standby.core.wire.json import dumps, loads
from standby.testing.accounts import CloudAccount, Plan
from standby.testing.cloud import FakeCloud
from standby.testing.engine import FakeEngine
from standby.testing.trap import Trap
from standby.wiring.serving import DRAIN_S
from tests.e2e.asking import HELLO, Client
from tests.e2e.gateway import Gateway, GatewayError, model
from tests.e2e.wire import Cloud, Socket, head_of

pytestmark = pytest.mark.anyio

LOCAL = "I am the tiny test model and this reply was scripted."
MIB = 1024 * 1024
SERVER = '[[local.servers]]\nname = "kit"\nkind = "openai_compatible"\nurl = "{}"\n'


@dataclass
class Surrounded(Gateway):
    """A gateway with more in its environment than there has to be."""

    more: dict[str, str] = field(default_factory=dict)

    @property
    def environment(self):
        return {**super().environment, **self.more}


async def test_neither_the_folder_it_is_started_in_nor_a_proxy_nor_a_netrc_changes_anything(
    tmp_path, cloud
):
    async with Trap() as trap:
        (tmp_path / "config.toml").write_text(f'[cloud]\nurl = "{trap.url}"\n')
        (tmp_path / "standby.toml").write_text(f'[cloud]\nurl = "{trap.url}"\n')
        (tmp_path / ".env").write_text(f"STANDBY_CLOUD_URL={trap.url}\n")
        (tmp_path / ".claude").mkdir()
        (tmp_path / ".claude" / "settings.json").write_text(
            f'{{"env": {{"ANTHROPIC_BASE_URL": "{trap.url}"}}}}'
        )
        (tmp_path / ".netrc").write_text("machine 127.0.0.1 login canary password canary-netrc\n")
        (tmp_path / ".netrc").chmod(0o600)
        proxies = {
            name: trap.url
            for each in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY")
            for name in (each, each.lower())
        }
        anthropic = {"ANTHROPIC_BASE_URL": trap.url, "ANTHROPIC_API_KEY": "canary-of-the-user"}
        async with Surrounded(
            tmp_path, cloud.url, await model(), more={**proxies, **anthropic}
        ) as gateway:
            client = Client(gateway)
            cloudy, local = await client.say(), await client.say(model="local")
            child = gateway.engine.environ()

    assert ("cloud", LOCAL) == (cloudy.by, local.text)
    assert 0 == trap.visits
    assert not set(child) & {*proxies, *anthropic}
    for one in cloud.requests:
        assert b"canary" not in dumps([list(line) for line in one.headers])


@pytest.mark.parametrize("by", ["the environment", "a setting"])
async def test_a_cloud_elsewhere_is_reached_through_the_proxy_that_is_named(tmp_path, by):
    async with Trap() as trap:
        more = {"HTTPS_PROXY": trap.url} if by == "the environment" else {}
        settings = {} if more else {"CLOUD_PROXY": trap.url}
        away = "https://cloud.invalid"
        async with Surrounded(tmp_path, away, settings=settings, more=more) as gateway:
            answer = await Client(gateway).say()

    assert "cloud" != answer.by
    assert 1 <= trap.visits


async def test_a_file_that_is_not_safe_keeps_it_from_starting(tmp_path, cloud):
    async with Gateway(tmp_path / "wide", cloud.url) as gateway:
        (gateway.folder / "state" / "token").chmod(0o644)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    for name in ("folder", "file"):
        (tmp_path / name).mkdir(mode=0o700)
    (tmp_path / "folder" / "state").symlink_to(elsewhere)
    (tmp_path / "file" / "state").mkdir(mode=0o700)
    (tmp_path / "file" / "state" / "token").symlink_to(elsewhere / "token")

    for name, why in (("wide", "mode 0644"), ("folder", "no symlink"), ("file", "is a symlink")):
        with pytest.raises(GatewayError, match=why):
            await Gateway(tmp_path / name, cloud.url).start()
    assert [] == list(elsewhere.iterdir())


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("GATEWAY_HOST", "0.0.0.0"),  # noqa: S104 - which is refused
        ("GATEWAY_HOST", "::"),
        ("GATEWAY_HOST", "192.168.1.5"),
        ("CLOUD_URL", "http://api.anthropic.com"),
        ("CLOUD_PROXY", "http://me:canary-password@proxy.example:1"),
    ],
)
async def test_a_setting_that_would_open_it_to_others_keeps_it_from_starting(
    tmp_path, cloud, setting, value
):
    with pytest.raises(GatewayError, match=f"STANDBY_{setting}") as caught:
        await Gateway(tmp_path, cloud.url, settings={setting: value}).start()

    assert "canary" not in str(caught.value)


async def test_told_to_end_it_refuses_what_comes_for_now_and_ends_at_once_when_told_again(
    tmp_path,
):
    async with (
        FakeCloud(pace_s=3.0) as cloud,
        Gateway(tmp_path, cloud.url) as gateway,
        Socket(gateway.url) as kept,
        aiohttp.ClientSession() as session,
    ):
        client = Client(gateway)
        lines = list(client.headers.items())
        first = await kept.ask("GET", "/v1/models", lines)
        body = {**HELLO, "stream": True}
        async with session.post(
            gateway.url + "/v1/messages", json=body, headers=client.headers
        ) as running:
            await running.content.readany()
            psutil.Process(gateway.pid).send_signal(signal.SIGTERM)
            await gateway.until(lambda: "running answers may finish" in gateway.log)
            before = cloud.count()
            refused = await kept.ask("POST", "/v1/messages", lines, dumps(HELLO))
            took_s = await gateway.stop()
            with suppress(aiohttp.ClientError):
                await running.read()

    assert 200 == first.status
    assert (503, "1") == (refused.status, refused.header("retry-after"))
    assert ("error", "api_error") == (
        loads(refused.body)["type"],
        loads(refused.body)["error"]["type"],
    )
    assert before == cloud.count()
    assert took_s < DRAIN_S / 2
    assert gateway.code not in (0, None)


ENDLESS = ("gzip_bomb", "endless_header", "many_headers", "endless_line")


@pytest.mark.parametrize("side", ["cloud", "local"])
async def test_nothing_that_a_peer_sends_without_end_fills_the_memory(tmp_path, side):
    settings = {"LOCAL_ENGINE": "kit", "CLOUD_BURST_WAIT_S": "0"}
    grown = {}
    async with FakeCloud() as cloud, FakeEngine() as engine:
        (tmp_path / "config").mkdir()
        (tmp_path / "config" / "config.toml").write_text(SERVER.format(engine.url))
        async with Gateway(tmp_path, cloud.url, None, settings) as gateway:
            client = Client(gateway)
            process = psutil.Process(gateway.pid)
            await client.say(model="local")
            before = process.memory_info().rss
            for way in ENDLESS:
                for stream in (True, False):
                    # What the gateway remembers of one must not keep the next from the cloud.
                    account = CloudAccount(way, f"sk-{way}-{stream}", Plan.API, is_key=True)
                    cloud.admit(account)
                    (cloud if side == "cloud" else engine).break_next(way)
                    named = {} if side == "cloud" else {"model": "local"}
                    asking = Client(gateway, account).say(way, stream=stream, **named)
                    highest = await highest_while(process, asking)
                    grown[way, stream] = (highest - before) // MIB
                    cloud.mend()
                    engine.mend()
            alive = await client.say(model="local")
            kept = (process.memory_info().rss - before) // MIB
        asked = cloud.count() if side == "cloud" else engine.chats - 2

    assert 2 * len(ENDLESS) == asked, "not every way has been gone"
    assert 200 == alive.status
    # The most that is read of an answer in one piece, and a copy of it.
    most = 2 * MAX_WHOLE_BYTES // MIB
    assert {} == {way: mib for way, mib in grown.items() if mib >= most}
    # One large answer would be enough for three times as much to stay, if it stayed.
    assert kept < 20


async def test_a_client_that_reads_nothing_fills_no_memory(tmp_path):
    begin = (
        b'event: message_start\ndata: {"type":"message_start","message":{"model":"m"}}\n\n'
        b'event: content_block_start\ndata: {"type":"content_block_start","index":0,'
        b'"content_block":{"type":"text","text":""}}\n\n'
    )
    event = (
        b'event: content_block_delta\ndata: {"type":"content_block_delta","index":0,'
        b'"delta":{"type":"text_delta","text":"%b"}}\n\n' % (b"x" * 8000)
    )
    many = event * 128  # about 1 MB
    async with Cloud() as cloud, Gateway(tmp_path, cloud.url) as gateway:
        head = head_of(200, [("Content-Type", "text/event-stream"), ("Connection", "close")])
        cloud.pieces = (f"{head}\r\n".encode(), begin, *([many] * 200))
        cloud.closes = True
        process = psutil.Process(gateway.pid)
        await Client(gateway)("GET", "/standby/health")
        before = process.memory_info().rss
        async with Socket(gateway.url) as socket:
            lines = list(Client(gateway).headers.items())
            socket.write("POST", "/v1/messages", lines, dumps({**HELLO, "stream": True}))
            await cloud.until_stuck(30)
            grown = process.memory_info().rss - before

    assert cloud.sent < 100 * len(many), "the cloud did not have to wait"
    assert grown < 16 * MIB


async def highest_while(process, asking):
    """The most memory that a process has until an answer has come or broken off."""
    highest = 0
    done = asyncio.Event()

    async def look():
        nonlocal highest
        while not done.is_set():
            highest = max(highest, process.memory_info().rss)
            with suppress(TimeoutError):
                async with asyncio.timeout(0.02):
                    await done.wait()

    async with asyncio.TaskGroup() as both:
        both.create_task(look())
        with suppress(aiohttp.ClientError):
            async with asyncio.timeout(30):
                await asking
        done.set()
    return highest

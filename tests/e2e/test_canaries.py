"""A credential and a prompt that must turn up nowhere but where they were sent to."""

import asyncio
import resource
from contextlib import suppress

import aiohttp
import psutil
import pytest

from standby.core.wire.json import dumps
from standby.server.listener import HEADERS_S
from standby.testing.accounts import API_KEY, CloudAccount, Plan
from standby.testing.cloud import FakeCloud
from standby.testing.engine import FakeEngine
from standby.testing.trap import Trap
from tests.e2e.asking import HELLO, Client
from tests.e2e.gateway import Gateway, model
from tests.e2e.wire import Socket

pytestmark = pytest.mark.anyio

SECRET = "Zq7vXw2mKp9rTb4nLc8d"
CANARY = CloudAccount("canary", f"sk-ant-api03-{SECRET}", Plan.API, is_key=True)
WRONG = CloudAccount("wrong", f"sk-ant-api03-wrong-{SECRET}", Plan.API, is_key=True)
PROMPT = "canary-prompt-6c1f0e"
PROJECT = "/home/canary-project-51d8"
# None of these is for anybody but the cloud, and some of them not even for it.
HEADERS = {
    "cookie": f"session={SECRET}",
    "proxy-authorization": f"Basic {SECRET}",
    "anthropic-organization-id": SECRET,
    "x-private": SECRET,
    "x-standby-project": PROJECT,
}
CLOUD_REFUSES = (
    *("five_hour", "credit_400", "outage_502_html", "overloaded_sse", "close", "reset"),
    *("too_long", "denied_403"),
)
CLOUD_BREAKS = (
    *("redirect_307", "noise", "bad_chunk", "short_length", "two_lengths", "gzip_bomb"),
    *("endless_header", "html_200", "bad_json"),
)
ENGINE_BREAKS = ("redirect_307", "noise", "bad_chunk", "short_length", "html_200", "bad_json")
SETTINGS = {
    "LOG_LEVEL": "debug",
    "LOCAL_ENGINE": "kit",
    "CLOUD_BURST_WAIT_S": "0",
    "CLOUD_FIRST_BYTE_S": "2",
    "LOCAL_IDLE_S": "2",
    "LOCAL_FIRST_BYTE_S": "5",
}
SERVER = '[[local.servers]]\nname = "kit"\nkind = "openai_compatible"\nurl = "{}"\n'


async def everything(gateway, cloud, engine):
    """Send the canaries along every way there is; return what came back."""
    asks, stranger = Client(gateway, CANARY), Client(gateway, WRONG)
    said = {"messages": [{"role": "user", "content": PROMPT}]}
    back = [
        *[await asks("POST", "/v1/messages", {**HELLO, **said, "stream": one}, **HEADERS)
          for one in (True, False)],
        await asks("POST", "/v1/messages", {**HELLO, **said, "model": "local"}, **HEADERS),
        await asks("POST", "/v1/messages/count_tokens", {**HELLO, **said}, **HEADERS),
        await asks("GET", "/v1/models", **HEADERS),
        await asks("GET", f"/v1/files/{PROMPT}?q={PROMPT}", **HEADERS),
        await asks("GET", f"/standby/{PROMPT}", **HEADERS),
        await asks("POST", "/v1/messages", f'{{"{PROMPT}'.encode(), **HEADERS),
        await asks("POST", "/v1/messages", dumps({**HELLO, **said, "model": 7}), **HEADERS),
        await stranger("POST", "/v1/messages", {**HELLO, **said}, **HEADERS),
        await asks("POST", f"/k/{SECRET}/v1/messages", {**HELLO, **said}, **HEADERS),
        await asks("GET", "/v1/models", origin=f"https://{SECRET}.example"),
    ]  # fmt: skip
    for form in (*CLOUD_REFUSES, *CLOUD_BREAKS):
        for stream in (True, False):
            # What the gateway remembers of one must not keep the next from the cloud.
            account = CloudAccount(form, f"sk-ant-api03-{SECRET}{form}{stream}", Plan.API, True)
            cloud.admit(account)
            if form in CLOUD_REFUSES:
                cloud.exhaust(account, form, seconds=60)
            else:
                cloud.break_next(form)
            asks = Client(gateway, account)
            body = {**HELLO, **said, "stream": stream}
            with suppress(aiohttp.ClientError):  # what cannot be mended is broken off
                back.append(await asks("POST", "/v1/messages", body, **HEADERS))
            cloud.mend()
    for fault in ENGINE_BREAKS:
        engine.break_next(fault, times=3)
        body = {**HELLO, **said, "model": "local"}
        back.append(await asks("POST", "/v1/messages", body, **HEADERS))
        engine.mend()
    async with Socket(gateway.url) as socket:
        socket.writer.write(f"ODD /{SECRET} {PROMPT}\r\nx-api-key: {SECRET}\0\r\n\r\n".encode())
        await socket.answer()
    return back


def pieces(secret, size=12):
    """Every part of a secret that would help to guess the rest."""
    return {secret[at : at + size].encode() for at in range(len(secret) - size + 1)}


def written(folder):
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


async def test_no_credential_and_no_prompt_turns_up_where_it_does_not_belong(tmp_path):
    async with (
        Trap() as trap,
        FakeCloud(accounts=(CANARY, API_KEY), trap=trap.url) as cloud,
        FakeEngine(trap=trap.url) as engine,
    ):
        (tmp_path / "config").mkdir(parents=True)
        (tmp_path / "config" / "config.toml").write_text(SERVER.format(engine.url))
        async with Gateway(tmp_path, cloud.url, None, SETTINGS) as gateway:
            back = await everything(gateway, cloud, engine)
            await gateway.status()
            rows = await gateway.recent()
            token = gateway.token
            of_it = psutil.Process(gateway.pid).cmdline()
            running = written(tmp_path)
        left = written(tmp_path)
        log = gateway.log.encode()

    assert len(rows) > 20, "the test has not gone along all ways"
    assert engine.chats > 5
    assert 0 == trap.visits
    kept = {**running, **{f"{name} (after)": data for name, data in left.items()}}
    del kept["state/token"], kept["state/token (after)"]
    for where, data in {**kept, "log": log, "argv": " ".join(of_it).encode()}.items():
        assert [] == [piece for piece in pieces(CANARY.credential) if piece in data], where
        assert PROMPT.encode() not in data, where
        assert token.encode() not in data, where
    for one in (*engine.requests, *cloud.requests):
        assert PROJECT.encode() not in dumps([list(line) for line in one.headers]) + one.body
    assert PROJECT.encode() not in log
    for one in engine.requests:
        said = dumps([list(line) for line in one.headers]) + one.target.encode() + one.body
        assert [] == [piece for piece in pieces(SECRET) if piece in said]
        assert token.encode() not in said
    for one in cloud.requests:
        said = dumps([list(line) for line in one.headers]) + one.target.encode() + one.body
        assert token.encode() not in said
        named = {name.lower() for name, _ in one.headers}
        assert not {"proxy-authorization", "x-standby-token", "x-standby-project"} & named
    for answer in back:
        assert SECRET.encode() not in answer.body + dumps(answer.headers)
        assert token.encode() not in answer.body + dumps(answer.headers)


async def test_a_process_of_ours_shows_nothing_and_leaves_nothing(tmp_path, cloud):
    settings = {"LOG_LEVEL": "debug"}
    async with Gateway(tmp_path, cloud.url, await model(), settings) as gateway:
        await Client(gateway).say(model="local")
        process = psutil.Process(gateway.pid)
        limits = process.rlimit(resource.RLIMIT_CORE)
        addresses = {one.laddr.ip for one in process.net_connections() if one.status == "LISTEN"}
        children = [(one.environ(), one.cmdline()) for one in process.children(recursive=True)]
        modes = {path: path.stat().st_mode & 0o077 for path in (tmp_path / "state").rglob("*")}
        token = gateway.token
        told = [line for line in gateway.log.splitlines() if "as root" in line]

    assert (0, 0) == limits
    assert {"127.0.0.1"} == addresses
    assert children
    for environment, argv in children:
        named = [name for name in environment if name.startswith(("ANTHROPIC_", "STANDBY_CLOUD"))]
        assert [] == named
        assert token not in " ".join((*environment.values(), *argv))
    assert {"token", "fingerprint.key"} <= {path.name for path in modes}
    assert {0} == set(modes.values())
    assert len(told) == (process_is_root())


def process_is_root():
    return psutil.Process().uids().effective == 0


async def test_a_hundred_half_sent_requests_are_closed_and_delay_nobody(tmp_path, cloud):
    async with Gateway(tmp_path, cloud.url) as gateway:
        port = int(gateway.url.rsplit(":", 1)[1])
        lines = [await asyncio.open_connection("127.0.0.1", port) for _ in range(100)]
        for _, writer in lines:
            writer.write(b"POST /v1/messages HTTP/1.1\r\nHost: x")
        async with asyncio.timeout(HEADERS_S - 2):  # while all of them may still go on
            good = await Client(gateway).say()
        async with asyncio.timeout(3 * HEADERS_S):
            ends = [await reader.read() for reader, _ in lines]
        for _, writer in lines:
            writer.close()

    assert 200 == good.status
    assert {b""} == set(ends)

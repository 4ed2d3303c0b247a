"""The product itself, in a process of its own: `python -m standby serve`.

It gets a folder, an environment and a port of its own. Nothing of it is replaced: its engine is
the embedded llama.cpp server, and only its cloud is a fake.
"""

import asyncio
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import aiohttp
import psutil

from tests.models.tiny_gguf import Script, tiny_model

READY_S = 60.0
END_S = 60.0
POLL_S = 0.01
# Longer than the pause between a reset, which is told in whole seconds, and the first try.
TICK_S = 0.05
LISTENING = re.compile(r"listening on (http://\S+?),")


class GatewayError(Exception):
    """The gateway did not do in time what was waited for; the message has its log."""


class _Process(asyncio.SubprocessProtocol):
    """Hears what the gateway says, and its end."""

    def __init__(self):
        self.said = bytearray()
        self.changed = asyncio.Event()
        self.ended = asyncio.Event()

    def pipe_data_received(self, _fd, data):
        self.said += data
        self.changed.set()

    def process_exited(self):
        self.ended.set()
        self.changed.set()


@dataclass
class Gateway:
    """``async with Gateway(folder, cloud.url, await model()) as gateway: ... gateway.url ...``

    Without a ``model`` nobody can answer but the cloud. ``settings`` are environment variables
    without their prefix: ``{"CLOUD_OVERAGE": "exhausted"}``.
    """

    folder: Path
    cloud_url: str
    model: Path | None = None
    settings: dict[str, str] = field(default_factory=dict)
    url: str = ""

    async def __aenter__(self):
        await self.start()
        return self

    async def __aexit__(self, *_):
        await self.stop()

    async def start(self):
        """Start it, in the state in which its folder is; return when it can be reached."""
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        loop = asyncio.get_running_loop()
        self._transport, self._process = await loop.subprocess_exec(
            _Process,
            *(sys.executable, "-P", "-m", "standby", "serve"),
            env=self.environment,
            cwd=self.folder,
            stdin=subprocess.DEVNULL,
        )
        try:
            await self.until(lambda: LISTENING.search(self.log) or self.ended, READY_S)
            self.url = self._url()
        except BaseException:
            self.kill()
            self._transport.close()
            raise

    def _url(self):
        if found := LISTENING.search(self.log):
            return found[1]
        raise GatewayError(f"it ended at once: {self.log}")

    async def stop(self, number=signal.SIGTERM, within_s=END_S):
        """Tell it to end, and wait; return how many seconds it took. It is killed when it stays."""
        began = time.monotonic()
        with suppress(ProcessLookupError):
            self._transport.send_signal(number)
        try:
            async with asyncio.timeout(within_s):
                await self._process.ended.wait()
        finally:
            self.kill()
            self._transport.close()
        return time.monotonic() - began

    def kill(self):
        """End it as the machine does when it runs out of memory."""
        if not self.ended:
            with suppress(ProcessLookupError):
                self._transport.kill()

    @property
    def ended(self):
        return self._process.ended.is_set()

    @property
    def code(self):
        return self._transport.get_returncode()

    @property
    def pid(self):
        return self._transport.get_pid()

    @property
    def log(self):
        """All that it has said, on both streams."""
        return self._process.said.decode(errors="replace")

    @property
    def token(self):
        return (self.folder / "state" / "token").read_text(encoding="ascii").strip()

    @property
    def key(self):
        """The header by which the gateway knows its own."""
        return {"x-standby-token": self.token}

    @property
    def engine(self):
        """The process of the embedded engine, when it runs."""
        children = psutil.Process(self.pid).children()
        return next((child for child in children if "embedded_child" in str(child.cmdline())), None)

    @property
    def environment(self):
        return {"PATH": os.defpath, "HOME": str(self.folder), **self.variables}

    @property
    def variables(self):
        """What makes any command of the product find this gateway, and start it like this."""
        local = {"LOCAL_MODEL_PATH": str(self.model)} if self.model else {"LOCAL_EMBEDDED": "false"}
        settings = {
            "HOME": str(self.folder),
            "GATEWAY_PORT": "0",
            "CLOUD_URL": self.cloud_url,
            "CLOUD_RESET_JITTER_S": "0",
            # What else runs on the machine of the tests must not answer in them.
            "LOCAL_ENGINE": "embedded",
            "LOCAL_DISCOVER": "false",
            "LOCAL_FETCH": "false",
            **local,
            **self.settings,
        }
        return {f"STANDBY_{name}": value for name, value in settings.items()}

    async def until(self, happened: Callable[[], object], within_s=30.0):
        """Wait until something is so; look again whenever it says something, and a little later."""
        try:
            async with asyncio.timeout(within_s):
                while not happened():
                    self._process.changed.clear()
                    with suppress(TimeoutError):
                        async with asyncio.timeout(POLL_S):
                            await self._process.changed.wait()
        except TimeoutError:
            raise GatewayError(f"not within {within_s:g} s; the log: {self.log}") from None

    async def status(self):
        async with (
            aiohttp.ClientSession() as client,
            client.get(self.url + "/standby/status", headers=self.key) as answer,
        ):
            return json.loads(await answer.read())

    async def recent(self):
        """The newest rows of the ledger, newest first."""
        async with (
            aiohttp.ClientSession() as client,
            client.get(self.url + "/standby/recent", headers=self.key) as answer,
        ):
            return json.loads(await answer.read())["entries"]

    async def rested(self, within_s=60.0):
        """Wait until the cloud is asked again, after a failure that passes."""
        async with asyncio.timeout(within_s):
            while (await self.status())["answering"] != "cloud":  # noqa: ASYNC110 - nothing tells
                await asyncio.sleep(2 * POLL_S)

    async def reset(self, within_s=300.0):
        """Wait for the moment that the limit in force ends; there must be one, or have been."""
        status = await self.status()
        if status["until"] is None:
            if any(account["quotas"] for account in status["cloud"]["accounts"]):
                return  # its time is over, and no request has tried yet
            raise GatewayError(f"no limit is in force: {status['why']}")
        async with asyncio.timeout(within_s):
            await asyncio.sleep(max(status["until"] - time.time(), 0) + TICK_S)


async def until(happened, within_s, every_s=2 * POLL_S):
    """Wait until something is so that nobody tells of: a process has ended, or works."""
    async with asyncio.timeout(within_s):
        while not happened():  # noqa: ASYNC110 - there is no event to wait for
            await asyncio.sleep(every_s)


async def model(**script):
    """Return the file of the scripted model; the engine that reads it is the real one."""
    return await asyncio.to_thread(tiny_model, Script(**script))

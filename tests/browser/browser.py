"""A real browser without a screen, step by step: Chromium, driven by playwright-core in node."""

import asyncio
import json
import shutil
import tempfile
from asyncio.subprocess import PIPE
from contextlib import suppress
from pathlib import Path

from tests import prepare

DRIVER = Path(__file__).parent / "drive.mjs"
STEP_S = 30.0
START_S = 60.0
LEAVE_S = 10.0
MAX_LINE_BYTES = 16 * 1024 * 1024


class BrowserError(Exception):
    """A step was not possible; the message says which, and why."""


class Browser:
    """``async with Browser() as browser: await browser.open(url=...)``; a step is a method."""

    async def __aenter__(self):
        self._profile = tempfile.mkdtemp(prefix="standby-browser-")
        self._process = await asyncio.create_subprocess_exec(
            *("node", str(DRIVER), str(prepare.driver()), prepare.chromium(), self._profile),
            stdin=PIPE,
            stdout=PIPE,
            stderr=PIPE,
            limit=MAX_LINE_BYTES,
        )
        try:
            await self._answer(START_S)
        except BaseException:
            await self._end()
            raise
        return self

    async def __aexit__(self, *_):
        await self._end()

    def __getattr__(self, step):
        if step.startswith("_"):
            raise AttributeError(step)

        async def take(**given):
            self._process.stdin.write(json.dumps({"step": step, **given}).encode() + b"\n")
            await self._process.stdin.drain()
            answer = await self._answer(STEP_S)
            if "error" in answer:
                raise BrowserError(answer["error"])
            return answer["value"]

        return take

    async def _answer(self, within_s):
        async with asyncio.timeout(within_s):
            line = await self._process.stdout.readline()
        if not line:
            words = (await self._process.stderr.read()).decode(errors="replace")
            raise BrowserError(f"the browser ended: {words[-2000:]}")
        return json.loads(line)

    async def _end(self):
        if self._process.returncode is None:
            self._process.stdin.close()
            with suppress(TimeoutError):
                async with asyncio.timeout(LEAVE_S):
                    await self._process.wait()
        if self._process.returncode is None:
            self._process.kill()
            await self._process.wait()
        await asyncio.to_thread(shutil.rmtree, self._profile, ignore_errors=True)

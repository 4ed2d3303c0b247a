"""The real gateway in a process and a folder of its own, with the fakes for its cloud and engine.

Its time limits are short, so that a run of all modes takes minutes.
"""

import asyncio
import os
import shutil
import sys
import tempfile
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Final

from aiohttp import ClientError, ClientSession, ClientTimeout

from standby.adapters.child import Child, clean_environment
from standby.adapters.host.paths import HOME, Paths, paths
from standby.adapters.host.processes import Running, running
from standby.adapters.host.secrets import token
from standby.adapters.net import http_client
from standby.core.wire.json import JSON, NotJSONError, loads
from standby.testing.engine import Style
from standby.testing.kit import Fakes, Gateway, Rules

__all__ = ["RULES", "GatewayLostError", "our_gateway"]

RULES: Final = Rules(deadline_s=20.0, back_s=8.0)
"""What the gateway is held to with these settings."""

_READY_S: Final = 30.0
_LOOK_S: Final = 0.1
_ASK_S: Final = 5.0
_SETTINGS: Final = """\
[gateway]
port = 0

[cloud]
url = "{cloud}"
burst_wait_s = 1.0
first_byte_s = 3.0
idle_s = 2.0
reset_jitter_s = 0.0

[local]
engine = "kit"
discover = false
embedded = false
fetch = false
first_byte_s = 5.0
idle_s = 2.0
keep_alive_s = 1.0

[[local.servers]]
name = "kit"
kind = "{kind}"
url = "{engine}"
"""

_KINDS: Final[Mapping[Style, str]] = {"openai": "openai_compatible", "llamacpp": "llamacpp"}


class GatewayLostError(Exception):
    """The gateway did not start; its message says what it said last."""


@asynccontextmanager
async def our_gateway(fakes: Fakes, home: Path | None = None) -> AsyncIterator[Gateway]:
    """Run the gateway until the block ends. Raise :class:`GatewayLostError`.

    ``home`` is a folder of the caller's, which stays; else there is one for as long as it runs.
    """
    if home is not None:
        async with _running(fakes, home) as gateway:
            yield gateway
        return
    folder = Path(await asyncio.to_thread(tempfile.mkdtemp, prefix="standby-faults-"))
    try:
        async with _running(fakes, folder) as gateway:
            yield gateway
    finally:
        # Shielded: whoever is cancelled twice would take the removal back before it began.
        removal = partial(shutil.rmtree, folder, ignore_errors=True)
        await asyncio.shield(asyncio.get_running_loop().run_in_executor(None, removal))


@asynccontextmanager
async def _running(fakes: Fakes, folder: Path) -> AsyncIterator[Gateway]:
    own = paths({HOME: str(folder)})
    await asyncio.to_thread(_furnish, own, fakes)
    argv = [sys.executable, "-P", "-m", "standby.adapters.host.tethered", "serve"]
    environment = clean_environment(os.environ, **{HOME: str(folder)})
    child = await Child.spawn(argv, environment, str(folder))
    try:
        yield await _ready(child, own)
    finally:
        await child.stop(grace_s=3.0)


def _furnish(own: Paths, fakes: Fakes) -> None:
    own.make()
    settings = _SETTINGS.format(
        cloud=fakes.cloud.url, kind=_KINDS[fakes.engine.style], engine=fakes.engine.url
    )
    own.config_file.write_text(settings, encoding="utf-8")
    own.config_file.chmod(0o600)


async def _ready(child: Child, own: Paths) -> Gateway:
    with suppress(TimeoutError):
        async with asyncio.timeout(_READY_S), http_client() as http:
            found = await _announced(child, own)
            if found is not None:
                secret = await asyncio.to_thread(token, own.token_file)
                headers = {"x-standby-token": secret.reveal()}
                await _knows_its_engine(http, found.url, headers)
                return Gateway(found.url, headers, pid=child.pid)
    why = f"is not ready after {_READY_S:g} s" if child.alive else child.epitaph()
    raise GatewayLostError(f"the gateway did not start: {why}")


async def _announced(child: Child, own: Paths) -> Running | None:
    while child.alive:
        found = await asyncio.to_thread(running, own.state)
        if found is not None:
            return found
        await asyncio.sleep(_LOOK_S)
    return None


async def _knows_its_engine(http: ClientSession, url: str, headers: dict[str, str]) -> None:
    """Wait until it says who would take over."""
    while True:
        with suppress(ClientError, NotJSONError):
            async with http.get(
                f"{url}/standby/status",
                headers=headers,
                allow_redirects=False,
                timeout=ClientTimeout(_ASK_S),
            ) as response:
                if _would_take_over(loads(await response.read())):
                    return
        await asyncio.sleep(_LOOK_S)


def _would_take_over(status: JSON) -> bool:
    match status:
        case {"local": {"would_take_over": {"engine": str()}}}:
            return True
        case _:
            return False

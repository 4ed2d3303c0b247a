"""Serving: the port is taken, the gateway answers on it, and ends when it is told to."""

import asyncio
import gc
import logging
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import ExitStack, asynccontextmanager, contextmanager
from importlib.metadata import version
from typing import Final

from aiohttp import web

from standby.adapters.host.config_file import Configuration
from standby.adapters.host.memory import give_back
from standby.adapters.host.paths import Paths
from standby.adapters.host.private import UnsafeFileError
from standby.adapters.host.processes import AlreadyRunningError, claim, harden
from standby.core.settings import Settings
from standby.server.front import Front
from standby.server.listener import server_of
from standby.wiring.gateway import StartError, gateway, in_words

__all__ = ["serve"]

log = logging.getLogger(__name__)
# What a running answer may take to finish once the gateway is told to end.
DRAIN_S: Final = 20.0
_CLOSE_S: Final = 1.0


async def serve(
    configuration: Configuration, where: Paths, *, ready: Callable[[str], None]
) -> None:
    """Serve until told to end; call ``ready`` with the URL when clients can come.

    The first SIGTERM or SIGINT lets running answers finish, the second ends at once. Raise
    :class:`StartError`.
    """
    if harden():
        log.warning("running as root, which standby does not need")
    give_back()
    settings = configuration.settings
    try:
        with ExitStack() as held:
            with in_words(f"the folder {where.state}"):
                where.make()
                claimed = held.enter_context(claim(where.state))
            socket = held.enter_context(_listening(settings))
            host, port = socket.getsockname()[:2]
            url = f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
            with in_words(f"the folder {where.state}"):
                announce = held.enter_context(
                    claimed.announcement(port=port, version=version("standby"), url=url)
                )
            async with gateway(settings, where, url, port) as front, _serving(front, socket):
                ending = _told_to_end()  # first: whoever knows of us may end us
                announce()
                _settle()
                ready(url)
                await ending.wait()
                log.info("ending: running answers may finish")
                await front.drain(DRAIN_S)
    except (AlreadyRunningError, UnsafeFileError) as error:
        raise StartError(str(error)) from error


def _settle() -> None:
    """Let the collector leave alone what is there for good, and look less often at the rest.

    A conversation is a tree of many thousand objects without a cycle. At Python's own threshold
    reading one of 1 MB took three times as long, and other streams waited meanwhile (measured).
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 20)


@contextmanager
def _listening(settings: Settings) -> Iterator[socket.socket]:
    """Take the port first: whoever finds it taken has changed nothing yet."""
    host, port = settings.gateway.host, settings.gateway.port
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    taken = socket.socket(family, socket.SOCK_STREAM)
    try:
        if sys.platform != "win32":  # there it would let two programs share a port
            taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        taken.bind((host, port))
    except OSError as error:
        taken.close()
        raise StartError(
            f"port {port} on {host} cannot be used: {error.strerror or error}; another program may"
            " have it. Set [gateway] port in the settings, or STANDBY_GATEWAY_PORT"
        ) from error
    with taken:
        yield taken


@asynccontextmanager
async def _serving(front: Front, taken: socket.socket) -> AsyncIterator[None]:
    runner = web.ServerRunner(server_of(front), shutdown_timeout=_CLOSE_S)
    await runner.setup()
    try:
        await web.SockSite(runner, taken, backlog=1024).start()
        yield
    finally:
        await runner.cleanup()


def _told_to_end() -> asyncio.Event:
    """Return what the first signal sets; the second ends the process at once."""
    told = asyncio.Event()
    loop = asyncio.get_running_loop()

    def hear() -> None:
        if told.is_set():
            os._exit(130)
        told.set()

    if sys.platform == "win32":
        signal.signal(signal.SIGINT, lambda *_: loop.call_soon_threadsafe(hear))
    else:
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, hear)
    return told

"""A fake, served on loopback at a free port."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aiohttp import web

from standby.testing.place import ended


@asynccontextmanager
async def served(application: web.Application) -> AsyncIterator[str]:
    """Serve until the block ends; give the URL, without a slash at the end."""
    runner = web.AppRunner(application, handler_cancellation=True, shutdown_timeout=0.1)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        host, port = runner.addresses[0][:2]
        yield f"http://{host}:{port}"
    finally:
        await ended(runner)

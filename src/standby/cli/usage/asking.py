"""Asks the gateway for the report; while none runs, the files that it left."""

from collections.abc import Mapping

from standby.cli import gateway, terminal
from standby.core.wire.json import JSON

__all__ = ["asked"]


def asked(fields: Mapping[str, str]) -> dict[str, JSON]:
    """Return the report on usage. Raise :class:`GatewayError`."""
    where = gateway.at_home()
    if not isinstance(gateway.find(where), gateway.Absent):
        return gateway.usage(gateway.genuine(where), fields)
    import asyncio

    from standby.wiring.offline import usage_of  # before the loop: it walks packages

    async def left() -> dict[str, JSON]:
        usage = await usage_of(where)
        return await usage.told(fields)

    terminal.say("no gateway is running; this is what it left")
    return asyncio.run(left())

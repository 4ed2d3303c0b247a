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

    terminal.say("no gateway is running; this is what it left")
    return asyncio.run(_left(fields))


async def _left(fields: Mapping[str, str]) -> dict[str, JSON]:
    from standby.wiring.offline import usage_of

    usage = await usage_of(gateway.at_home())
    return await usage.told(fields)

"""What people and machines see of the gateway, put together: pages, metrics, figures sent away."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

from standby.adapters.host.resident import ResidentMemory
from standby.app.bookkeeping import Hear
from standby.app.choosing import Choosing
from standby.app.local.admission import Admission
from standby.app.local.engines import Engines
from standby.app.news import News
from standby.app.showing.measures import Measures
from standby.app.showing.status import About, Status
from standby.app.showing.usage import Usage
from standby.app.showing.views import Views
from standby.core.settings import Settings
from standby.core.usage import Entry
from standby.core.wire.headers import Head
from standby.core.wire.json import JSON
from standby.ports import Clock, Dice, Records
from standby.server.api.door import ApiDoor
from standby.server.api.events import Events, State
from standby.server.front import OwnDoor
from standby.server.guard import Visits as Visitors
from standby.server.metrics import MetricsDoor
from standby.web.door import PagesDoor, closed
from standby.web.files import page_files
from standby.web.visits import Visits, cookie_name

__all__ = ["Faces", "Seen", "faces", "telemetry"]

log = logging.getLogger(__name__)

# The report adds up a week; it changes with each request, and a little with the time.
_USAGE_EVERY_S = 30.0


@dataclass(frozen=True, slots=True)
class Faces:
    """The doors to our own pages, and who may look without the token."""

    doors: Sequence[OwnDoor]
    visitors: Visitors
    closed: Callable[[int], tuple[Head, bytes]]
    """Makes the page for a person whose browser may not look at ours."""


@dataclass(frozen=True, slots=True)
class Seen:
    """What the faces look at."""

    about: About
    status: Status
    measures: Measures
    usage: Usage
    engines: Engines
    admission: Admission
    choosing: Choosing
    records: Records
    news: News
    fetching: Callable[[], str | None]


def faces(seen: Seen, port: int, clock: Clock, dice: Dice) -> Faces:
    """Return the faces of a gateway."""
    visits, cookie = Visits(dice.mint, clock.ticks), cookie_name(port)
    views = Views(
        *(seen.engines, seen.admission, seen.records, clock),
        fetching=seen.fetching,
        memory=ResidentMemory(),
    )

    async def report() -> JSON:
        return await seen.usage.told({})

    events = Events(
        seen.news,
        {
            "status": State(seen.status.status),
            "usage": State(report, _USAGE_EVERY_S),
            "engines": State(views.engines),
        },
    )
    doors: tuple[OwnDoor, ...] = (
        PagesDoor(page_files(), visits, seen.about.url, cookie),
        ApiDoor(seen.status, seen.usage, views, events, seen.about.version, seen.choosing),
        MetricsDoor(seen.status, seen.measures),
    )
    return Faces(doors, Visitors(cookie, visits.knows, visits.may), closed)


@asynccontextmanager
async def telemetry(
    settings: Settings, version: str, bounded: Callable[[Entry], Entry]
) -> AsyncIterator[tuple[Hear, ...]]:
    """Yield what sends figures of each request to the settings' collector, if there is one."""
    endpoint = settings.telemetry.otlp_endpoint
    if not endpoint:
        yield ()
        return
    try:
        # Only whoever wants it pays for it: the library takes a quarter of a second to import.
        from standby.adapters.telemetry.otlp import Otlp  # noqa: PLC0415  # an extra
    except ImportError:
        log.warning(
            "nothing is sent to %s: install standby with the extra, as in"
            " `pip install 'standby[otel]'`",
            endpoint,
        )
        yield ()
        return
    sender = Otlp(endpoint, version)
    log.info("figures of each request are sent to %s", endpoint)
    try:
        yield (lambda entry: sender.heard(bounded(entry)),)
    finally:
        await asyncio.to_thread(sender.close)

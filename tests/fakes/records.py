"""A ledger on paper: what was used, as a test says."""

from standby.core.usage import Tokens
from standby.core.usage.sums import BOUNDS_S, Line, Sums
from standby.ports import RecordsError

HOUR = 3600.0


def sums(requests=1, *, saved=0, switches=0, tokens=None, first=4):
    firsts = [0] * (len(BOUNDS_S) + 1)
    firsts[first] = requests
    return Sums(
        requests=requests,
        ok=requests,
        saved=saved,
        switches=switches,
        tokens=tokens or Tokens(10 * requests, 100 * requests, 0, 0),
        duration_s=3.0 * requests,
        stream_s=2.0 * requests,
        stream_tokens=100 * requests,
        firsts=tuple(firsts),
    )


class PaperRecords:
    """Knows lines by the hour; of any other grouping what it was told."""

    def __init__(self, *hours, groups=None, standings=(), samples=None, entries=()):
        self.hours = hours
        self.groups = groups or {}
        self.standings = standings
        self.seen = samples or {}
        self.booked = entries
        self.asked = []

    async def lines(self, since, until, by):
        self.asked.append((since, until, by))
        if by == "hour":
            return tuple(line for line in self.hours if since <= float(line.key) < until)
        if by == "all":
            inside = (line for line in self.hours if since <= float(line.key) < until)
            return tuple(Line("", line.by, line.requested, line.sums) for line in inside)
        if by in self.groups:
            return tuple(self.groups[by])
        inside = (line for line in self.hours if since <= float(line.key) < until)
        return tuple(Line(line.requested, line.by, line.requested, line.sums) for line in inside)

    async def entries(self, limit, *, session="", after=0):
        found = [
            (seq, entry)
            for seq, entry in self.booked
            if seq > after and (not session or entry.session.partition("/")[0] == session)
        ]
        return tuple(found[:limit])

    async def ends(self, sessions):
        ends = {}
        for _, entry in reversed(self.booked):
            if (session := entry.session.partition("/")[0]) in sessions:
                ends[session] = entry
        return ends

    async def switches(self, limit):
        return tuple(entry for _, entry in self.booked)[:limit]

    async def sides(self):
        return tuple(self.standings)

    async def samples(self, account, since):
        return self.seen.get(account, {})


class LostRecords:
    """A ledger that cannot be read."""

    def __getattr__(self, name):
        async def refuse(*_args, **_options):
            raise RecordsError("the ledger is damaged")

        return refuse

"""A past to replay: requests and windows as a test says."""

from standby.core.policy.metering import Row, Seen
from standby.core.usage import Entry, Tokens
from standby.core.usage.prices import Price, Prices

NOW = 1_795_000_000.0
HOUR = 3600.0
MODEL = "claude-opus-5-5"
PRICES = Prices("2026-11-28", {MODEL: Price(MODEL, 10.0, 50.0, 12.5, 1.0, "", "a test")})
HIGH, LOW = "plan (90% sure)", "mechanical edit (90% sure)"


def entry(number, at=0.0, *, by="cloud", tokens=None, **more):
    usual = {
        "id": f"rq_{number}",
        "at": NOW + at,
        "session": f"s{number}",
        "account": "a",
        "requested": MODEL,
        "answered": MODEL if by == "cloud" else "desk/coder",
        "by": by,
        "why": "",
        "outcome": "ok",
        "status": 200,
        "tokens": tokens or Tokens(1000, 100),
        "first_token_s": 0.5,
        "duration_s": 1.0,
    }
    return Entry(**{**usual, **more})


def said(kind=LOW, little=95, purpose="work", **more):
    facts = {
        "model": MODEL,
        "purpose": purpose,
        "tokens, about": 1000,
        "in a turn": False,
        "needs": "nothing special",
        "kind of work": kind,
        "of little value": f"{little}% probable",
        **more,
    }
    return {"facts": facts, "votes": [], "order": ["cloud"]}


def row(number, at=0.0, facts=None, **more):
    return Row(entry(number, at, **more), facts)


def seen(at, used, resets_at=5 * HOUR, name="5h", account="a"):
    return Seen(account, name, NOW + at, used, NOW + resets_at)


class PaperHistory:
    """Implements the port ``History``."""

    def __init__(self, rows=(), windows=()):
        self.booked = [*enumerate(rows, 1)]
        self.seen = tuple(windows)

    async def rows(self, since, after, limit):
        found = [(n, one) for n, one in self.booked if n > after and one.entry.at >= since]
        return tuple(found[:limit])

    async def windows(self, since):
        return tuple(one for one in self.seen if one.at >= since)

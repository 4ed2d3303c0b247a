"""The time of this machine."""

import datetime as dt
import time

__all__ = ["SystemClock"]


class SystemClock:
    """The wall clock, and the one that never jumps."""

    def now(self) -> float:
        """Return the seconds since the epoch."""
        return time.time()

    def ticks(self) -> float:
        """Return the seconds of a clock that never jumps, for durations."""
        return time.monotonic()

    def midnight(self, at: float) -> float:
        """Return when the day of a moment began here, in seconds since the epoch."""
        day = dt.datetime.fromtimestamp(at).astimezone().date()
        return dt.datetime.combine(day, dt.time()).astimezone().timestamp()

    def told(self, at: float) -> str:
        """Return a moment as a person here would say it: ``21:23``, or ``Thu 26 Nov 10:34``."""
        moment = dt.datetime.fromtimestamp(at).astimezone()
        today = dt.datetime.fromtimestamp(self.now()).astimezone().date()
        return f"{moment:%H:%M}" if moment.date() == today else f"{moment:%a %d %b %H:%M}"

"""What who knows the future answers here: what any policy could reach at most, in such a month."""

import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from synthetic import WINDOW_S, Event, cost_of

from standby.core.policy.thread import CLOUD, NEW, Thread, continued
from standby.core.wire.purpose import Purpose


def planned(events: Sequence[Event]) -> frozenset[int]:
    """Return the events that are answered here by who knows all of them: as few switches as do."""
    here: set[int] = set()
    before: Mapping[str, Thread] = {}
    for window in windows_of(events):
        chosen = _enough(window, before)
        here |= chosen
        before = _spent(window, chosen, before)[2]
    return frozenset(here)


def windows_of(events: Sequence[Event]) -> Iterator[list[Event]]:
    """Yield the events of each window of five hours."""
    window: list[Event] = []
    for event in events:
        if window and event.at >= window[0].at + WINDOW_S:
            yield window
            window = []
        window.append(event)
    if window:
        yield window


def _enough(window: Sequence[Event], before: Mapping[str, Thread]) -> set[int]:
    """Return what to answer here so that the rest fits: first what is no switch, then runs."""
    if _spent(window, set(), before)[0] <= 1:
        return set()
    here = {id(event) for event in window if event.purpose is not Purpose.WORK}
    used, switches, _ = _spent(window, here, before)
    runs = [{id(event) for event in run} for run in _runs(window)]
    while used > 1 and runs:
        tried = [(_spent(window, here | run, before), run) for run in runs]
        worth = [
            ((used - spent) / max(changes - switches, 0.001), run, spent, changes)
            for (spent, changes, _), run in tried
        ]
        # Of the runs that alone are enough, the one with the fewest switches; else the best deal.
        ends = [one for one in worth if one[2] <= 1]
        _, run, used, switches = (
            min(ends, key=lambda one: one[3]) if ends else max(worth, key=lambda one: one[0])
        )
        here |= run
        runs.remove(run)
    return here


def _runs(window: Sequence[Event]) -> Iterator[list[Event]]:
    """Yield the turns of little value that follow each other in a conversation."""
    for session in dict.fromkeys(event.session for event in window):
        run: list[Event] = []
        for event in window:
            if event.session != session or event.purpose is not Purpose.WORK:
                continue
            if event.is_high and run:
                yield run
                run = []
            elif not event.is_high:
                run.append(event)
        if run:
            yield run


def _spent(
    window: Sequence[Event], here: set[int], before: Mapping[str, Thread]
) -> tuple[float, int, dict[str, Thread]]:
    """Return what a window costs the cloud, its switches, and where conversations stand then."""
    threads = dict(before)
    used, switches = 0.0, 0
    for event in window:
        thread = threads.get(event.session, NEW)
        by = "desk/coder" if id(event) in here else CLOUD
        if by == CLOUD:
            used += cost_of(event, thread)
        if event.purpose is Purpose.WORK:
            switches += bool(thread.by) and thread.by != by
        if event.purpose in {Purpose.WORK, Purpose.SUBAGENT}:
            threads[event.session] = continued(thread, by, event.at, 0)
    return used, switches, threads

"""What keeps `spare` from fewer switches: what it would do if it knew more, in the same months.

Each guess is right here, so what is left is what nobody can know: how much a window will be asked
for, and how its conversations go on. Who knows the first decides by the very order of the product
(what needs no switch goes first, a running conversation last, and only while the rest would not
fit) and takes each conversation as it comes. Who knows both is the last row.

    python bench/bounds.py              print the table
    python bench/bounds.py --write      put it into docs/policy.md
"""

import argparse
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Final

sys.path.insert(0, str(Path(__file__).parent))

import foresight
import policy
import synthetic
from policy import Choose, Counted, World
from synthetic import Event

from standby.core.policy.thread import CLOUD, NEW, Thread, continued
from standby.core.wire.purpose import Purpose

BEGIN: Final = "<!-- this table is written by `python bench/bounds.py --write` -->"
END: Final = "<!-- end of what it would do -->"
HERE: Final = "desk/coder"
HEAD: Final = (
    "| who | quota lasts | of pressed | given away | switches, window"
    " | where the turns of high value fit | where they do not | turns on cloud |"
)


def knowing(events: Sequence[Event]) -> Choose:
    """Return the policy that knows what each window will be asked for."""
    windows = foresight.windows_of(events)
    place = {id(one): (window, at) for window in windows for at, one in enumerate(window)}

    def choose(world: World, event: Event, _: Counted) -> str:
        if world.spent or event.is_high:
            return CLOUD
        thread = world.threads.get(event.session, NEW)
        is_turn = event.purpose is Purpose.WORK
        if is_turn and thread.is_local:
            return HERE
        window, at = place[id(event)]
        # In the order of the levels: nothing is spared; what is beside; what begins; what runs.
        spared = 0 if not is_turn else 1 if not thread.by else 2
        return HERE if _comes_to(world, window[at:], spared) > 1 else CLOUD

    return choose


def _comes_to(world: World, rest: Iterable[Event], spared: int) -> float:
    """Return what a window comes to if no more than so many sorts of requests are spared in it."""
    threads: dict[str, Thread] = {}
    used = world.used
    for event in rest:
        thread = threads.get(event.session) or world.threads.get(event.session, NEW)
        is_here = _goes(event, thread, spared)
        used += 0.0 if is_here else synthetic.cost_of(event, thread)
        if event.purpose in {Purpose.WORK, Purpose.SUBAGENT}:
            threads[event.session] = continued(thread, HERE if is_here else CLOUD, event.at, 0)
    return used


def _goes(event: Event, thread: Thread, spared: int) -> bool:
    if event.purpose is not Purpose.WORK:
        return spared > 0
    return not event.is_high and (thread.is_local or (spared > 1 and not thread.by))


WHO: Final[Mapping[str, Callable[[Sequence[Event]], World]]] = {
    "`spare`": lambda _: World(policy.spare),
    "who knows what each window will be asked for": lambda events: World(knowing(events)),
    "who knows the future": lambda events: World(policy.foresight, plan=foresight.planned(events)),
}


def line(who: str, counted: Sequence[Counted]) -> str:
    got = policy.row(counted)
    fit = [one.switches.total() for one in counted if one.wanted_high <= 1]
    other = [one.switches.total() for one in counted if one.wanted_high > 1]
    return (
        f"| {who} | {got.lasts:.1%} | {got.lasts_pressed:.1%} | {got.given_away} |"
        f" {got.switches:.1f} | {_mean(fit):.1f} | {_mean(other):.1f} | {got.on_cloud:.0%} |"
    )


def _mean(of: Sequence[int]) -> float:
    return sum(of) / len(of) if of else 0.0


def table(seeds: Sequence[int]) -> str:
    counted: dict[str, list[Counted]] = {"`spare`, as it guesses": []} | {who: [] for who in WHO}
    for developer in synthetic.DEVELOPERS:
        for seed in seeds:
            events = synthetic.month(developer, seed)
            counted["`spare`, as it guesses"] += World(policy.spare).run(events)
            events = synthetic.month(developer, seed, right=True)
            for who, world in WHO.items():
                counted[who] += world(events).run(events)
    names = {"`spare`": "`spare`, were each guess right"}
    lines = [HEAD, "|" + "---|" * HEAD.count(" | ") + "---|"]
    return "\n".join([*lines, *(line(names.get(who, who), of) for who, of in counted.items())])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=2, help="months of each developer")
    parser.add_argument("--write", action="store_true", help="put the table into docs/policy.md")
    options = parser.parse_args()
    text = table(range(options.seeds))
    print(text)
    if options.write:
        policy.put(text, BEGIN, END)


if __name__ == "__main__":
    main()

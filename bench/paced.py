"""How late who asks at any moment is for what is read ahead, while a load comes and goes.

python -m bench.paced

A simulation by the product's own rules (`standby.core.warming`), since no machine is equally busy
twice. A portion costs a little and so much for each token, as SmolLM2-135M did on two quiet cores;
while others want the processors all of it takes longer. They are looked at every two seconds, and
above three quarters it pauses, as it does by default.
"""

import bisect
import random
from dataclasses import dataclass

from standby.core.warming import PORTION_S, Load, Pace, Terms, judged

HOUR_S = 3600.0
PORTION = (0.02, 0.004)
"""Seconds that a portion takes by itself, and for each of its tokens."""
LOOKS_S, SHORTEST_S, RESTS_S = 2.0, 1.0, 20.0
BETWEEN_S = 0.6
TERMS = Terms("always")


@dataclass
class Machine:
    """Busy for a while, then calm for a while."""

    busy_s: float
    calm_s: float
    slower: float
    read_at: float = 0.0
    share: float = 0.0

    def busy(self, at):
        return at % (self.busy_s + self.calm_s) >= self.calm_s

    def load(self, now):
        """The share since it was read last, as the product reads it."""
        if now - self.read_at >= SHORTEST_S:
            steps = [self.read_at + (now - self.read_at) * n / 200 for n in range(200)]
            self.share, self.read_at = sum(map(self.busy, steps)) / 200, now
        return Load(busy=self.share)


def portions(machine, dice):
    """Yield when each portion began and ended, for an hour."""
    now, looked, pace, call_s, token_s = 0.0, 0.0, Pace(), *PORTION
    while now < HOUR_S:
        if now - looked > LOOKS_S:
            looked = now
            if not judged(TERMS, machine.load(now), "", asked=False).warm:
                now += RESTS_S
                continue
        asked = pace.fits(PORTION_S)
        took_s = (call_s + token_s * asked) * dice.uniform(0.8, 1.25)
        took_s *= machine.slower if machine.busy(now) else 1.0
        yield now, now + took_s
        pace, now = pace.after(asked, asked, took_s), now + took_s


def main():
    print("busy, calm, slower: median, 95th percentile, longest wait; share above 100 ms")
    for busy_s, calm_s in ((6, 6), (6, 60), (30, 120)):
        for slower in (3, 6):
            dice = random.Random(1)
            found = [*portions(Machine(busy_s, calm_s, slower), dice)]
            starts, waits, at = [start for start, _ in found], [], 0.0
            while (at := at + dice.expovariate(1 / BETWEEN_S)) < HOUR_S:
                place = bisect.bisect(starts, at) - 1
                waits.append(max(found[place][1] - at, 0.0) if place >= 0 else 0.0)
            waits.sort()
            late = sum(wait > 0.1 for wait in waits) / len(waits)
            figures = (waits[len(waits) // 2], waits[int(len(waits) * 0.95)], waits[-1])
            told = ", ".join(f"{each * 1000:.0f}" for each in figures)
            print(f"{busy_s} s, {calm_s} s, {slower} times: {told} ms; {late:.1%}")


if __name__ == "__main__":
    main()

"""A month of somebody's work, for a ledger: bursts in the day, a limit now and then, nights off."""

import random

from standby.core.quota.windows import Window
from standby.core.request import Account
from standby.core.usage import Entry, Tokens

DAY_S = 86_400.0
OPUS, SONNET, LOCAL = "claude-opus-5-5", "claude-sonnet-5-5", "ollama/qwen3-coder:30b"
PROJECTS = ("/home/me/work/parser", "/home/me/work/site", "/home/me/notes", "")
REFUSED = "the 5-hour limit is reached"


def entries(now, days=30.0, seed=7, account="a" * 32):
    """Yield what a person asked for until now, the oldest first."""
    dice = random.Random(seed)  # noqa: S311 - a play, no secret
    at, number = now - days * DAY_S, 0
    session, project = _session(dice)
    used, resets_at = 0.0, 0.0
    while (at := at + _pause(dice, at)) < now:
        if at > resets_at:
            used, resets_at = 0.0, at + 5 * 3600
        if dice.random() < 0.04:
            session, project = _session(dice)
        used += dice.uniform(0.0, 0.022)
        number += 1
        side = "cloud" if used < 1 else "local" if dice.random() > 0.04 else "both"
        outcome = "ok" if dice.random() > 0.02 else dice.choice(["broken", "cancelled"])
        local = side != "cloud"
        first = dice.uniform(1.5, 9.0) if local else dice.uniform(0.6, 2.5)
        output = dice.randrange(40, 900)
        yield Entry(
            id=f"rq_{seed}_{number:06d}",
            at=at,
            session=session if dice.random() > 0.15 else f"{session}/agent-{dice.randrange(3)}",
            account=Account(account),
            requested=OPUS if dice.random() > 0.2 else SONNET,
            answered=LOCAL if local else OPUS,
            by=side,
            why=REFUSED if local else "the cloud serves",
            outcome=outcome,
            status=200,
            tokens=Tokens(
                dice.randrange(200, 4000),
                output,
                dice.randrange(10_000, 120_000),
                0 if local else dice.randrange(0, 6000),
            ),
            first_token_s=first if outcome == "ok" else None,
            duration_s=first + output / (dice.uniform(22, 34) if local else dice.uniform(60, 95)),
            project=project,
            saved=local,
        )


def windows(now, length_s, used_now, name="5h", every_s=600.0, seed=3):
    """Yield moments and what the cloud said of a window then, up to what it says now."""
    dice = random.Random(seed)  # noqa: S311 - a play, no secret
    begun = now - length_s * 0.62
    times = [begun + n * every_s for n in range(int((now - begun) / every_s))]
    shares = sorted(dice.random() ** 0.8 for _ in times)
    for at, share in zip(times, shares, strict=True):
        yield at, Window(name, round(share * used_now, 3), begun + length_s, "allowed")


def _pause(dice, at):
    hour = at % DAY_S / 3600
    awake = 8 < hour < 12 or 13 < hour < 19
    return dice.expovariate(1 / (150 if awake else 9000))


def _session(dice):
    return f"{dice.randrange(16**8):08x}-{dice.randrange(16**4):04x}", dice.choice(PROJECTS)

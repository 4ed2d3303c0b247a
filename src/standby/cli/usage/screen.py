"""The report as lines of 80 columns, with bars and small curves; in ASCII where need be."""

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from standby.cli.terminal import Tone, duration, one_line
from standby.cli.usage.said import each, number, part, text, whole
from standby.core.wire.json import JSON

__all__ = ["screen"]

_WIDTH: Final = 80
_BAR: Final = 20
_NEAR: Final = 0.8
_WINDOWS: Final = {"5h": "5 hours", "7d": "7 days", "overage": "extra usage"}
_NAME: Final = 12
"""How wide the column of their names is; longer ones make it wider."""
_UNKNOWN: Final = {"session": "no session", "project": "no project", "model": "no model"}
_TABLE: Final = (
    f"{'':<22} {'requests':>8} {'saved':>6} {'in':>7} {'out':>7} {'cached':>7} {'first':>7}"
    f" {'tok/s':>6}"
)
_MOST_SWITCHES: Final = 5
_MOST_GROUPS: Final = 20
_DAY_S: Final = 86_400.0

Line = tuple[str, Tone]


@dataclass(frozen=True, slots=True)
class _Signs:
    full: str
    empty: str
    curve: str


_BLOCKS: Final = _Signs("█", "░", "▁▂▃▄▅▆▇█")
_ASCII: Final = _Signs("#", ".", "_.-=+*%#")


def screen(said: JSON, encoding: str) -> Iterator[Line]:
    """Yield the lines with their tones; ``encoding`` is what the terminal understands."""
    signs = _signs(encoding)
    for words, tone in _all(said, signs):
        yield one_line(words)[:_WIDTH].rstrip(), tone


def _signs(encoding: str) -> _Signs:
    try:
        (_BLOCKS.full + _BLOCKS.empty + _BLOCKS.curve).encode(encoding)
    except (UnicodeEncodeError, LookupError):
        return _ASCII
    return _BLOCKS


def _all(said: JSON, signs: _Signs) -> Iterator[Line]:
    at = number(said, "at") or 0.0
    yield from _now(part(said, "now"), at)
    for account in each(said, "accounts"):
        yield "", "plain"
        yield f"account {text(account, 'account')}", "plain"
        windows = each(account, "windows")
        wide = max([_NAME, *(len(_named(window)) for window in windows)])
        for window in windows:
            yield from _window(window, at, signs, wide)
    if problem := text(said, "problem"):
        yield "", "plain"
        yield from _wrapped(f"no sums: {problem}", "poor")
        return
    yield "", "plain"
    yield _TABLE, "dim"
    yield _row("today", part(said, "today")), "plain"
    yield _row("7 days", part(said, "week")), "plain"
    since = number(said, "since") or 0.0
    yield _row(f"since {_told(since, at)}", part(said, "chosen")), "plain"
    yield from _groups(said, at)
    yield from _cost(said)
    yield from _hours(each(said, "hours"), signs)
    yield from _switches(each(said, "switches"), at)


def _now(now: JSON, at: float) -> Iterator[Line]:
    side, model = text(now, "side"), text(now, "model")
    who: dict[str, Line] = {
        "cloud": ("the cloud answers", "good"),
        "local": (f"{model or 'a local model'} answers, on this machine", "poor"),
        "nobody": ("nobody can answer", "bad"),
    }
    words, tone = who.get(side, (side or "unknown", "plain"))
    since = number(now, "since")
    yield f"{words}{'' if since is None else f', since {_told(since, at)}'}", tone
    why, until = text(now, "why"), text(now, "until_told")
    if why:
        yield from _wrapped(f"{why}{f'; the cloud is asked again at {until}' if until else ''}")


def _named(window: JSON) -> str:
    name = text(window, "name")
    return _WINDOWS.get(name, name)


def _window(window: JSON, at: float, signs: _Signs, wide: int) -> Iterator[Line]:
    used, indent = number(window, "used"), " " * (wide + 3)
    reset, left_s = text(window, "resets_told"), number(window, "resets_in_s")
    words = f"  {_named(window):<{wide}} "
    if used is None:
        words += f"{text(window, 'status') or 'nothing is said of it'}"
    else:
        filled = round(max(0.0, min(used, 1.0)) * _BAR)
        words += f"{signs.full * filled}{signs.empty * (_BAR - filled)} {used:4.0%}"
    if reset and left_s is not None:
        words += f"  resets {reset}, in {duration(left_s)}"
    yield words, "plain" if used is None or used < _NEAR else "bad" if used >= 1 else "poor"
    if used is not None:
        yield f"{indent}{_forecast(window, at)}", "dim"
    seen = [point[1] for point in each(window, "history") if isinstance(point, list) and point[1:]]
    curve = _curve([share for share in seen if isinstance(share, int | float)], signs, top=1.0)
    if curve:
        yield f"{indent}{curve}", "dim"
    for warning in each(window, "warnings"):
        yield f"{indent}{warning}", "poor"


def _forecast(window: JSON, at: float) -> str:
    rate = number(window, "rate_per_hour") or 0.0
    pace = f"{rate:.1%} an hour" if rate else "not used recently"
    earliest, latest = number(window, "earliest"), number(window, "latest")
    begins = "" if earliest is None else _told(earliest, at)
    if number(window, "left") == 0:
        return "used up"
    if told := text(window, "runs_out_told"):
        ends = "the reset or later" if latest is None else _told(latest, at)
        return f"{pace}; runs out about {told} ({begins} to {ends})"
    if part(window, "lasts") is True:
        unsure = f", but may run out from {begins} on" if begins else ""
        return f"{pace}; lasts until the reset{unsure}"
    return pace


def _row(label: str, totals: JSON) -> str:
    first, speed = number(totals, "first_token_median_s"), number(totals, "tokens_per_s")
    cached = whole(totals, "cache_read_tokens")
    taken = whole(totals, "input_tokens") + whole(totals, "cache_write_tokens")
    first_told = "-" if first is None else f"{first:.1f} s"
    speed_told = "-" if speed is None else f"{speed:.0f}"
    return (
        f"{label[:22]:<22} {whole(totals, 'requests'):>8} {whole(totals, 'saved'):>6}"
        f" {_short(taken):>7} {_short(whole(totals, 'output_tokens')):>7} {_short(cached):>7}"
        f" {first_told:>7} {speed_told:>6}"
    )


def _groups(said: JSON, at: float) -> Iterator[Line]:
    by, groups = text(said, "by"), each(said, "groups")
    if not groups:
        return
    yield "", "plain"
    yield f"{f'by {by}':<22}{_TABLE[22:]}", "dim"
    for group in groups[:_MOST_GROUPS]:
        key = text(group, "key")
        if by == "hour" and key.isdecimal():
            key = _told(float(key), at)
        yield _row(_cut(key or _UNKNOWN.get(by, "-")), group), "plain"
    if len(groups) > _MOST_GROUPS:
        yield f"and {len(groups) - _MOST_GROUPS} more; `--csv` has them", "dim"


def _cut(key: str) -> str:
    """Cut a long name in front: of a folder the end tells more."""
    return key if len(key) <= 22 else f"...{key[-19:]}"  # noqa: PLR2004  # the width of the column


def _cost(said: JSON) -> Iterator[Line]:
    chosen = part(said, "chosen")
    cloud, local = number(chosen, "cloud_cost_usd"), number(chosen, "local_cost_usd")
    if cloud is None or local is None:
        return
    yield "", "plain"
    yield from _wrapped(
        f"at list prices of {text(said, 'prices_dated')}: ${cloud:.2f} by the cloud; what was"
        f" answered here would have cost ${local:.2f}"
    )
    if unpriced := [name for name in each(chosen, "unpriced") if isinstance(name, str)]:
        yield from _wrapped(f"without a price: {', '.join(unpriced[:8])}", "dim")
    energy = number(said, "energy_j")
    told = "not reported by this machine" if energy is None else f"{energy / 3600:.1f} Wh"
    yield f"energy of the processors since the gateway's start: {told}", "dim"


def _hours(hours: Sequence[JSON], signs: _Signs) -> Iterator[Line]:
    counts = [float(whole(hour, "requests")) for hour in hours]
    if any(counts):
        yield (
            f"{'last 24 hours':<22} {_curve(counts, signs)}  up to {max(counts):.0f} an hour",
            "dim",
        )


def _switches(switches: Sequence[JSON], at: float) -> Iterator[Line]:
    if not switches:
        return
    yield "", "plain"
    yield "switches", "dim"
    for one in switches[:_MOST_SWITCHES]:
        moment = _told(number(one, "at") or 0.0, at)
        to = "cloud" if text(one, "by") == "cloud" else "local"
        yield f"  {moment:<16} {to:<5}  {text(one, 'why')}", "plain"


def _curve(values: Sequence[float], signs: _Signs, top: float = 0.0) -> str:
    highest = max([top, *values], default=0.0)
    if highest <= 0 or len(values) < 2:  # noqa: PLR2004  # one point makes no curve
        return ""
    last = len(signs.curve) - 1
    return "".join(signs.curve[round(max(0.0, min(v / highest, 1.0)) * last)] for v in values)


def _short(count: int) -> str:
    for unit, size in (("G", 1_000_000_000), ("M", 1_000_000), ("k", 1000)):
        if count >= size:
            return f"{count / size:.1f}{unit}"
    return str(count)


def _told(at: float, now: float) -> str:
    moment = dt.datetime.fromtimestamp(at).astimezone()
    if moment.date() == dt.datetime.fromtimestamp(now).astimezone().date():
        return f"{moment:%H:%M}"
    return f"{moment:%a %d %b %H:%M}" if abs(at - now) < 300 * _DAY_S else f"{moment:%Y-%m-%d}"


def _wrapped(words: str, tone: Tone = "plain") -> Iterator[Line]:
    import textwrap

    for line in textwrap.wrap(words, _WIDTH):
        yield line, tone

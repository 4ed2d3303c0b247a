"""The one line: out of what the gateway says, and of what the client says of itself."""

from __future__ import annotations

import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from standby.core.wire.json import JSON

    Painter = Callable[[str, str], str]

__all__ = ["told", "without_gateway", "words"]

_BETWEEN = " \N{MIDDLE DOT} "
_MARK = "\N{BLACK CIRCLE}"
_GREEN, _YELLOW, _RED, _DIM, _PLAIN = "\x1b[32m", "\x1b[33m", "\x1b[31m", "\x1b[2m", "\x1b[0m"
_NEAR = 0.8
_SPENT = 1.0
_MOST = 1e11
_CLIENTS = {"five_hour": "5h", "seven_day": "7d"}
"""What the client calls the windows of a subscription, and what the cloud's headers do."""


def words(said: JSON, client: JSON, now: float, *, coloured: bool) -> str:
    """Return the line for what ``/standby/glance`` said."""
    paint = _paint if coloured else _unpainted
    stand_in = _under(said, "stand_in")
    match _text(said, "answering"):
        case "cloud":
            parts = [paint(f"{_MARK} cloud", _GREEN), *_mode(said), *_model(client)]
            parts += [*_left(said, now, paint), paint(_next(said), _DIM)]
        case "local":
            model = _text(said, "model") or _text(stand_in, "key")
            parts = [paint(f"{_MARK} local {model}", _YELLOW), *_speed(stand_in, model)]
            parts += [*_back(said, now), *_left(said, now, paint)]
        case _:
            parts = [paint(f"{_MARK} nobody can answer", _RED), *_back(said, now)]
    return _BETWEEN.join(part for part in parts if part)


def without_gateway(why: str, client: JSON, now: float, *, coloured: bool) -> str:
    """Return the line for when the gateway does not say; the client knows some of it by itself."""
    paint = _paint if coloured else _unpainted
    limits = _under(client, "rate_limits")
    windows: list[JSON] = []
    for theirs, name in _CLIENTS.items():
        one = _under(limits, theirs)
        used = _number(one, "used_percentage")
        if used is not None:
            resets_at = _number(one, "resets_at")
            windows.append({"name": name, "used": used / 100, "resets_at": resets_at})
    left = list(_left({"windows": windows}, now, paint))
    return _BETWEEN.join([paint(f"{_MARK} {why}", _RED), *_model(client), *left])


def told(at: float, now: float) -> str:
    """Return a moment as :meth:`standby.ports.Clock.told` does."""
    moment, today = time.localtime(at), time.localtime(now)
    same = moment[:3] == today[:3]
    return time.strftime("%H:%M" if same else "%a %d %b %H:%M", moment)


def _model(client: JSON) -> Iterator[str]:
    name = _text(_under(client, "model"), "display_name")
    if name:
        yield name


def _mode(said: JSON) -> Iterator[str]:
    """Yield the mode where it is another than that of every beginning."""
    mode = _text(said, "mode")
    if mode != "auto":
        yield mode


def _speed(stand_in: JSON, model: str) -> Iterator[str]:
    speed = _number(stand_in, "writes_per_s")
    if speed is not None and _text(stand_in, "key") == model:
        yield f"{speed:.0f} tokens/s"


def _back(said: JSON, now: float) -> Iterator[str]:
    yield _text(said, "why")
    until = _number(said, "until")
    if until is not None:
        yield f"cloud back {told(until, now)} (in {_duration(until - now)})"


def _left(said: JSON, now: float, paint: Painter) -> Iterator[str]:
    """Yield what is left of each window, and until when that has to last."""
    windows = _under(said, "windows")
    for window in windows if isinstance(windows, list) else []:
        used, resets_at = _number(window, "used"), _number(window, "resets_at")
        if used is None:
            continue
        colour = _RED if used >= _SPENT else _YELLOW if used >= _NEAR else ""
        name = _text(window, "name")
        foreseen = _under(_under(said, "foreseen"), name)
        runs_out_at = _number(foreseen, "runs_out_at")
        left = f"{name} {max(1 - used, 0):.0%} left"
        if resets_at is not None:
            lasts = _under(foreseen, "lasts") is True
            left += f"{', lasts' if lasts else ''} until {told(resets_at, now)}"
        if used < _SPENT and runs_out_at is not None and runs_out_at > now:
            left += f", out about {told(runs_out_at, now)}"
            colour = colour or _YELLOW
        yield paint(left, colour)


def _next(said: JSON) -> str:
    stand_in, warm = _under(said, "stand_in"), _number(said, "warm")
    key = _text(stand_in, "key")
    if not key:
        return "no local model"
    state = "loaded" if _under(stand_in, "loaded") is True else "cold"
    if warm:
        state = f"{min(warm, 1):.0%} warm"
    kind = ", for rehearsals only" if _under(stand_in, "rehearsal") is True else ""
    return f"next {key} ({state}{kind})"


def _duration(seconds: float) -> str:
    minutes = max(int(seconds) // 60, 0)
    if minutes < 60:  # noqa: PLR2004  # in an hour
        return f"{minutes} min" if minutes else f"{max(int(seconds), 0)} s"
    hours, minutes = divmod(minutes, 60)
    days, left = divmod(hours, 24)
    return f"{days} d {left} h" if days else f"{hours} h {minutes} min"


def _paint(text: str, colour: str) -> str:
    return f"{colour}{text}{_PLAIN}" if colour and text else text


def _unpainted(text: str, _colour: str) -> str:
    return text


def _under(said: JSON, name: str) -> JSON:
    return said.get(name) if isinstance(said, dict) else None


def _text(said: JSON, name: str) -> str:
    """Return a text without what would move the cursor: names come from elsewhere."""
    value = _under(said, name)
    text = value if isinstance(value, str) else ""
    return "".join(sign if sign.isprintable() else "\N{REPLACEMENT CHARACTER}" for sign in text)


def _number(said: JSON, name: str) -> float | None:
    """Return a number that can be a share or a moment: JSON knows larger ones, and Python's NaN."""
    value = _under(said, name)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if -_MOST < value < _MOST else None

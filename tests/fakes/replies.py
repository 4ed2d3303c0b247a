"""Answers of the cloud, as the quota readers get them."""

from standby.core.quota.reply import UNIFIED, Reply
from standby.core.wire.json import dumps

NOW = 1_795_000_000.0
"""18 November 2026, 11:06:40 UTC."""
HOUR = 3600.0
OPUS = "claude-opus-5-5"


def reply(status, headers=None, *, kind="", message="", code="", model=OPUS):
    error = {"type": kind, "message": message}
    if code:
        error["details"] = {"error_code": code}
    body = dumps({"type": "error", "error": error}) if kind else b""
    return Reply(status, tuple((headers or {}).items()), body, model)


def unified(status, headers, **rest):
    return reply(status, {f"{UNIFIED}{name}": value for name, value in headers.items()}, **rest)


def at(seconds_ahead):
    return str(int(NOW + seconds_ahead))

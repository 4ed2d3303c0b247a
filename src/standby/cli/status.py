"""``standby status``: who answers now, why, and until when."""

import json
from collections.abc import Iterator
from typing import Final

import click

from standby.cli import gateway, terminal
from standby.cli.terminal import Row, Tone

__all__ = ["command", "rows"]

_NEAR: Final = 0.8
_SPENT: Final = 1.0
_WINDOWS: Final = {"5h": "5 hours", "7d": "7 days"}
# Below this Claude Code compacts all the time, or cannot begin.
_SMALL_TOKENS: Final = 64_000


@click.command("status", epilog=terminal.examples("standby status", "standby status --json"))
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def command(as_json: bool) -> None:  # click's way
    """Say who answers now, why, and until when.

    Also shows which local model would take over, how much of the quota is used, and the newest
    request. The exit code is 3 when no gateway runs.
    """
    found = gateway.genuine(gateway.at_home())
    said = gateway.status(found)
    if as_json:
        terminal.data(json.dumps(said, indent=2, ensure_ascii=False))
    else:
        terminal.grid(rows(gateway.read_status(said)))


def rows(status: gateway.Status) -> Iterator[Row]:
    """Yield what there is to say, the most important first."""
    yield _now(status)
    yield from _why(status)
    if (mode := gateway.policy_words(status.policy.now)) not in {"", "auto"}:
        yield "mode", mode, "plain"
    if status.policy.fault:
        yield "settings", f"changed, and not used: {status.policy.fault}", "poor"
    if status.policy.waiting:
        yield "settings", f"restart to apply: {', '.join(status.policy.waiting)}", "poor"
    for tier in status.policy.tiers:
        if not tier.there:
            yield "tiers", f"{tier.name}: there is no local model {tier.model!r}", "poor"
    for choice in status.policy.choices:
        if choice.special:
            yield "", gateway.policy_words(choice), "dim"
    yield _next(status)
    if status.next is not None:
        yield from gateway.model_rows(status.next)
    if status.cold_prompt_s is not None:
        took = terminal.duration(status.cold_prompt_s)
        yield "", f"a first prompt like Claude Code's takes it about {took}, cold (measured)", "dim"
    if gateway.no_work_model(status):
        yield "", "`standby models` shows which model would suit this machine", "plain"
    if status.fetching:
        yield "", status.fetching, "plain"
    if status.warming.conversations or status.warming.problem:
        yield from gateway.warming_rows(status.warming)
    for queue in status.queues:
        if queue.busy or queue.waiting:
            yield _queue(queue)
    for account in status.accounts:
        yield from _account(account)
    if status.last is not None:
        yield from _last(status.last)
    if status.degraded:
        yield "ledger", f"not kept: {status.degraded}", "poor"
    up = terminal.duration(status.uptime_s)
    words = f"{status.url}, up {up}, pid {status.pid}, version {status.version}"
    yield "gateway", words, "plain"


def _now(status: gateway.Status) -> Row:
    match status.answering:
        case "cloud":
            return "now", f"the cloud answers ({status.cloud_url})", "good"
        case "local":
            return "now", f"{status.model or 'a local model'} answers, on this machine", "poor"
        case "nobody":
            return "now", "nobody can answer", "bad"
        case other:
            return "now", other or "unknown", "plain"


def _why(status: gateway.Status) -> Iterator[Row]:
    if status.why:
        yield "why", status.why, "plain"
    if status.until_told:
        yield "until", status.until_told, "plain"


def _next(status: gateway.Status) -> Row:
    label = "local" if status.answering == "local" else "next"
    if status.next is None:
        return label, status.problem or "no local model would take over", "bad"
    model = status.next
    words = f"{model.key} {'would take over' if label == 'next' else 'is in charge'}"
    tone: Tone = "plain"
    if model.context_tokens is not None:
        words += f", window {model.context_tokens} tokens"
        if model.context_tokens < _SMALL_TOKENS:
            tone = "poor"
            words += " (small for Claude Code)"
    if model.rehearsal:
        tone = "poor"
        words += "; a model for rehearsals, not for work"
    return label, words, tone


def _queue(queue: gateway.Queue) -> Row:
    waiting = f", {queue.waiting} waiting" if queue.waiting else ""
    words = f"{queue.engine}: {queue.busy} of {queue.slots} slots busy{waiting}"
    return "at work", words, "poor" if queue.waiting else "plain"


def _account(account: gateway.Account) -> Iterator[Row]:
    from standby.adapters.host.clock import SystemClock

    label = f"account {account.name}"
    for words in account.closed:
        yield label, f"closed: {words}", "poor"
        label = ""
    names = [_WINDOWS.get(window.name, window.name) for window in account.windows]
    width = max(map(len, names), default=0)
    for name, window in zip(names, account.windows, strict=True):
        parts = [f"{name:<{width}}"]
        if window.used is not None:
            parts.append(terminal.bar(window.used))
        if window.resets_at is not None:
            parts.append(f"resets {SystemClock().told(window.resets_at)}")
        yield label, "  ".join(parts), _tone(window.used)
        label = ""
    for words in account.warnings:
        yield label, words, "poor"
        label = ""


def _tone(used: float | None) -> Tone:
    if used is None or used < _NEAR:
        return "plain"
    return "bad" if used >= _SPENT else "poor"


def _last(last: gateway.Last) -> Iterator[Row]:
    from standby.adapters.host.clock import SystemClock

    asked = last.requested or "a model"
    who = {"cloud": "the cloud", "both": "the cloud, then the stand-in"}.get(last.by, last.by)
    model = f" ({last.answered})" if last.answered and last.answered != last.requested else ""
    words = f"{SystemClock().told(last.at)}  {asked}: {who}{model}, {last.outcome}"
    if last.first_token_s is not None:
        words += f", first word after {last.first_token_s:.1f} s"
    tone: Tone = "plain" if last.outcome == "ok" else "poor"
    yield "last", f"{words}, {last.duration_s:.1f} s in all", tone

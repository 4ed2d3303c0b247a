"""``standby log``: one line for each request, from the ledger; or the gateway's own log."""

import datetime as dt
import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import click

from standby.cli import gateway, terminal
from standby.cli.terminal import Tone
from standby.core.usage import Entry

__all__ = ["command"]

_LOOK_S: Final = 0.3
_MOST_AT_ONCE: Final = 1000
_WHO: Final = {"both": "cloud+local"}


@click.command(
    "log",
    epilog=terminal.examples(
        "standby log",
        "standby log -n 100 --session 5f0c",
        "standby log -f",
        "standby log --gateway",
    ),
)
@click.option(
    "-n", "--lines", type=click.IntRange(0), default=20, show_default=True, help="How many lines."
)
@click.option("-f", "--follow", is_flag=True, help="Keep printing new ones until Ctrl-C.")
@click.option(
    "--session",
    default="",
    metavar="ID",
    help="One conversation and its subagents only; the beginning of its id is enough.",
)
@click.option("--json", "as_json", is_flag=True, help="Print each request as a line of JSON.")
@click.option("--gateway", "own", is_flag=True, help="Print the gateway's own log instead.")
def command(lines: int, follow: bool, session: str, as_json: bool, own: bool) -> None:
    """Print what happened to each request.

    One line each, from the ledger: when, who answered, the model, seconds to the first word and in
    all, tokens read and written, and why. Neither the ledger nor the gateway's own log ever holds a
    prompt, an answer or a credential. Both can be read while no gateway runs.
    """
    if own:
        _own_words(lines, follow)
    else:
        _requests(lines, session, follow=follow, as_json=as_json)


def _requests(lines: int, session: str, *, follow: bool, as_json: bool) -> None:
    from standby.adapters.ledger.looking import Looks

    path = gateway.at_home().ledger_file
    if not path.exists() and not follow:
        raise terminal.Problem(
            f"there is no ledger at {path}",
            "The gateway begins one when it starts; `standby log --gateway` shows its own log.",
        )
    looks, pause = Looks(path), threading.Event()
    session = gateway.whole_session(path, session)
    newest = max([seq for seq, _ in looks.entries(1)], default=0)
    found = looks.entries(lines, session=session)
    while True:
        _print(found, as_json=as_json)
        if not follow:
            if lines and not found:
                terminal.say("there is no such request in the ledger yet")
            return
        newest = max([newest, *(seq for seq, _ in found)])
        pause.wait(_LOOK_S)
        found = looks.entries(_MOST_AT_ONCE, session=session, after=newest)


def _print(found: tuple[tuple[int, Entry], ...], *, as_json: bool) -> None:
    import sys

    for _, one in reversed(found):
        if as_json:
            terminal.data(json.dumps(_fields(one), ensure_ascii=False))
        else:
            words, tone = _line(one)
            terminal.data(terminal.paint(terminal.one_line(words), tone, sys.stdout))


def _fields(one: Entry) -> dict[str, object]:
    from standby.app.showing.status import entry_json

    return {**entry_json(one), "project": one.project, "saved": one.saved}


def _line(one: Entry) -> tuple[str, Tone]:
    moment = dt.datetime.fromtimestamp(one.at).astimezone()
    day = "" if moment.date() == dt.datetime.now().astimezone().date() else f"{moment:%d %b} "
    who = _WHO.get(one.by, one.by)
    model = one.answered if one.answered != one.requested else ""
    words = f"{day}{moment:%H:%M:%S}  {who:<7} {one.requested}{f' -> {model}' if model else ''}"
    outcome = "" if one.outcome == "ok" else f"  {one.outcome} {one.status}"
    first = "" if one.first_token_s is None else f"{one.first_token_s:.1f}/"
    words += f"{outcome}  {first}{one.duration_s:.1f} s  {''.join(_tokens(one))}  {one.why}"
    tones: dict[str, Tone] = {"cloud": "plain", "local": "poor", "both": "poor", "nobody": "bad"}
    return words, tones.get(one.by, "dim")


def _tokens(one: Entry) -> Iterator[str]:
    tokens = one.tokens
    yield f"{tokens.input + tokens.cache_read + tokens.cache_write}+{tokens.output}"


def _own_words(lines: int, follow: bool) -> None:
    path = gateway.at_home().log_file
    if not path.exists():
        raise terminal.Problem(
            f"there is no log at {path}",
            "`standby up` writes one; `standby serve` prints it in its own terminal.",
        )
    begin = path.stat().st_size
    for line in gateway.tail(path, lines):
        terminal.data(terminal.printable(line))
    if follow:
        _follow(path, begin)


def _follow(path: Path, begin: int) -> None:
    pause = threading.Event()
    while True:
        size = path.stat().st_size if path.exists() else 0
        if size < begin:  # a new log was begun
            begin = 0
        if size > begin:
            with path.open("rb") as file:
                file.seek(begin)
                text = file.read(size - begin)
            begin = size
            click.echo(terminal.printable(text.decode(errors="replace")), nl=False)
        pause.wait(_LOOK_S)

"""``standby use``: who answers, chosen while the gateway runs."""

import json
import os
import re
from pathlib import Path
from typing import Final

import click

from standby.cli import gateway, terminal
from standby.cli.terminal import Row

__all__ = ["command", "seconds"]

_LENGTH: Final = re.compile(r"(?P<number>[0-9]{1,6})\s*(?P<unit>s|min|m|h|d)")
_UNITS: Final = {"s": 1, "m": 60, "min": 60, "h": 3600, "d": 86_400}


@click.command(
    "use",
    epilog=terminal.examples(
        "standby use                        what counts now",
        "standby use spare                  make the quota last to its reset",
        "standby use local --for 2h         no cloud for two hours",
        "standby use qwen3-coder:30b        this local model, until further notice",
        "standby use cloud --project .      for what is done in this folder",
        "standby use settings               what the settings say, again",
    ),
)
@click.argument("what", required=False, default="")
@click.option("--for", "length", metavar="TIME", help="Let it end by itself: 30min, 2h, 1d.")
@click.option(
    "--session",
    metavar="ID",
    default="",
    help="For one session of the client; the beginning of its id will do.",
)
@click.option("--project", metavar="PATH", default="", help="For one folder and all below it.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def command(what: str, length: str | None, session: str, project: str, as_json: bool) -> None:
    """Choose who answers, for all or for some requests.

    WHAT is auto, spare, cloud, local, a local model, or settings: what the settings say. It counts
    from the next request on, survives a restart, and is shown by `standby status`. The narrowest
    choice counts: that for a session, then that for a project. Without WHAT, say what counts now.
    The exit code is 3 when no gateway runs.
    """
    home = gateway.at_home()
    found = gateway.genuine(home)
    if what:
        session = gateway.whole_session(home.ledger_file, session)
        folder = str(Path(os.path.expanduser(project)).absolute()) if project else ""
        for_s = "" if length is None else str(seconds(length))
        wanted = {"what": what, "for_s": for_s, "session": session, "project": folder}
        said = gateway.use(found, {name: text for name, text in wanted.items() if text})
    else:
        said = gateway.policy(found)
    if as_json:
        terminal.data(json.dumps(said, indent=2, ensure_ascii=False))
    else:
        terminal.grid(_rows(gateway.read_policy(said)))


def seconds(length: str) -> int:
    """Return a length of time in seconds. Raise ``Problem`` for what is none."""
    match = _LENGTH.fullmatch(length.strip().lower())
    if match is None:
        raise terminal.Problem(
            f"{length!r} is no length of time", "Write it as 90s, 30min, 2h or 1d.", terminal.USAGE
        )
    return int(match["number"]) * _UNITS[match["unit"]]


def _rows(policy: gateway.Policy) -> list[Row]:
    rows: list[Row] = [("mode", gateway.policy_words(policy.now), "plain")]
    rows += [("", gateway.policy_words(one), "dim") for one in policy.choices if one.special]
    return rows

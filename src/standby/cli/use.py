"""``standby use``: who answers, chosen while the gateway runs."""

import json
import os
from pathlib import Path

import click

from standby.cli import gateway, terminal
from standby.cli.terminal import Row

__all__ = ["command"]


@click.command(
    "use",
    epilog=terminal.examples(
        "standby use                        what is in force",
        "standby use spare                  make the quota last to its reset",
        "standby use local --for 2h         no cloud for two hours",
        "standby use qwen3-coder:30b        this local model, until you choose again",
        "standby use cloud --project .      for work in this folder",
        "standby use settings               back to what the settings say",
    ),
)
@click.argument("what", required=False, default="")
@click.option(
    "--for",
    "length_s",
    metavar="TIME",
    callback=lambda _context, _option, text: None if text is None else terminal.seconds(text),
    help="End it after this time: 30m, 2h, 1d.",
)
@click.option(
    "--session",
    metavar="ID",
    default="",
    help="Only for this session of the client; the beginning of its id is enough.",
)
@click.option(
    "--project", metavar="PATH", default="", help="Only for this folder and everything below it."
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def command(what: str, length_s: float | None, session: str, project: str, as_json: bool) -> None:
    """Choose who answers, for all requests or some.

    WHAT is auto, spare, cloud, local, the name of a local model, or `settings` to return to what
    the settings say. It takes effect with the next request, survives a restart, and is shown by
    `standby status`. The narrowest choice wins: session, then project, then all. Without WHAT,
    prints what is in force. The exit code is 3 when no gateway runs.
    """
    home = gateway.at_home()
    found = gateway.genuine(home)
    if what:
        session = gateway.whole_session(home.ledger_file, session)
        folder = str(Path(os.path.expanduser(project)).absolute()) if project else ""
        for_s = "" if length_s is None else f"{length_s:.0f}"
        wanted = {"what": what, "for_s": for_s, "session": session, "project": folder}
        said = gateway.use(found, {name: text for name, text in wanted.items() if text})
    else:
        said = gateway.policy(found)
    if as_json:
        terminal.data(json.dumps(said, indent=2, ensure_ascii=False))
    else:
        terminal.grid(_rows(gateway.read_policy(said)))


def _rows(policy: gateway.Policy) -> list[Row]:
    rows: list[Row] = [("mode", gateway.policy_words(policy.now), "plain")]
    rows += [("", gateway.policy_words(one), "dim") for one in policy.choices if one.special]
    return rows

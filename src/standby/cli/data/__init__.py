"""``standby data``: the ledger in the hands of its owner."""

from __future__ import annotations

import csv
import json
import sys
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

import click

from standby.cli import gateway, terminal

if TYPE_CHECKING:
    from standby.adapters.ledger import handing

__all__ = ["command"]

_FORMULAS: Final = ("=", "+", "-", "@", "\t", "\r")
Command = Callable[..., None]


def _choosing(function: Command) -> Command:
    options = (
        click.option(
            "--session",
            default="",
            metavar="ID",
            help="One conversation and its subagents; the beginning of its id is enough.",
        ),
        click.option("--project", default="", help="One project, by its folder."),
        click.option("--before", default="", help="Older than this: 30d, 4w or a date."),
    )
    for option in options:
        function = option(function)
    return function


@click.group(
    "data",
    epilog=terminal.examples(
        "standby data export > requests.jsonl",
        "standby data export --csv --project ~/work/api > api.csv",
        "standby data delete --before 30d",
        "standby data delete --session 5f0c2a --yes",
    ),
)
def command() -> None:
    """Export or delete what the ledger holds.

    It has one row for each request: when, which session, project and model, tokens, times, who
    answered and why; and for calls by a local model that change a file, the tool and the path.
    Never a prompt, an answer or a credential. In the settings, `[ledger] keep_days` says after how
    many days rows are deleted, `[ledger] files` whether paths are kept, and `[ledger] enabled`
    turns the ledger off.
    """


@command.command(
    "export",
    epilog=terminal.examples(
        "standby data export > requests.jsonl",
        "standby data export --csv --project ~/work/api > api.csv",
    ),
)
@_choosing
@click.option("--csv", "as_csv", is_flag=True, help="Print CSV instead of JSON.")
def export(session: str, project: str, before: str, as_csv: bool) -> None:
    """Print the rows as lines of JSON, oldest first."""
    from standby.adapters.ledger import handing
    from standby.app.showing.status import entry_json

    chosen = _chosen(session, project, before)
    path = gateway.at_home().ledger_file
    changed = handing.deeds(path)
    lines = csv.writer(sys.stdout, lineterminator="\n")
    head = False
    for one in handing.export(path, chosen):
        fields = entry_json(one)
        if not isinstance(fields, dict):
            continue
        fields |= {"account": one.account, "project": one.project, "saved": one.saved}
        fields["changes"] = [
            f"{deed.tool} {deed.path}".rstrip() for deed in changed.get(one.id, ())
        ]
        if not as_csv:
            terminal.data(json.dumps(fields, ensure_ascii=False))
            continue
        if not head:
            lines.writerow(fields)
            head = True
        lines.writerow([_cell(value) for value in fields.values()])


@command.command(
    "delete",
    epilog=terminal.examples(
        "standby data delete --before 30d",
        "standby data delete --session 5f0c2a --yes",
        "standby data delete --all",
    ),
)
@_choosing
@click.option(
    "--all",
    "everything",
    is_flag=True,
    help="Everything, including the quota windows that were seen.",
)
@click.option("-y", "--yes", is_flag=True, help="Do not ask.")
def delete(session: str, project: str, before: str, everything: bool, yes: bool) -> None:
    """Delete rows, with their share of the sums.

    What is deleted is overwritten on disk. Everything that `[local] keep_warm` has saved is deleted
    too, because its files do not tell which conversation they belong to. Works while a gateway
    runs.
    """
    from standby.adapters.host.slot_files import SlotFiles
    from standby.adapters.ledger import handing

    chosen = _chosen(session, project, before)
    if everything == bool(session or project or before):
        raise click.UsageError("say what: --session, --project, --before, or --all alone")
    where = gateway.at_home()
    path = where.ledger_file
    found = handing.count(path, chosen)
    if not yes and not _agreed(found):
        raise terminal.Problem("nothing was deleted", "`--yes` deletes without asking.")
    terminal.say(f"{handing.delete(path, chosen)} rows are deleted")
    if kept := SlotFiles(where.slots).clear():
        terminal.say(f"{kept} saved conversations are deleted")


def _agreed(found: int) -> bool:
    if not terminal.is_terminal(sys.stdin):
        return False
    return click.confirm(f"Delete {found} rows for good?", err=True)


def _chosen(session: str, project: str, before: str) -> handing.Chosen:
    from pathlib import Path

    from standby.adapters.ledger import handing

    until = terminal.moment(before, time.time()) if before else None
    folder = str(Path(project).expanduser().absolute()) if project else ""
    whole = gateway.whole_session(gateway.at_home().ledger_file, session)
    return handing.Chosen(whole, folder, until)


def _cell(value: object) -> object:
    if isinstance(value, list):
        return "; ".join(map(str, value))
    if isinstance(value, str) and value.startswith(_FORMULAS):
        return f"'{value}"
    return value

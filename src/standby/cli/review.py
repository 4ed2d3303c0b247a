"""``standby review``: what a local model has changed, and how to have the cloud look at it."""

import json
from typing import TYPE_CHECKING

import click

from standby.cli import gateway, terminal
from standby.cli.terminal import Row

if TYPE_CHECKING:
    from standby.core.usage.review import Review

__all__ = ["command"]


@click.command(
    "review",
    epilog=terminal.examples(
        "standby review                          the newest conversation",
        "standby review --prompt | claude -p     have the cloud look at it",
        "standby review --session 5f0c2a --json",
    ),
)
@click.option(
    "--session",
    default="",
    metavar="ID",
    help="One conversation; the beginning of its id is enough.",
)
@click.option("--last", is_flag=True, help="The newest conversation, as without --session.")
@click.option("--prompt", "as_prompt", is_flag=True, help="Print a prompt for a review.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def command(session: str, last: bool, as_prompt: bool, as_json: bool) -> None:
    """List the files that a local model changed in a conversation.

    The list is taken from the model's tool calls. Whether the client ran them is not known here,
    nor what a shell command changes unless it names its files. Reads the ledger, which keeps the
    tool and the path of each such call (`[ledger] files`) and nothing of a file's content; no
    running gateway is needed. The exit code is 1 when nothing was changed.
    """
    if session and last:
        raise click.UsageError("--session and --last name two conversations")
    if as_prompt and as_json:
        raise click.UsageError("--prompt and --json cannot be combined")
    found = _found(session)
    if as_json:
        terminal.data(json.dumps(found.as_json(), indent=2, ensure_ascii=False))
    elif as_prompt:
        from standby.core.usage.review import prompt

        said = prompt(found, _moment(found.first_at), _moment(found.last_at))
        terminal.data(terminal.printable(said.rstrip()))
    else:
        terminal.grid(_rows(found))


def _found(session: str) -> "Review":
    from standby.adapters.ledger.looking import Looks
    from standby.core.usage.review import reviewed

    path = gateway.at_home().ledger_file
    looks = Looks(path)
    chosen = gateway.whole_session(path, session) or looks.changing()
    found = None
    if chosen is not None:
        found = reviewed(chosen, looks.deeds(chosen), looks.answers(chosen))
    if found is None:
        where = f"in the session {session!r}" if session else "in any conversation"
        raise terminal.Problem(
            f"no change by a local model is known {where}",
            "`standby log` shows who answered; `[ledger] files` in the settings decides"
            " whether changed files are recorded.",
        )
    return found


def _rows(found: "Review") -> list[Row]:
    cloud = found.answers.get("cloud", 0)
    rows: list[Row] = [("session", found.session or "without a name", "plain")]
    if found.project:
        rows.append(("project", found.project, "plain"))
    rows += [
        ("local answers", f"{found.local_answers}, by {', '.join(found.models)}", "plain"),
        ("cloud answers", str(cloud), "plain"),
        ("changes", f"{_moment(found.first_at)} to {_moment(found.last_at)}", "plain"),
    ]
    rows += [(one.words, found.near(one.path), "plain") for one in found.files]
    if found.commands:
        rows.append((f"Bash {found.commands}", "commands that do not say what they change", "dim"))
    return rows


def _moment(at: float) -> str:
    import datetime as dt

    return f"{dt.datetime.fromtimestamp(at).astimezone():%d %b %H:%M}"

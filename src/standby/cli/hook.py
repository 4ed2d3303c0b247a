"""``standby hook``: answers ``/standby`` in Claude Code before anything of it goes to a model."""

import json
import sys

import click

from standby.cli import terminal
from standby.cli.inside.calling import called
from standby.cli.inside.words import answered

__all__ = ["command"]

_EVENT = "UserPromptExpansion"


@click.command(
    "hook",
    epilog=terminal.examples("""echo '{"command_args": "status"}' | standby hook"""),
)
def command() -> None:
    """Answer /standby inside Claude Code.

    The plugin calls it; you do not need to. It reads the client's JSON on stdin, and its answer
    keeps the prompt from being sent: no model is needed, and no quota is spent.
    """
    try:
        said = json.loads(sys.stdin.buffer.read())
    except ValueError:
        raise terminal.Problem(
            "what came on stdin is not JSON", "Claude Code calls this; `standby status` is for you."
        ) from None
    words = said.get("command_args") if isinstance(said, dict) else None
    text = answered(words if isinstance(words, str) else "", called)
    decision = {
        "decision": "block",
        "reason": terminal.printable(text),
        "hookSpecificOutput": {"hookEventName": _EVENT, "suppressOriginalPrompt": True},
    }
    terminal.data(json.dumps(decision))

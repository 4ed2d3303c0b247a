"""``standby env``: the variables of a client, for a shell."""

import os
import re
import sys
from collections.abc import Callable, Mapping
from typing import Final

import click

from standby.app.client_environment import client_variables
from standby.cli import gateway, terminal

__all__ = ["command", "written"]


def written(shell: str, variables: Mapping[str, str]) -> str:
    """Return the lines that set variables in a shell. Raise :class:`Problem` where it cannot."""
    return "\n".join(_SHELLS[shell](name, value) for name, value in sorted(variables.items()))


def _posix(name: str, value: str) -> str:
    quoted = value.replace("'", "'\\''")
    return f"export {name}='{quoted}'"


def _fish(name: str, value: str) -> str:
    quoted = value.replace("\\", "\\\\").replace("'", "\\'")
    return f"set -gx {name} '{quoted}'"


def _powershell(name: str, value: str) -> str:
    # In one line, since PowerShell hands each line of our output on as an object. It takes
    # typographic quotes for quotes.
    quoted = re.sub(r'([`$"“”„])', r"`\1", value).replace("\n", "`n")
    return f'$env:{name} = "{quoted}"'


def _cmd(name: str, value: str) -> str:
    if set(value) & set('\n"%!^&|<>'):
        raise terminal.Problem(
            f"cmd cannot hold the value of {name}",
            "Use `standby claude` or `standby run`, or PowerShell.",
        )
    return f'set "{name}={value}"'


_SHELLS: Final[Mapping[str, Callable[[str, str], str]]] = {
    "bash": _posix,
    "zsh": _posix,
    "fish": _fish,
    "powershell": _powershell,
    "cmd": _cmd,
}


def _own_shell() -> str:
    """Return the shell that the user has, as far as the environment tells."""
    shell = os.environ.get("SHELL", "").rpartition("/")[2]
    if shell in _SHELLS:
        return shell
    return "powershell" if sys.platform == "win32" else "bash"


@click.command(
    "env",
    epilog=terminal.examples(
        'eval "$(standby env)"                              bash, zsh',
        "standby env --shell fish | source                  fish",
        "standby env | Out-String | Invoke-Expression       PowerShell",
    ),
)
@click.option(
    "--shell", type=click.Choice(list(_SHELLS)), help="The shell to write for; yours by default."
)
def command(shell: str | None) -> None:
    """Print the variables that point a client at the gateway.

    For programs that `standby run` cannot start. The output contains the gateway's token.
    """
    from standby.adapters.host import secrets

    where = gateway.at_home()
    where.make()
    variables = client_variables(os.environ, url=_url(), token=secrets.token(where.token_file))
    terminal.data(written(shell or _own_shell(), variables))


def _url() -> str:
    """Return where the gateway is, or will be."""
    where = gateway.at_home()
    if not isinstance(gateway.find(where), gateway.Absent):
        return gateway.genuine(where).running.url
    from standby.adapters.host.config_file import read_config

    settings = read_config(where.config_file, os.environ).settings.gateway
    if settings.port == 0:
        raise terminal.Problem(
            "the port is known only while a gateway runs", "Start one with `standby up`.", 3
        )
    terminal.say("no gateway is running; start it with `standby up`")
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    return f"http://{host}:{settings.port}"

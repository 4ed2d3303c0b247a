"""Finds the command that was called by walking this package, and imports only that one."""

import importlib
import os
import pkgutil
import sys
from collections.abc import Iterable, Sequence
from typing import Final, NoReturn

import click

from standby import cli
from standby.cli import terminal

__all__ = ["command", "group", "main", "names", "run"]

# Every other file of the package is a command, by the name of the file.
_NOT_COMMANDS: Final = frozenset({"main", "terminal", "gateway", "inside", "lean"})
_COMPLETE: Final = "_STANDBY_COMPLETE"
_HELP: Final = """\
Keeps Claude Code, and every client of the Anthropic Messages API, working when the cloud quota runs
out: a local model answers until the quota is back.
"""
# What has words for a person, and where it comes from. What was not imported was not raised, and to
# import it only to find that out would take longer than most commands.
_WORDED: Final = (
    ("standby.adapters.host.config_file", "ConfigError"),
    ("standby.adapters.host.paths", "PathsError"),
    ("standby.adapters.host.private", "UnsafeFileError"),
    ("standby.adapters.host.processes", "ProcessError"),
    ("standby.app.simulating", "TooManyError"),
    ("standby.cli.gateway", "GatewayError"),
    ("standby.ports", "FetchError"),
    ("standby.ports", "RecordsError"),
)
_HINTS: Final = {
    "ConfigError": "Fix it, then run `standby config check`.",
}
_LOOK: Final = "`standby doctor` looks for what is wrong; STANDBY_HOME names another place."
_EPILOG: Final = (
    terminal.examples(
        "standby claude             Claude Code, with the gateway behind it",
        "standby status             who answers now, why, and until when",
        "standby drill              rehearse a switch-over, without spending quota",
        "standby doctor             find what is wrong, and what to do about it",
    )
    + """

\b
Exit codes:
  0  all is well
  1  a problem was found, or something failed
  2  the command was not understood
  3  no gateway is running
  4  `serve`: another gateway runs already
  `claude` and `run` end with the code of what they ran.
"""
)


def main() -> None:
    """Run the command line of this process."""
    code = run(sys.argv[1:])
    _end_quietly()
    sys.exit(code)


def run(arguments: Sequence[str]) -> int:
    """Run a command; return its exit code. What goes wrong is told on stderr."""
    try:
        return _called(list(arguments))
    except click.exceptions.Exit as end:
        return end.exit_code
    except (click.Abort, KeyboardInterrupt):
        return terminal.INTERRUPTED
    except click.exceptions.NoArgsIsHelpError as asked:
        terminal.data(asked.format_message())
        return 0
    except click.ClickException as error:
        # click sets choices below each other with tabs.
        terminal.report(error.format_message().replace("\t", "  "), _usage_hint(error, arguments))
        return error.exit_code
    except terminal.Problem as problem:
        return _reported(problem)
    except _foreseen() as error:  # imported only when something went wrong
        return _reported(_problem(error))


def _end_quietly() -> None:
    """Drop what cannot be printed: that it cannot was said, and Python would say it once more."""
    try:
        sys.stdout.flush()
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def names() -> tuple[str, ...]:
    """Return the names of all commands."""
    found = (info.name for info in pkgutil.iter_modules(cli.__path__))
    return tuple(sorted(set(found) - _NOT_COMMANDS))


def command(name: str) -> click.Command:
    """Import a command."""
    found = importlib.import_module(f"{cli.__name__}.{name}").command
    if not isinstance(found, click.Command):
        raise TypeError(f"{name!r} has no command")
    return found


def group(wanted: Iterable[str]) -> click.Group:
    """Return the program, with the commands that are wanted."""
    return click.Group(
        "standby",
        commands={name: command(name) for name in wanted},
        help=_HELP,
        epilog=_EPILOG,
        params=[
            click.Option(
                ["--version"],
                is_flag=True,
                expose_value=False,
                is_eager=True,
                callback=_version,
                help="Show the version and exit.",
            )
        ],
        context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    )


def _called(arguments: list[str]) -> int:
    first = arguments[0] if arguments else "--help"
    known = names()
    if os.environ.get(_COMPLETE):
        wanted: tuple[str, ...] = known
    elif first in known:
        wanted = (first,)
    elif first.startswith("-"):
        wanted = known if first in ("-h", "--help") else ()
    else:
        _unknown(first, known)
    program = group(wanted)
    words = _verbatim(program, arguments) or ["--help"]
    code = program.main(words, prog_name="standby", complete_var=_COMPLETE, standalone_mode=False)
    return code if isinstance(code, int) else 0


def _verbatim(program: click.Group, arguments: list[str]) -> list[str]:
    """Keep click from reading another program's options: it leaves alone what follows ``--``."""
    match arguments:
        case [first, *rest] if _wraps(program, first) and rest[:1] not in (["--help"], ["--"]):
            return [first, "--", *rest]
        case _:
            return arguments


def _wraps(program: click.Group, name: str) -> bool:
    found = program.commands.get(name)
    return found is not None and bool(found.context_settings.get("ignore_unknown_options"))


def _unknown(word: str, known: Sequence[str]) -> NoReturn:
    from standby.core.settings import nearest

    near = nearest(word, known)
    hint = f"Did you mean `standby {near}`? " if near else ""
    raise terminal.Problem(
        f"there is no command {word!r}", f"{hint}`standby --help` shows them all.", terminal.USAGE
    )


def _reported(problem: terminal.Problem) -> int:
    terminal.report(str(problem), problem.hint)
    return problem.code


def _usage_hint(error: click.ClickException, arguments: Sequence[str]) -> str:
    context = error.ctx if isinstance(error, click.UsageError) else None
    # Of an option that lacks its value click does not say whose it is.
    called = " ".join(["standby", *(word for word in arguments[:1] if word in names())])
    path = called if context is None else context.command_path
    return f"`{path} --help` shows how it is used."


def _version(context: click.Context, _option: click.Parameter, wanted: bool) -> None:
    if wanted and not context.resilient_parsing:
        from importlib.metadata import version

        terminal.data(f"standby {version('standby')}")
        context.exit()


def _foreseen() -> tuple[type[Exception], ...]:
    """Return the errors that have words for a person, of the modules that this command needed."""
    loaded = [(sys.modules[module], name) for module, name in _WORDED if module in sys.modules]
    return (OSError, *(getattr(module, name) for module, name in loaded))


def _problem(error: Exception) -> terminal.Problem:
    match error:
        case OSError(strerror=str(words), filename=str(name)):
            return terminal.Problem(f"{name}: {words}", _LOOK)
        case OSError(strerror=str(words)):
            return terminal.Problem(words)
        case _:
            hint, code = getattr(error, "hint", ""), getattr(error, "code", 1)
            return terminal.Problem(str(error), hint or _HINTS.get(type(error).__name__, ""), code)

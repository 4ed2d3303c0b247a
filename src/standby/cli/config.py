"""``standby config``: the settings, and where each comes from."""

import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import asdict, fields
from typing import TYPE_CHECKING

import click

from standby.cli import gateway, terminal

if TYPE_CHECKING:
    from standby.adapters.host.config_file import Configuration

__all__ = ["command"]


@click.group(
    "config",
    epilog=terminal.examples(
        "standby config show --origin",
        "standby config check",
        '$EDITOR "$(standby config path)"',
    ),
)
def command() -> None:
    """Show the settings, check them, or say where they are."""


@command.command(epilog=terminal.examples("standby config path"))
def path() -> None:
    """Print where the settings file is, or would be."""
    terminal.data(str(gateway.at_home().config_file))


@command.command(epilog=terminal.examples("standby config check"))
def check() -> None:
    """Say what is wrong with the settings, with file and line.

    The exit code is 1 when something is wrong.
    """
    read = _read()
    terminal.data(f"{read.path}: {'in order' if read.found else 'there is none, which is fine'}")


@command.command(epilog=terminal.examples("standby config show", "standby config show --origin"))
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.option("--origin", is_flag=True, help="Say where each value comes from.")
def show(as_json: bool, origin: bool) -> None:  # click's way
    """Print every setting, with the value in force."""
    read = _read()
    if as_json:
        value: dict[str, object] = {"path": str(read.path), "settings": asdict(read.settings)}
        if origin:
            value["origins"] = dict(read.origins)
        terminal.data(json.dumps(value, indent=2, ensure_ascii=False))
    else:
        terminal.data("\n".join(_toml(read, origin=origin)))


@command.command(epilog=terminal.examples("standby config schema > standby.schema.json"))
def schema() -> None:
    """Print the JSON schema of the settings, for editors.

    With "Even Better TOML" and similar extensions, a first line of `#:schema ./standby.schema.json`
    in config.toml makes the editor use it.
    """
    from standby.core.settings import settings_schema

    terminal.data(json.dumps(settings_schema(), indent=2))


def _read() -> "Configuration":
    from standby.adapters.host.config_file import read_config

    return read_config(gateway.at_home().config_file, os.environ)


def _toml(read: "Configuration", *, origin: bool) -> Iterator[str]:
    sections: Mapping[str, Mapping[str, object]] = asdict(read.settings)
    for place, section in enumerate(fields(read.settings)):
        yield from [""] * bool(place) + [f"[{section.name}]"]
        tables: list[tuple[str, Mapping[str, object]]] = []
        for name, value in sections[section.name].items():
            if isinstance(value, tuple):
                tables += [(f"{section.name}.{name}", table) for table in value]
                continue
            line = f"{name} = {_value(value)}"
            where = read.origins.get(f"{section.name}.{name}", "")
            yield f"{line:<48} # {where}" if origin and where else line
        for title, table in tables:
            yield from ("", f"[[{title}]]")
            yield from (f"{name} = {_value(value)}" for name, value in table.items())


def _value(value: object) -> str:
    """Return a value as TOML, which writes these kinds as JSON does."""
    return json.dumps(value, ensure_ascii=False)

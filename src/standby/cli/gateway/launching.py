"""Run a client beside the gateway: with a few variables set, and nothing else of it touched."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Final

from standby.adapters.host.client_settings import client_settings
from standby.adapters.host.foreground import run_in_front
from standby.adapters.host.paths import Paths
from standby.adapters.host.project import project_of
from standby.app.client_environment import (
    BASE_URL,
    client_variables,
    elsewhere,
    foreign_base_url,
    overruled,
)
from standby.cli.gateway.equipping import equipped, with_us_on_path
from standby.cli.gateway.errors import GatewayError
from standby.cli.gateway.finding import Genuine, status
from standby.cli.gateway.offering import no_work_model, offer
from standby.cli.gateway.said import Status, read_status
from standby.cli.gateway.starting import ensure
from standby.cli.gateway.supervising import Supervisor

__all__ = ["NOT_FOUND", "launch"]

NOT_FOUND: Final = 127
"""What shells say when there is no such command."""


def launch(
    where: Paths,
    command: Sequence[str],
    environment: Mapping[str, str],
    *,
    say: Callable[[str], None],
    missing_hint: str = "",
    equips: bool = False,
) -> int:
    """Run a command with a gateway and return its exit code; ``say`` is told what a person should
    know. Raise :class:`GatewayError`.

    ``equips``: the command is Claude Code, and gets what is ours in there.
    """
    import shutil

    from standby.adapters.host.config_file import read_config

    name, *arguments = command
    program = shutil.which(name, path=environment.get("PATH"))
    if program is None:
        raise GatewayError(f"{name!r} is not installed, or not on PATH", missing_hint, NOT_FOUND)
    settings = read_config(where.config_file, environment).settings
    found = ensure(where, environment)
    said = _said(found)
    for words in (*_remarks(found, environment, settings.cloud.url), *_offers(where, said)):
        say(words)
    variables = client_variables(
        environment,
        url=found.running.url,
        token=found.token,
        project=project_of(Path.cwd()),
        stand_in=said.next.label if said is not None and said.next is not None else "",
    )
    if equips:
        arguments = [*equipped(arguments, environment, Path.cwd(), settings)]
        environment = with_us_on_path(environment)
    with Supervisor(where, environment, found.running) as supervisor:
        code = run_in_front([program, *arguments], {**environment, **variables})
    for note in supervisor.notes:
        say(note)
    return code


def _said(found: Genuine) -> Status | None:
    try:
        return read_status(status(found))
    except GatewayError:  # the client will tell
        return None


def _offers(where: Paths, said: Status | None) -> list[str]:
    """Return what to do about it when this machine has no model for work."""
    if said is None or not no_work_model(said):
        return []
    return [
        f"no local model on this machine is fit for work while the cloud is out. {offer(where)}"
    ]


def _remarks(found: Genuine, environment: Mapping[str, str], cloud_url: str) -> list[str]:
    """Return what keeps requests from the gateway, or sends them elsewhere than the user thinks."""
    from importlib.metadata import version

    url, ours = found.running.url, version("standby")
    remarks = []
    if found.running.version != ours:
        remarks.append(
            f"the gateway that runs is version {found.running.version}, this is {ours};"
            " `standby restart` brings it up to date"
        )
    if foreign := foreign_base_url(environment, url=url, cloud_url=cloud_url):
        remarks.append(
            f"{BASE_URL} was {foreign}; the gateway asks {cloud_url} instead. If you need that one,"
            f' set [cloud] url = "{foreign}" in the settings (`standby config path`) and'
            " `standby restart`"
        )
    remarks += [f"{one.variable} is set: {one.why}" for one in elsewhere("", environment)]
    for file in client_settings(environment, Path.cwd()):
        remarks += [
            f"{one.source} sets {one.variable}, which wins over ours: {one.why}"
            for one in overruled(str(file.path), file.variables, url=url)
        ]
    return remarks

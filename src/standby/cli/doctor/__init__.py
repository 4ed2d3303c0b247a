"""``standby doctor``: find what is wrong before it hurts."""

import json
import os
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Final

import click

from standby.adapters.host.config_file import ConfigError, read_config
from standby.adapters.host.paths import Paths
from standby.cli import gateway, terminal
from standby.cli.doctor.client import claude_code, environment_of, settings_files
from standby.cli.doctor.cloud import reachable
from standby.cli.doctor.findings import Finding, fail, ok, warn
from standby.cli.doctor.llama import program_on_path
from standby.cli.doctor.machine import disk, folders, ledger, model_file, port_taken, token
from standby.cli.doctor.tuned import run_as_measured
from standby.cli.terminal import Row, Tone
from standby.core.settings import Settings

__all__ = ["command", "examine"]

# Claude Code's own prompt and tools take 11 to 16 thousand tokens, and it keeps 33 thousand free.
_ENOUGH_TOKENS: Final = 64_000
_TONES: Final[dict[str, Tone]] = {"ok": "good", "warn": "poor", "fail": "bad"}


@click.command(
    "doctor",
    epilog=terminal.examples("standby doctor", "standby doctor --offline", "standby doctor --json"),
)
@click.option("--json", "as_json", is_flag=True, help="Print the findings as JSON.")
@click.option("--offline", is_flag=True, help="Do not connect to the cloud.")
def command(as_json: bool, offline: bool) -> None:  # click's way
    """Find what is wrong, and say what to do about it.

    Nothing is changed, no request is sent to the cloud, and no credential leaves this machine. The
    exit code is 1 when something does not work; what may become a problem later is a warning.
    """
    findings = list(examine(gateway.at_home(), offline=offline))
    if as_json:
        terminal.data(json.dumps([asdict(one) for one in findings], indent=2, ensure_ascii=False))
    else:
        terminal.grid(row for one in findings for row in _rows(one))
    raise click.exceptions.Exit(int(any(one.grade == "fail" for one in findings)))


def examine(where: Paths, *, offline: bool) -> Iterator[Finding]:
    """Make all checks, the ones that others rest on first."""
    environment = os.environ
    settings = Settings()
    try:
        read = read_config(where.config_file, environment)
    except ConfigError as error:
        yield fail("settings", str(error), "No gateway starts until this is fixed.")
    else:
        settings = read.settings
        yield ok("settings", f"{read.path}: {'in order' if read.found else 'none, which is fine'}")
    sound = True
    for finding in folders(where):
        sound = sound and finding.grade != "fail"
        yield finding
    if sound:
        yield token(where)
        yield disk(where)
        yield ledger(where.ledger_file)
    url = f"http://{settings.gateway.host}:{settings.gateway.port}"
    try:
        found = gateway.genuine(where)
    except gateway.GatewayError as error:
        yield from _not_there(error, settings)
    else:
        url = found.running.url
        yield ok("gateway", f"it runs: {url}, pid {found.running.pid}")
        yield from _stand_in(found, where)
    yield from model_file(settings.local.model_path)
    yield from _programs()
    if not offline:
        yield reachable(settings.cloud.url, settings.cloud.ca_file, settings.cloud.proxy)
    yield claude_code(environment)
    yield from settings_files(environment, Path.cwd(), url)
    yield from environment_of(environment, url=url, cloud_url=settings.cloud.url)


def _programs() -> Iterator[Finding]:
    from standby.adapters.engines.on_path import engine_version

    yield from program_on_path(engine_version())


def _not_there(error: gateway.GatewayError, settings: Settings) -> Iterator[Finding]:
    if error.code != gateway.NOT_RUNNING:
        yield fail("gateway", str(error), error.hint)
        return
    yield warn(
        "gateway",
        "none is running; which local model would take over is known only when one does",
        error.hint,
    )
    if taken := port_taken(settings.gateway.host, settings.gateway.port):
        yield taken


def _stand_in(found: gateway.Genuine, where: Paths) -> Iterator[Finding]:
    """Say who would take over, and whether that would be of use."""
    check = "local model"
    try:
        status = gateway.read_status(gateway.status(found))
    except gateway.GatewayError as error:
        yield fail("gateway", str(error), error.hint)
        return
    yield from _tiers(status.policy.tiers)
    model = status.next
    if model is None:
        yield fail(
            check,
            status.fetching or status.problem or "none would take over",
            "Start LM Studio, Ollama or llama-server with a model, or name a GGUF file in"
            f" `[local] model_path`. {gateway.offer(where)}",
        )
        return
    if model.rehearsal:
        yield warn(
            check,
            f"{model.key} would take over, which is for rehearsals and cannot write code",
            f"Start LM Studio, Ollama or llama-server with a coding model. {gateway.offer(where)}",
        )
    elif model.context_tokens is not None and model.context_tokens < _ENOUGH_TOKENS:
        yield warn(
            check,
            f"{model.key} would take over with a window of {model.context_tokens} tokens",
            f"Claude Code wants {_ENOUGH_TOKENS} or more: load the model with a larger context,"
            " or start the client with `--bare`.",
        )
    else:
        yield ok(check, f"{model.key} would take over")
    yield from run_as_measured(model, where)
    if model.remark:
        yield warn(
            check, f"{model.key}: {model.remark}", "`standby log --gateway` has the details."
        )
    if model.tools is False:
        yield warn(
            check,
            f"the template of {model.key} knows no tools: they are asked for in words",
            "A model that was made for tools works better.",
        )
    if status.degraded:
        yield warn(
            "ledger",
            f"it is not kept: {status.degraded}",
            "Look at the disk and `standby log --gateway`.",
        )


def _tiers(tiers: tuple[gateway.Tier, ...]) -> Iterator[Finding]:
    for tier in tiers:
        if not tier.there:
            yield warn(
                "tiers",
                f"`[tiers] {tier.name}` names {tier.model!r}, and there is no such local model",
                "`standby status --json` lists what there is; another one answers meanwhile.",
            )


def _rows(finding: Finding) -> Iterator[Row]:
    label = f"{finding.grade:<4} {finding.check}"
    for line in finding.words.split("\n"):
        yield label, line, _TONES[finding.grade]
        label = ""
    if finding.advice:
        yield "", f"→ {finding.advice}", "plain"

"""Checks of Claude Code: is it there, and does anything keep its requests from the gateway."""

import shutil
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from standby.adapters.host.client_settings import client_settings
from standby.app.client_environment import BASE_URL, elsewhere, foreign_base_url, overruled
from standby.cli.doctor.findings import Finding, ok, warn

__all__ = ["claude_code", "environment_of", "settings_files"]

_VERSION_S: Final = 10.0
_PROXIES: Final = ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy")
_INSTALL: Final = "`npm install -g @anthropic-ai/claude-code` installs it."


def claude_code(environment: Mapping[str, str]) -> Finding:
    """Say whether Claude Code is installed, and which."""
    program = shutil.which("claude", path=environment.get("PATH"))
    if program is None:
        return warn("claude code", "it is not installed, or not on PATH", _INSTALL)
    try:
        said = subprocess.run(  # noqa: S603  # a fixed command, and no shell
            [program, "--version"],
            capture_output=True,
            check=True,
            stdin=subprocess.DEVNULL,
            timeout=_VERSION_S,
        )
    except (OSError, subprocess.SubprocessError) as error:
        words = f"{program} does not tell its version: {type(error).__name__}"
        return warn("claude code", words, _INSTALL)
    return ok("claude code", f"{said.stdout.decode(errors='replace').strip()[:80]} ({program})")


def settings_files(environment: Mapping[str, str], folder: Path, url: str) -> Iterator[Finding]:
    """Say which of its settings files keep requests from the gateway."""
    check = "claude settings"
    clean = True
    for file in client_settings(environment, folder):
        if file.problem:
            clean = False
            yield warn(check, f"{file.path}: {file.problem}", "Claude Code may refuse it, too.")
        for one in overruled(str(file.path), file.variables, url=url):
            clean = False
            yield warn(
                check,
                f"{one.source} sets {one.variable}, which wins over ours: {one.why}",
                "Take it out of `env` in that file while you use standby.",
            )
    if clean:
        yield ok(check, "none diverts requests from the gateway")


def environment_of(
    environment: Mapping[str, str], *, url: str, cloud_url: str
) -> Iterator[Finding]:
    """Say which variables of this shell conflict with the gateway."""
    check = "environment"
    found = [
        warn(check, f"{one.variable} is set: {one.why}", f"`unset {one.variable}`.")
        for one in elsewhere(check, environment)
    ]
    if foreign := foreign_base_url(environment, url=url, cloud_url=cloud_url):
        found.append(
            warn(
                check,
                f"{BASE_URL} is {foreign}, but the gateway asks {cloud_url}",
                f'Set [cloud] url = "{foreign}" if requests must go there, else unset it.',
            )
        )
    if proxy := _proxied(environment, url):
        found.append(
            warn(
                check,
                f"{proxy} is set, and NO_PROXY does not name this machine",
                "Add 127.0.0.1 and localhost to NO_PROXY, or clients may ask the proxy for the"
                " gateway.",
            )
        )
    if environment.get("_CLAUDE_CODE_ASSUME_FIRST_PARTY_BASE_URL", ""):
        found.append(
            warn(
                check,
                "_CLAUDE_CODE_ASSUME_FIRST_PARTY_BASE_URL is set: each request then begins"
                " differently, and a local model reads all of it again",
                "Unset it.",
            )
        )
    yield from found or [ok(check, "nothing conflicts")]


def _proxied(environment: Mapping[str, str], url: str) -> str:
    """Return the variable that would send a client's requests for the gateway to a proxy."""
    said = f"{environment.get('NO_PROXY', '')},{environment.get('no_proxy', '')}"
    spared = {word.strip() for word in said.split(",")}
    if spared & {"*", urlsplit(url).hostname or ""}:
        return ""
    return next((name for name in _PROXIES if environment.get(name)), "")

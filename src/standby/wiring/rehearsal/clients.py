"""Who talks in a rehearsal: Claude Code, the SDK or a plain client, and with what habits."""

import importlib.util
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from standby.app.drill.options import DrillClient
from standby.app.drill.stage import StageError
from standby.testing.accounts import SUBSCRIPTION, TOKEN, CloudAccount

__all__ = ["CLAUDE", "PLAIN", "SDK", "Role", "habits", "role"]


@dataclass(frozen=True, slots=True)
class Role:
    """A client, and who it is in the cloud's eyes."""

    script: str
    account: CloudAccount
    credential: str
    """The variable in which the client looks for its credential."""
    arguments: tuple[str, ...] = ()


CLAUDE: Final = "claude_client"
PLAIN: Final = Role("plain_client", TOKEN, "ANTHROPIC_AUTH_TOKEN")
SDK: Final = Role("sdk_client", TOKEN, "ANTHROPIC_AUTH_TOKEN")


def role(wanted: DrillClient) -> Role:
    """Return the client that was asked for, or the best there is."""
    claude = shutil.which("claude")
    sdk = importlib.util.find_spec("anthropic") is not None
    match wanted:
        case "sdk" if not sdk:
            raise StageError(
                "the Anthropic SDK is not installed",
                "Install `standby[drill]`, or leave out `--client sdk`.",
            )
        case "claude" if claude is None:
            raise StageError(
                "Claude Code is not installed, or not on PATH",
                "Install it, or leave out `--client claude`.",
            )
        case "sdk" | "auto" if sdk:
            return SDK
        case _:
            return PLAIN if claude is None else _claude(claude)


def _claude(program: str) -> Role:
    return Role(CLAUDE, SUBSCRIPTION, "CLAUDE_CODE_OAUTH_TOKEN", (program,))


def habits(home: Path) -> Mapping[str, str]:
    """Return what makes a client keep to itself and to its base URL."""
    return {
        "HOME": str(home),
        "CLAUDE_CONFIG_DIR": str(home / ".claude"),
        "TERM": "dumb",
        "LANG": "C.UTF-8",
        "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1",
        "DISABLE_AUTOUPDATER": "1",
        "DISABLE_TELEMETRY": "1",
    }

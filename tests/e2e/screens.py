"""The real Claude Code at a screen, as somebody sees it who has used it before."""

import json
import os
import sys
from contextlib import asynccontextmanager

from tests.e2e.claude_code import SUBSCRIPTION
from tests.e2e.terminal import Terminal
from tests.prepare import VERSION, binary

FEW_TOOLS = ("--tools", "Bash,Write,Read")
# Otherwise the client would also speak to places that are not here: they are behind a closed port.
NOBODY_ELSE = {"HTTPS_PROXY": "http://127.0.0.1:9", "NO_PROXY": "127.0.0.1,localhost"}
STANDBY = (sys.executable, "-P", "-m", "standby")


def begun(folder, login=SUBSCRIPTION, **environment):
    """Make a home and a folder to work in; return that and what the client finds around it."""
    home, work = folder / "home", folder / "work"
    for one in (home / ".claude", work):
        one.mkdir(parents=True)
    said = {
        "hasCompletedOnboarding": True,
        "lastOnboardingVersion": VERSION,
        "theme": "dark",
        "projects": {str(work): {"hasTrustDialogAccepted": True}},
    }
    (home / ".claude" / ".claude.json").write_text(json.dumps(said))
    return work, {
        "PATH": os.pathsep.join([str(binary().parent), os.defpath]),
        "HOME": str(home),
        "CLAUDE_CONFIG_DIR": str(home / ".claude"),
        "TERM": "xterm-256color",
        "LANG": "C.UTF-8",
        "DISABLE_AUTOUPDATER": "1",
        **login,
        **environment,
    }


@asynccontextmanager
async def at_the_screen(folder, gateway, arguments=FEW_TOOLS, login=SUBSCRIPTION):
    """Claude Code in a terminal, started with `standby claude`."""
    quiet = {"CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1"}
    work, environment = begun(folder, login, **quiet, **gateway.variables)
    command = (*STANDBY, "claude", "--permission-mode", "default", *arguments)
    async with Terminal(command, environment, work) as terminal:
        yield terminal

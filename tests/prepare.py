"""Fetch what `make test` needs beyond Python: the real Claude Code, in a folder of its own.

Run it as often as you like: what is there is left alone. What cannot be had is said, and the tests
that need it skip themselves; with ``CI=true`` in the environment it is an error.
"""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

CLAUDE_CODE = "@anthropic-ai/claude-code"
VERSION = "2.1.330"
FOLDER = Path(__file__).resolve().parent.parent / ".cache" / "claude-code"
DEADLINE_S = 600


def binary():
    """Return the client's executable in the version that the tests are written for, or None."""
    # The package is a wrapper; the client is one native file in the package of the platform, and
    # that one is started directly: no node, no install script.
    scope = FOLDER / "node_modules" / "@anthropic-ai"
    for manifest in scope.glob("claude-code-*/package.json"):
        if json.loads(manifest.read_text(encoding="utf-8"))["version"] == VERSION:
            name = "claude.exe" if "win32" in manifest.parent.name else "claude"
            if os.access(manifest.parent / name, os.X_OK):
                return manifest.parent / name
    return None


def main():
    try:
        if binary() is None:
            install()
    except (OSError, subprocess.SubprocessError, PrepareError) as error:
        said = f"The real client is not there, its tests are skipped: {error}"
        say(said)
        sys.exit(os.environ.get("CI") == "true")


class PrepareError(Exception):
    """Something is missing that cannot be had here."""


def install():
    say(f"Fetching {CLAUDE_CODE} {VERSION} for the end-to-end tests")
    FOLDER.mkdir(parents=True, exist_ok=True)
    quiet = ("--no-save", "--no-audit", "--no-fund", "--no-update-notifier", "--loglevel=error")
    run(
        npm(), "install", "--prefix", FOLDER, "--ignore-scripts", *quiet, f"{CLAUDE_CODE}@{VERSION}"
    )
    if binary() is None:
        raise PrepareError(f"npm installed no executable for this platform below {FOLDER}")


def npm():
    """Return the path of npm; on Debian, and allowed to, install it."""
    if found := shutil.which("npm"):
        return found
    if not (shutil.which("apt-get") and hasattr(os, "geteuid") and os.geteuid() == 0):
        raise PrepareError("npm is missing: install Node.js")
    run("apt-get", "update", "-qq")
    run("apt-get", "install", "-qq", "-y", "--no-install-recommends", "nodejs", "npm")
    if found := shutil.which("npm"):
        return found
    raise PrepareError("npm is missing, and apt-get brought none")


def say(words):
    sys.stderr.write(f"{words}\n")


def run(*command):
    env = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    done = subprocess.run(
        command, env=env, capture_output=True, text=True, check=False, timeout=DEADLINE_S
    )
    if done.returncode:
        raise PrepareError(
            f"{command[0]} {command[1]} failed: {(done.stderr or done.stdout)[-2000:]}"
        )


if __name__ == "__main__":
    main()

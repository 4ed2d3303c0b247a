"""Fetch what `make test` needs beyond Python: the real Claude Code, and what drives a browser.

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
CACHE = Path(__file__).resolve().parent.parent / ".cache"
FOLDER = CACHE / "claude-code"
BROWSER = CACHE / "browser"
"""What drives the browser, as tests/browser/package-lock.json names it."""
PACKAGES = Path(__file__).resolve().parent / "browser"
QUIET = ("--no-audit", "--no-fund", "--no-update-notifier", "--loglevel=error")
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


def chromium():
    """Return the executable of a Chromium that is installed here, or None."""
    names = ("chromium", "chromium-browser", "google-chrome", "chrome")
    return next((found for name in names if (found := shutil.which(name))), None)


def driver():
    """Return the folder of what drives a browser, in the versions of the lock file, or None."""
    lock = BROWSER / "package-lock.json"
    wanted = (PACKAGES / "package-lock.json").read_bytes()
    there = (BROWSER / "node_modules" / "playwright-core" / "package.json").exists()
    return BROWSER if there and lock.exists() and lock.read_bytes() == wanted else None


def main():
    missing = 0
    for what, there, fetch in (
        ("The real client is", binary, install),
        ("A browser is", chromium, install_chromium),
        ("What drives a browser is", driver, install_driver),
    ):
        try:
            if there() is None:
                fetch()
        except (OSError, subprocess.SubprocessError, PrepareError) as error:
            say(f"{what} not there, its tests are skipped: {error}")
            missing += 1
    sys.exit(missing > 0 and os.environ.get("CI") == "true")


class PrepareError(Exception):
    """Something is missing that cannot be had here."""


def install():
    say(f"Fetching {CLAUDE_CODE} {VERSION} for the end-to-end tests")
    FOLDER.mkdir(parents=True, exist_ok=True)
    named = ("--no-save", f"{CLAUDE_CODE}@{VERSION}")
    run(npm(), "install", "--prefix", FOLDER, "--ignore-scripts", *QUIET, *named)
    if binary() is None:
        raise PrepareError(f"npm installed no executable for this platform below {FOLDER}")


def install_chromium():
    say("Installing Chromium for the tests of the dashboard")
    apt_install("chromium", "install Chromium or Chrome")
    if chromium() is None:
        raise PrepareError("apt-get brought no chromium")


def install_driver():
    say("Fetching playwright-core and axe-core for the tests of the dashboard")
    BROWSER.mkdir(parents=True, exist_ok=True)
    for name in ("package.json", "package-lock.json"):
        shutil.copyfile(PACKAGES / name, BROWSER / name)
    run(npm(), "ci", "--prefix", BROWSER, "--ignore-scripts", *QUIET)
    if driver() is None:
        raise PrepareError(f"npm installed nothing below {BROWSER}")


def npm():
    """Return the path of npm; on Debian, and allowed to, install it."""
    if found := shutil.which("npm"):
        return found
    apt_install("nodejs", "npm", "install Node.js")
    if found := shutil.which("npm"):
        return found
    raise PrepareError("npm is missing, and apt-get brought none")


def apt_install(*packages_and_hint):
    """Install packages of Debian where that is allowed; else say what a person can do."""
    *packages, hint = packages_and_hint
    if not (shutil.which("apt-get") and hasattr(os, "geteuid") and os.geteuid() == 0):
        raise PrepareError(f"{packages[-1]} is missing: {hint}")
    run("apt-get", "update", "-qq")
    run("apt-get", "install", "-qq", "-y", "--no-install-recommends", *packages)


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

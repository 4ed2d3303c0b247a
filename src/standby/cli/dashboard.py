"""``standby dashboard``: the link that opens the dashboard in a browser."""

import json

import click

from standby.cli import gateway, terminal

__all__ = ["command"]


@click.command(
    "dashboard",
    epilog=terminal.examples(
        "standby dashboard", "standby dashboard --no-open", "standby dashboard --json"
    ),
)
@click.option("--no-open", is_flag=True, help="Only print the link; start no browser.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON, and start no browser.")
def command(no_open: bool, as_json: bool) -> None:
    """Open the dashboard in a browser.

    The link works once, within five minutes. The page it opens stays open for twelve hours, or
    until the gateway ends. The link does not hold the token. The exit code is 3 when no gateway
    runs.
    """
    said = gateway.page_link(gateway.genuine(gateway.at_home()))
    if as_json:
        terminal.data(json.dumps(said, indent=2))
        return
    url = str(said["url"])
    terminal.data(url)
    if not no_open and not _opened(url):
        terminal.say("no browser could be started here; open the link in one on this machine")


def _opened(url: str) -> bool:
    import webbrowser

    try:
        return webbrowser.open(url)
    except webbrowser.Error:
        return False

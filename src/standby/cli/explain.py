"""``standby explain``: why a request was answered by whom it was."""

import json

import click

from standby.cli import gateway, terminal

__all__ = ["command"]


@click.command(
    "explain",
    epilog=terminal.examples(
        "standby explain                        the newest request",
        "standby explain rq_3f2k19dm20slx84jq7ab",
        "standby explain --json",
    ),
)
@click.argument("request", required=False, default="")
@click.option("--last", is_flag=True, help="The newest request, as without REQUEST.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def command(request: str, last: bool, as_json: bool) -> None:
    """Explain who answered a request, and why.

    REQUEST is an id from `standby log --json`. Prints the facts, what each rule said about each
    candidate, and who was asked, in which order; no word of the request. Reads the ledger, which
    keeps this for the newest 5,000 requests; no running gateway is needed.
    """
    from standby.adapters.ledger.looking import Looks
    from standby.core.policy.explained import lines

    found = Looks(gateway.at_home().ledger_file).decision("" if last else request)
    if found is None:
        raise terminal.Problem(
            f"nothing is known of the request {request!r}"
            if request
            else "no request has come yet",
            "`standby log --json` lists the newest requests with their ids."
            if request
            else "Send one through the gateway first, with `standby claude` for example.",
        )
    name, said = found
    if as_json:
        terminal.data(json.dumps({"request": name, **said}, indent=2, ensure_ascii=False))
        return
    terminal.grid(
        [("request", name, "plain"), *((label, words, "plain") for label, words in lines(said))]
    )

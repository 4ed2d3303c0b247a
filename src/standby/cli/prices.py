"""``standby prices``: the list prices that costs are reckoned with."""

import json

import click

from standby.cli import terminal

__all__ = ["command"]


@click.command("prices", epilog=terminal.examples("standby prices", "standby prices --json"))
@click.option("--json", "as_json", is_flag=True, help="Print the table as JSON, with its sources.")
def command(as_json: bool) -> None:  # click's way
    """Print the list prices that costs are calculated from.

    They are the prices of the API, in US dollars per million tokens. A model that is missing here
    counts as unpriced. What you pay for a subscription is another matter.
    """
    from standby.adapters.host.prices_file import shipped_prices
    from standby.core.usage.prices import prices_json

    prices = shipped_prices()
    if as_json:
        terminal.data(json.dumps(prices_json(prices), indent=2))
        return
    terminal.data(f"{'model':<20} {'input':>8} {'output':>8} {'cache +':>8} {'cache':>8}  since")
    for price in prices.by_model.values():
        figures = (price.input, price.output, price.cache_write, price.cache_read)
        told = " ".join(f"{figure:>8.3f}" for figure in figures)
        terminal.data(f"{price.model:<20} {told}  {price.since or '-'}")
        if price.note:
            terminal.data(f"  {price.note}")
    terminal.say(f"as of {prices.dated}, $ for a million tokens; `--json` names the sources")

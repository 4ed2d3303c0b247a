"""``standby models load`` and ``unload``: what an engine holds in memory."""

import asyncio
import json
import os
from urllib.parse import urlencode

import click

from standby.cli import gateway, terminal
from standby.core.wire.json import JSON

__all__ = ["load", "unload"]

# The servers' own deadline is five minutes.
_WAIT_S = 340.0


@click.command(
    epilog=terminal.examples(
        "standby models load lmstudio/qwen/qwen3-coder-30b",
        "standby models load qwen3-coder-30b --context 65536",
        "standby models load ollama/qwen3-coder:30b --json",
    )
)
@click.argument("name")
@click.option(
    "--context",
    type=click.IntRange(1024, 16_777_216),
    default=None,
    help="The window in tokens, where the server allows a choice.",
)
@click.option("--json", "as_json", is_flag=True, help="Print what is loaded as JSON.")
def load(name: str, context: int | None, as_json: bool) -> None:
    """Load a model into memory now, before it is needed.

    Uses the server's own means: LM Studio (with the window), Ollama (for an hour, with Ollama's
    window), a llama.cpp router, or the engine that comes with standby, in the running gateway.
    """
    said = _told("load", {"model": name, "context": str(context or 0)})
    if as_json:
        terminal.data(json.dumps(said, indent=2, ensure_ascii=False))
        return
    window = said.get("context_tokens")
    words = f", with a window of {window:,} tokens" if isinstance(window, int) else ""
    terminal.say(f"{said.get('key')} is loaded{words}")
    if context and isinstance(window, int) and window < context:
        terminal.say(f"note: {context:,} tokens were asked for; the server chose otherwise")


@click.command(
    epilog=terminal.examples(
        "standby models unload lmstudio/qwen/qwen3-coder-30b",
        "standby models unload qwen3-coder-30b --json",
    )
)
@click.argument("name")
@click.option("--json", "as_json", is_flag=True, help="Print what was unloaded as JSON.")
def unload(name: str, as_json: bool) -> None:
    """Free the memory of a model.

    Its file stays. The next request that needs the model loads it again.
    """
    said = _told("unload", {"model": name})
    if as_json:
        terminal.data(json.dumps(said, indent=2, ensure_ascii=False))
        return
    terminal.say(f"{said.get('key')} is no longer in memory")


def _told(what: str, asked: dict[str, str]) -> dict[str, JSON]:
    """Have the running gateway do it, whose engines they are; without one, do it here."""
    match gateway.find(gateway.at_home()):
        case gateway.Genuine() as found:
            target = f"/standby/models/{what}?{urlencode(asked)}"
            return gateway.told(found, target, within_s=_WAIT_S)
        case _:
            return _without_gateway(what, asked)


def _without_gateway(what: str, asked: dict[str, str]) -> dict[str, JSON]:
    from standby.adapters.host.config_file import read_config
    from standby.ports import EngineError
    from standby.wiring.probing import load_model, unload_model

    where = gateway.at_home()
    settings = read_config(where.config_file, os.environ).settings
    try:
        if what == "load":
            context = int(asked["context"])
            model = asyncio.run(load_model(settings, where, asked["model"], context))
        else:
            model = asyncio.run(unload_model(settings, where, asked["model"]))
    except EngineError as error:
        hint = "`standby models` lists what the engines have; `standby up` starts the gateway."
        raise terminal.Problem(str(error), hint) from None
    return {"key": model.key, "context_tokens": model.context_tokens}

"""A Messages request as a chat completion.

The list of fields is closed: what is not named here is never sent to a local server. The prompt
depends on what the conversation says and on nothing else (no cache marks, no ids of the client, no
difference between a string and one block of text): turn after turn it only grows at its end.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from standby.core.dialects.openai_chat import in_words, stops, thinking
from standby.core.dialects.openai_chat.losses import Losses
from standby.core.dialects.openai_chat.plan import Plan
from standby.core.dialects.openai_chat.schemas import bounded, for_grammar
from standby.core.dialects.openai_chat.text import PARAGRAPH, system_text
from standby.core.dialects.openai_chat.tools import Choice, choose, offered, wire_name, written
from standby.core.dialects.openai_chat.turns import Manner, translated
from standby.core.models.choose import family_of
from standby.core.models.facts import LocalModel
from standby.core.models.sampling import Family
from standby.core.wire.asked import Asked
from standby.core.wire.json import JSON

__all__ = ["Chat", "to_chat"]

_USUAL_TOKENS: Final = 4096
"""For a request that names no limit: some servers have none, others stop after 512."""

_SAMPLING: Final = ("temperature", "top_p", "top_k")
"""What a request may say itself. Newer Claude models take none of it; older programs send it."""

_ONLY_THE_CLOUD: Final = ("mcp_servers", "container", "safeguards", "fallbacks")
"""Fields whose loss changes what the client gets. The others shape cost or caching, or nothing."""


@dataclass(frozen=True, slots=True)
class Chat:
    """A request for a local server."""

    body: Mapping[str, JSON]
    losses: tuple[str, ...]
    """What had no counterpart, in words."""
    plan: Plan
    """How the reply is to be read."""


def to_chat(asked: Asked, model: LocalModel, *, max_tokens: int | None = None) -> Chat:
    """Return the request for a model. ``max_tokens`` bounds the answer below what was asked."""
    losses = Losses()
    family = family_of(model.id)
    choice = choose(asked.value, offered(asked.value, losses), losses)
    tools_in_words = model.tools is False
    calls_in_words = tools_in_words and choice.allowed
    plan = Plan(
        tools={_sent(tool.name, model): tool.name for tool in choice.tools if choice.allowed},
        schemas={_sent(tool.name, model): tool.schema for tool in choice.tools if choice.allowed},
        in_words=calls_in_words,
        thinks=asked.thinks,
        must_call=choice.required,
        formed=_wanted_schema(asked) is not None,
        opened=_opens(asked, model, family),
        stops=stops.sequences(asked.value.get("stop_sequences")),
    )
    manner = Manner(sees=model.vision is True, in_words=tools_in_words)
    system = system_text(asked.value.get("system"), losses)
    if calls_in_words:
        told = in_words.describe(choice.tools, must_call=choice.required)
        system = PARAGRAPH.join(part for part in (system, told) if part)
    messages = translated(asked.value.get("messages"), manner, losses)
    if system:
        messages.insert(0, {"role": "system", "content": system})
    for name in _ONLY_THE_CLOUD:
        if asked.value.get(name):
            losses.note(name)
    body: dict[str, JSON] = {
        "model": model.id,
        "messages": messages,
        **({} if tools_in_words else _tools(choice, model)),
        **_format(asked, model, choice, in_words_only=calls_in_words),
        "max_tokens": _limit(asked.max_tokens, max_tokens),
        **_sampling(asked, model, family),
        **({"stop": list(plan.stops)} if plan.stops else {}),
        **thinking.switches(asked, model, family),
        "stream": True,
        "stream_options": {"include_usage": True},
    }
    return Chat(body, losses.all(), plan)


def _opens(asked: Asked, model: LocalModel, family: Family | None) -> bool:
    opens = family is not None and family.opens_thinking
    return opens and model.reasoning is True and thinking.will_think(asked, model)


def _sent(name: str, model: LocalModel) -> str:
    return name if model.tools is False else wire_name(name)


def _tools(choice: Choice, model: LocalModel) -> dict[str, JSON]:
    if not choice.tools:
        return {}
    fields: dict[str, JSON] = {
        "tools": [written(tool, grammar=model.grammar) for tool in choice.tools]
    }
    if not choice.allowed:
        # They stay in the prompt all the same: without them it would have another prefix.
        return {**fields, "tool_choice": "none"}
    if choice.required:
        fields["tool_choice"] = "required"
    if choice.one_at_a_time:
        fields["parallel_tool_calls"] = False
    return fields


def _format(
    asked: Asked, model: LocalModel, choice: Choice, *, in_words_only: bool
) -> dict[str, JSON]:
    schema = _wanted_schema(asked)
    if in_words_only:
        schema = in_words.form(choice.tools, must_call=choice.required, answer=schema)
    elif schema is None:
        return {}
    else:
        schema = for_grammar(schema) if model.grammar else bounded(schema)
    form: JSON = {"name": "answer", "schema": schema, "strict": True}
    return {"response_format": {"type": "json_schema", "json_schema": form}}


def _wanted_schema(asked: Asked) -> JSON:
    match asked.value:
        case {"output_config": {"format": {"type": "json_schema", "schema": dict(schema)}}}:
            return schema
        case {"output_format": {"type": "json_schema", "schema": dict(schema)}}:
            return schema
        case _:
            return None


def _limit(asked: int | None, fits: int | None) -> int:
    wanted = _USUAL_TOKENS if asked is None else asked
    return max(1, wanted if fits is None else min(wanted, fits))


def _sampling(asked: Asked, model: LocalModel, family: Family | None) -> dict[str, JSON]:
    fields: dict[str, JSON] = {}
    if family is not None:
        known = family.sampling(thinks=thinking.will_think(asked, model))
        fields = {
            "temperature": known.temperature,
            "top_p": known.top_p,
            "top_k": known.top_k,
            "min_p": known.min_p,
            "repeat_penalty": known.repeat_penalty,
        }
    for name in _SAMPLING:
        if isinstance(value := asked.value.get(name), int | float) and not isinstance(value, bool):
            fields[name] = value
    return {name: value for name, value in fields.items() if value is not None}

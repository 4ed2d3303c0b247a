"""What the API answers with, as JSON Schema (draft 2020-12). Every field is always there.

What may be unknown is ``null``. Moments are seconds since the epoch, durations are seconds.
"""

from collections.abc import Mapping
from typing import Final

from standby.core.wire.json import JSON

__all__ = ["SCHEMAS", "of"]

Schema = dict[str, JSON]


def of(kind: str, words: str = "", *, null: bool = False, **more: JSON) -> Schema:
    """Return the schema of a simple value."""
    described: Schema = {"description": words} if words else {}
    return {"type": [kind, "null"] if null else kind, **described, **more}


def fields(words: str, /, **properties: Schema) -> Schema:
    """Return the schema of an object: all of its fields are there, in each answer."""
    return {
        "type": "object",
        "description": words,
        "required": [*properties],
        "properties": {**properties},
    }


def many(item: Schema, words: str = "") -> Schema:
    """Return the schema of a list."""
    return {"type": "array", "items": item, **({"description": words} if words else {})}


def ref(name: str) -> Schema:
    """Return a reference to another schema."""
    return {"$ref": f"#/components/schemas/{name}"}


def maybe(name: str) -> Schema:
    """Return a reference to another schema, or ``null``."""
    return {"anyOf": [ref(name), {"type": "null"}]}


_BY: Final = of("string", "Who answered.", enum=["cloud", "local", "both", "gateway", "nobody"])
_OUTCOME: Final = of(
    "string", "How it ended.", enum=["ok", "refused", "broken", "cancelled", "client_error"]
)
_SHARES: Final[Mapping[str, Schema]] = {
    "requests": of("integer", "All of them."),
    "cloud": of("integer", "Answered, whole, by the cloud."),
    "local": of("integer", "Answered, whole, by a local model."),
    "both": of("integer", "Begun by the cloud and ended by a local model, in one message."),
    "gateway": of("integer", "Answered by the gateway itself."),
    "failed": of("integer", "Not answered, or not whole."),
}
_ENTRY: Final[Mapping[str, Schema]] = {
    "id": of("string", "The request's own name."),
    "at": of("number", "When it arrived."),
    "session": of("string", "The conversation, and after a stroke its subagent; may be empty."),
    "account": of("string", "The beginning of a keyed fingerprint; empty without a credential."),
    "requested": of("string", "The model that it named."),
    "answered": of("string", "The model that answered; empty when none did."),
    "by": _BY,
    "why": of("string", "The reason, in words."),
    "outcome": _OUTCOME,
    "status": of("integer", "The HTTP status; 0 when there was none."),
    "input_tokens": of("integer"),
    "output_tokens": of("integer"),
    "cache_read_tokens": of("integer"),
    "cache_write_tokens": of("integer"),
    "first_token_s": of("number", "Until the first content.", null=True),
    "duration_s": of("number", "Until the last byte."),
    "notes": many(of("string"), "What of the request the model did not get, in words."),
}
_SPEEDS: Final[Mapping[str, Schema]] = {
    "cloud_tokens_per_s": of("number", "From the first token on.", null=True),
    "local_tokens_per_s": of("number", "From the first token on.", null=True),
    "cloud_first_token_s": of("number", "The median.", null=True),
    "local_first_token_s": of("number", "The median.", null=True),
}
_SESSION: Final = fields(
    "A conversation.",
    id=of("string", "As the client names it; empty: it names none."),
    project=of("string", "The folder that it is about; empty where it is not known."),
    last_at=of("number", "When its last request arrived."),
    last_by=of("string", "Who answered that."),
    **_SHARES,
    switches=of("integer", "How often the side changed."),
    saved=of("integer", "Answered here although the cloud had refused or failed."),
    input_tokens=of("integer", "With those from the cache."),
    output_tokens=of("integer"),
    models=many(of("string"), "The models that were asked for."),
)
_MODEL: Final = fields(
    "A local model, as its server describes it.",
    engine=of("string"),
    id=of("string"),
    key=of("string", "The name by which it is chosen: `engine/id`."),
    base_url=of("string"),
    context_tokens=of("integer", "The window.", null=True),
    loaded=of("boolean", "Whether it is in memory."),
    tools=of("boolean", null=True),
    vision=of("boolean", null=True),
    rehearsal=of("boolean", "Good for rehearsals only."),
    settings=of("string", "What it was started with, of one of ours, in words; may be empty."),
    tuned=of("string", "Which trial of `standby bench` that comes from; may be empty."),
    remark=of("string", "What is not as it was asked for or announced; may be empty."),
    label=of("string", "What is worth knowing of it, in one line."),
)

_SUMS: Final[Mapping[str, Schema]] = {
    "requests": of("integer"),
    "ok": of("integer", "Answered, whole."),
    "saved": of("integer", "Answered here although the cloud had refused or failed."),
    "switches": of("integer", "Answered by another side than the request before."),
    "input_tokens": of("integer"),
    "output_tokens": of("integer"),
    "cache_read_tokens": of("integer"),
    "cache_write_tokens": of("integer"),
    "first_token_median_s": of("number", null=True),
    "first_token_p95_s": of("number", null=True),
    "tokens_per_s": of("number", "From the first token on.", null=True),
}
_TOTALS: Final[Mapping[str, Schema]] = {
    **_SUMS,
    "sides": {
        "type": "object",
        "description": "The same by who answered: `cloud`, `local`, `both`, `gateway`, `nobody`.",
        "additionalProperties": ref("Sums"),
    },
    "cloud_cost_usd": of("number", "Cloud answers at list prices."),
    "local_cost_usd": of("number", "What local answers would have cost."),
    "unpriced": many(of("string"), "Models that have no price here."),
}
_WINDOW: Final = fields(
    "A window, as the cloud calls it, with its forecast.",
    name=of("string"),
    status=of("string", "What the cloud says of it; may be empty."),
    used=of("number", "The share used; may pass 1.", null=True),
    left=of("number", "The share left; never below 0.", null=True),
    resets_at=of("number", "When it resets.", null=True),
    resets_in_s=of("number", null=True),
    resets_told=of("string"),
    rate_per_hour=of("number", "The share used up in an hour, at the recent pace."),
    runs_out_at=of("number", "Before and after are as likely.", null=True),
    runs_out_told=of("string"),
    earliest=of("number", "It runs out before in one case of ten.", null=True),
    latest=of("number", "It runs out after in one case of ten.", null=True),
    lasts=of("boolean", "It probably lasts until it resets."),
    warnings=many(of("string")),
    history=many(
        {"type": "array", "prefixItems": [of("number"), of("number")]},
        "Moments and shares used, in order of time.",
    ),
)

SCHEMAS: Final[Mapping[str, Schema]] = {
    "Error": fields(
        "An error, in the shape of the Messages API.",
        type=of("string", enum=["error"]),
        error=fields("What is wrong.", type=of("string"), message=of("string")),
    ),
    "Model": _MODEL,
    "Entry": fields("One request, without a word of it.", **_ENTRY),
    "Request": fields(
        "One request, without a word of it, and its number in the ledger.",
        seq=of("integer", "Grows with each request."),
        **_ENTRY,
    ),
    "Status": fields(
        "Who answers now, why, and until when.",
        version=of("string"),
        pid=of("integer"),
        url=of("string"),
        started_at=of("number"),
        uptime_s=of("number"),
        answering=of("string", enum=["cloud", "local", "nobody"]),
        model=of("string", "The local model that answers; empty while the cloud does."),
        why=of("string"),
        until=of("number", "When that ends; `null`: it is not known.", null=True),
        until_told=of("string", "The same, as a person says it; empty when it is not known."),
        policy=of("object", "The mode, and every choice that has not ended; may be empty."),
        cloud=fields(
            "The cloud.",
            url=of("string"),
            accounts=many(
                fields(
                    "An account; the one used last comes first.",
                    account=of("string"),
                    quotas=many(
                        fields(
                            "A limit, for all models or some.",
                            scope=of("string"),
                            state=of("string"),
                            until=of("number", null=True),
                            claim=of("string"),
                            evidence=of("string"),
                        )
                    ),
                    windows=many(
                        fields(
                            "A window, as the last answer described it.",
                            name=of("string"),
                            utilisation=of("number", null=True),
                            resets_at=of("number", null=True),
                            status=of("string"),
                        )
                    ),
                    warnings=many(of("string")),
                )
            ),
        ),
        local=fields(
            "This machine.",
            would_take_over=maybe("Model"),
            models=many(ref("Model")),
            fetching=of("string", null=True),
            problem=of("string", null=True),
            cold_prompt_s=of("number", "What a prompt that it has not read may take.", null=True),
            warming=of("object", "How far live conversations are read ahead; may be empty."),
            queues=many(
                fields(
                    "What is going on at an engine.",
                    engine=of("string"),
                    slots=of("integer"),
                    busy=of("integer"),
                    waiting=of("integer"),
                )
            ),
        ),
        last=maybe("Entry"),
        ledger=fields("The ledger.", enabled=of("boolean"), degraded=of("string", null=True)),
    ),
    "Choice": fields(
        "What counts for requests of which nothing special was said.",
        mode=of("string"),
        model=of("string", "The local model that was chosen; empty: none."),
        until=of("number", "When it ends by itself, in seconds since the epoch.", null=True),
        until_told=of("string", "The same, as a person says it; empty: it does not."),
        session=of("string"),
        project=of("string"),
        words=of("string"),
        choices=many(of("object"), "Every choice that has not ended."),
    ),
    "Requests": fields("Requests, the newest first.", requests=many(ref("Request"))),
    "Session": _SESSION,
    "Sessions": fields("Conversations, the one used last first.", sessions=many(ref("Session"))),
    "OneSession": fields(
        "One conversation, with the newest of its requests.",
        session=ref("Session"),
        requests=many(ref("Request")),
    ),
    "Engines": fields(
        "The local engines as they are now.",
        engines=many(
            fields(
                "An engine.",
                engine=of("string"),
                base_url=of("string", "Where it listens; empty for one that is started by us."),
                models=many(ref("Model")),
                slots=of("integer", "How many requests it works on at once.", null=True),
                busy=of("integer", "How many of them it works on."),
                waiting=of("integer", "How many wait for a slot."),
                memory_bytes=of("integer", "Of one that is ours, while it runs.", null=True),
            )
        ),
        fetching=of("string", "How far the fetching of a model is.", null=True),
        problem=of("string", null=True),
    ),
    "Timeline": fields(
        "Who answered when, and how fast.",
        range=of("string"),
        since=of("number"),
        until=of("number"),
        step_s=of("number", "The length of a step."),
        points=many(
            fields(
                "One step.",
                at=of("number", "When it begins."),
                **_SHARES,
                input_tokens=of("integer", "Without those from the cache."),
                cache_read_tokens=of("integer"),
                output_tokens=of("integer"),
                **_SPEEDS,
            )
        ),
        switches=many(
            fields(
                "A request that was answered by another side than the one before.",
                at=of("number"),
                to=_BY,
                model=of("string", "Who answered it."),
                why=of("string"),
            ),
            "The newest first.",
        ),
    ),
    "Usage": fields(
        "What is left and what was spent; the one report that all faces show.",
        version=of("integer", "Of this shape."),
        at=of("number", "The moment it is about."),
        now=fields(
            "Who answers the account that was used last.",
            side=of("string", enum=["cloud", "local", "nobody"]),
            model=of("string"),
            why=of("string"),
            since=of("number", "Since when that side answers.", null=True),
            until=of("number", "When the cloud is asked again.", null=True),
            until_told=of("string"),
        ),
        accounts=many(
            fields(
                "An account; the one used last comes first.",
                account=of("string", "The beginning of its fingerprint."),
                seen_at=of("number", "When its windows were last heard of."),
                windows=many(_WINDOW),
            )
        ),
        today=ref("Totals"),
        week=ref("Totals"),
        since=of("number"),
        chosen=ref("Totals"),
        by=of("string", "By what `groups` are taken apart."),
        groups=many(
            fields(
                "One session, project, model, hour or day.",
                key=of("string"),
                last_at=of("number", "The hour of the last request."),
                **_TOTALS,
            )
        ),
        hours=many(
            fields(
                "One of the last 24 hours, the oldest first.",
                at=of("number"),
                requests=of("integer"),
                output_tokens=of("integer"),
                tokens_per_s=of("number", null=True),
            )
        ),
        switches=many(
            fields(
                "A request that was answered by another side than the one before.",
                at=of("number"),
                by=_BY,
                requested=of("string"),
                answered=of("string"),
                why=of("string"),
                session=of("string"),
                project=of("string"),
            )
        ),
        prices_dated=of("string", "The day of the list prices."),
        energy_j=of("number", "Of the machine since the gateway began.", null=True),
        problem=of("string", "Why the ledger's part is missing; empty when it is not."),
    ),
    "Totals": fields("What some requests come to.", **_TOTALS),
    "Sums": fields("What the requests of one side come to.", **_SUMS),
}
"""By name. Written by hand; that answers keep to them is tested."""

"""The requests that Claude Code makes beside the conversation, in their shapes."""

from tests.fakes.agents import request, said

TITLE_FORM = {
    "format": {
        "type": "json_schema",
        "schema": {
            "type": "object",
            "properties": {"title": {"type": "string"}},
            "required": ["title"],
            "additionalProperties": False,
        },
    }
}
BILLING = {"type": "text", "text": "x-anthropic-billing-header: cc_version=2.1.330.440;"}


def system(text):
    return [BILLING, {"type": "text", "text": text}]


TITLE = request(
    [said("<session>\nplease fix the parser\n</session>")],
    system=system("You are naming a coding session. Be brief."),
    tools=[],
    output_config=TITLE_FORM,
)
CLASSIFIER = {
    "model": "claude-sonnet-5",
    "max_tokens": 64,
    "system": system("You are a security monitor for agents."),
    "messages": [said("<transcript>\n…")],
    "thinking": {"type": "disabled"},
    "stop_sequences": ["</block>"],
}
SEARCH = request(
    [said("Perform a web search for the query: parsers")],
    tools=[{"type": "web_search_20250305", "name": "web_search", "max_uses": 8}],
)
SUMMARY = request([said("hello"), said("CRITICAL: Respond with TEXT ONLY. Do not call tools.")])
QUOTA = {"model": "m", "max_tokens": 1, "messages": [{"role": "user", "content": "quota"}]}
HI = {"model": "m", "max_tokens": 1, "messages": [said("Hi")], "system": system("You are")}
MAIN = request([said("hello")])

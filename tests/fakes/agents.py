"""Conversations of coding agents that grow round by round, with results of every size."""

from hypothesis import strategies as st

TOOLS = [
    {"name": name, "description": f"{name} does it. " * 30, "input_schema": {"type": "object"}}
    for name in ("Bash", "Read", "Workflow", "Agent")
]
SYSTEM = [
    {"type": "text", "text": "x-anthropic-billing-header: cc_version=2.1.330.440;"},
    {"type": "text", "text": "You are an agent that writes code.", "cache_control": {}},
]


def request(messages, **fields):
    return {
        "model": "claude-opus-5-5",
        "max_tokens": 128_000,
        "system": SYSTEM,
        "tools": TOOLS,
        "messages": messages,
        **fields,
    }


def said(text):
    return {"role": "user", "content": [{"type": "text", "text": text}]}


def called(number, name="Read"):
    use = {"type": "tool_use", "id": f"toolu_{number}", "name": name, "input": {"path": "a.py"}}
    return {"role": "assistant", "content": [{"type": "text", "text": "Let me see."}, use]}


def gave(number, content):
    result = {"type": "tool_result", "tool_use_id": f"toolu_{number}", "content": content}
    return {"role": "user", "content": [result]}


def words(size, mark=""):
    return (f"{mark} def run(self, name): return name  # and so on\n" * (size // 40 + 1))[:size]


@st.composite
def sessions(draw, most=12):
    """The rounds of a session: each is what the conversation has more than before."""
    sizes = st.sampled_from([0, 10, 900, 2_500, 6_000, 20_000])
    rounds = []
    for number in range(draw(st.integers(1, most))):
        text = words(draw(sizes), f"{number}é")
        content = draw(st.sampled_from([text, [{"type": "text", "text": text}, {"type": "image"}]]))
        turns = [called(number), gave(number, content)]
        if draw(st.booleans()):
            turns += [
                {"role": "assistant", "content": [{"type": "text", "text": "Done."}]},
                said(words(draw(st.sampled_from([20, 1_500])))),
            ]
        rounds.append(turns)
    return [[said("Please look into it.")], *rounds]


def grown(rounds):
    """The requests of a session, one after the other."""
    messages = []
    for turns in rounds:
        messages = [*messages, *turns]
        yield request(messages)

"""Conversations in the Messages API's shape, sane ones and odd ones, for property tests."""

from hypothesis import strategies as st

words = st.text(st.characters(codec="utf-8", exclude_categories=["Cc"]), min_size=1, max_size=12)

json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3)
    ),
    max_leaves=8,
)


def text(said):
    return {"type": "text", "text": said}


@st.composite
def conversations(draw, max_rounds=5):
    """A conversation that the real API would take: rounds of user, asides, assistant."""
    turns = []
    pending = []
    for number in range(draw(st.integers(1, max_rounds))):
        results = [
            {
                "type": "tool_result",
                "tool_use_id": call_id,
                "content": draw(words | words.map(lambda w: [text(w)])),
                "is_error": draw(st.booleans()),
            }
            for call_id in draw(st.permutations(pending))
        ]
        said = [text(draw(words)) for _ in range(draw(st.integers(0 if results else 1, 2)))]
        turns.append({"role": "user", "content": [*results, *said]})
        if draw(st.booleans()):
            turns.append({"role": "system", "content": draw(words | st.just([]))})
        calls = draw(st.integers(0, 2))
        pending = [f"toolu_{number}_{place}" for place in range(calls)]
        turns.append(
            {
                "role": "assistant",
                "content": [
                    *(
                        [{"type": "thinking", "thinking": "hm", "signature": "x"}]
                        * draw(st.integers(0, 1))
                    ),
                    *(text(draw(words)) for _ in range(draw(st.integers(0 if calls else 1, 1)))),
                    *(
                        {"type": "tool_use", "id": key, "name": "Read", "input": {"path": key}}
                        for key in pending
                    ),
                ],
            }
        )
    return turns


_kinds = st.sampled_from(
    [
        *("text", "image", "document", "tool_use", "tool_result", "thinking", "tool_reference"),
        *("search_result", "server_tool_use", "web_search_tool_result", "compaction"),
        *("tool_addition", "redacted_thinking"),
    ]
)
odd_blocks = st.fixed_dictionaries(
    {"type": _kinds | json_values},
    optional={
        "text": st.text(max_size=5) | json_values,
        "id": st.sampled_from(["a", "b", ""]) | json_values,
        "tool_use_id": st.sampled_from(["a", "b", "c"]) | json_values,
        "name": st.sampled_from(["Read", "odd name", ""]) | json_values,
        "input": json_values,
        "content": json_values,
        "source": json_values,
        "is_error": json_values,
        "citations": json_values,
        "tool_name": st.just("Read") | json_values,
    },
)
odd_turns = st.fixed_dictionaries(
    {},
    optional={
        "role": st.sampled_from(["user", "assistant", "system"]) | json_values,
        "content": st.lists(odd_blocks | json_values, max_size=4)
        | st.text(max_size=5)
        | json_values,
    },
)
_schema_words = [
    "type",
    "properties",
    "items",
    "anyOf",
    "$ref",
    "pattern",
    "enum",
    "required",
    "not",
]
schemas = st.recursive(
    st.booleans()
    | st.none()
    | st.sampled_from(["bar", "object", "dict", "#/x", "#/$defs/a", "^a$"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                [*_schema_words, "$defs", "const", "minLength", "additionalProperties", "a"]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)
odd_tools = st.fixed_dictionaries(
    {},
    optional={
        "name": st.sampled_from(["Read", "Bash", "odd name"]) | json_values,
        "input_schema": schemas | json_values,
        "description": st.text(max_size=5) | json_values,
        "defer_loading": st.booleans() | json_values,
        "type": st.sampled_from(["custom", "web_search_20250305"]) | json_values,
    },
)
odd_requests = st.fixed_dictionaries(
    {
        "model": st.just("claude-opus-5-5"),
        "messages": st.lists(odd_turns | json_values, max_size=6),
    },
    optional={
        "system": st.lists(odd_blocks | json_values, max_size=3)
        | st.text(max_size=5)
        | json_values,
        "tools": st.lists(odd_tools | json_values, max_size=4) | json_values,
        "tool_choice": st.fixed_dictionaries(
            {"type": st.sampled_from(["auto", "any", "tool", "none"])},
            optional={"name": st.just("Read"), "disable_parallel_tool_use": st.booleans()},
        )
        | json_values,
        "thinking": st.just({"type": "adaptive"}) | json_values,
        "output_config": st.fixed_dictionaries(
            {}, optional={"effort": st.just("max") | json_values, "format": json_values}
        )
        | json_values,
        "stop_sequences": st.lists(st.text(max_size=3) | json_values, max_size=3) | json_values,
        "max_tokens": st.integers(-5, 10**6) | json_values,
        "temperature": st.floats(0, 1) | json_values,
        "safeguards": json_values,
    },
)

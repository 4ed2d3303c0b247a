"""A signature is known again, and fits one conversation of one account."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from standby.testing.signatures import Chain, Signer
from tests.fakes.json_text import VALUES, WORDS

SIGNER = Signer(b"key")
CACHED = {"cache_control": {"type": "ephemeral"}}
MESSAGES = st.lists(
    st.fixed_dictionaries({"role": WORDS, "content": WORDS | st.lists(VALUES, max_size=3)}),
    max_size=4,
)


def digest(*messages, account="a"):
    return Chain(account).digest(messages)


def user(*content):
    return {"role": "user", "content": list(content)}


@given(st.binary(min_size=32, max_size=32))
def test_a_signature_says_what_it_was_made_for(made_for):
    signature = SIGNER.sign(made_for)

    assert made_for == SIGNER.bound_to(signature)
    assert SIGNER.knows(signature)
    assert not Signer(b"other").knows(signature)


@given(st.binary(min_size=32, max_size=32), st.integers(0, 91), st.sampled_from("Ab0/"))
def test_a_signature_with_one_letter_changed_is_nobodys(made_for, at, letter):
    signature = SIGNER.sign(made_for)
    changed = signature[:at] + letter + signature[at + 1 :]

    assert (changed == signature) is SIGNER.knows(changed)


@given(WORDS | st.sampled_from(["", "~standby.1.notice", "EqQB", "é", "EqQBCgIYAhIM" * 20]))
def test_anything_else_is_no_signature(text):
    assert not SIGNER.knows(text)


@given(MESSAGES, MESSAGES)
def test_a_chain_asked_twice_says_what_a_new_one_says(one, other):
    chain = Chain("a")
    chain.digest(one)

    assert digest(*other) == chain.digest(other)
    assert digest(*one) == chain.digest(one)
    assert digest(*one, *other) == chain.digest([*one, *other])


TEXT = {"type": "text", "text": "hi"}
RESULT = {"type": "tool_result", "tool_use_id": "t", "content": "ok"}


@pytest.mark.parametrize(
    ("one", "same"),
    [
        ({"role": "user", "content": "hi"}, user(TEXT)),
        (user({**TEXT, **CACHED}), user(TEXT)),
        (user({"text": "hi", "type": "text", "citations": None}), user(TEXT)),
        (user({**RESULT, **CACHED}), user(RESULT)),
        (user({**RESULT, "content": [{"text": "ok", "type": "text", **CACHED}]}), user(RESULT)),
        (
            user({"type": "thinking", "thinking": "", "signature": "s"}),
            user({"type": "thinking", "thinking": "hm", "signature": "s"}),
        ),
        ({**user(TEXT), "output_config": {"effort": "low"}}, user(TEXT)),
    ],
)
def test_what_the_api_reads_as_the_same_is_the_same(one, same):
    assert digest(one) == digest(same)


@pytest.mark.parametrize(
    "other",
    [
        {"role": "assistant", "content": "hi"},
        user({**TEXT, "text": "hi "}),
        user(TEXT, TEXT),
        user(),
        user({"type": "tool_use", "id": "t", "name": "n", "input": {**CACHED}}),
    ],
)
def test_what_has_changed_is_not_the_same(other):
    assert digest(user(TEXT)) != digest(other)


def test_what_a_tool_was_given_is_kept_with_everything_in_it():
    call = {"type": "tool_use", "id": "t", "name": "n", "input": {"a": None, **CACHED}}

    assert digest(user(call)) != digest(user({**call, "input": {}}))


def test_an_account_has_conversations_of_its_own():
    assert digest(user(TEXT)) != digest(user(TEXT), account="b")
    assert digest() != digest(account="b")

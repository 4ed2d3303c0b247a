"""Text streams as it comes; only what may begin a call is held back, and only where one may be."""

from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from standby.core.dialects.written import choose
from standby.core.dialects.written.choose import FORMATS
from standby.core.dialects.written.ear import Ear
from standby.core.dialects.written.format import WINDOW, Doubt
from standby.core.dialects.written.said import Said, Thought
from standby.core.dialects.written.watch import Watch
from tests.fakes.toolcalls import cases

OFFERED = ("Read", "Bash")
CALL = '<tool_call>\n{"name": "Read", "arguments": {"file_path": "/a"}}\n</tool_call>'
FOLDER = Path(choose.__file__).parent / "formats"


def heard(pieces, *, cut=False, **more):
    """Words, thoughts and calls of an answer in pieces."""
    ear = Ear(OFFERED, **more)
    voiced = [each for piece in pieces for each in ear.hear(piece)]
    left = ear.end(cut=cut)
    voiced += left.voiced
    said = "".join(each.words for each in voiced if isinstance(each, Said))
    thought = "".join(each.words for each in voiced if isinstance(each, Thought))
    return said, thought, left.found.calls


def test_every_file_of_the_folder_is_in_the_table():
    files = {path.stem for path in FOLDER.glob("*.py")} - {"__init__"}

    assert files == {one.name for one in FORMATS}


@pytest.mark.parametrize("one", FORMATS, ids=lambda one: one.name)
def test_what_a_head_says_it_says_of_every_longer_text(one):
    for case in cases():
        text = case["answer"] or ""
        for marker in one.markers:
            at = text.find(marker)
            if at < 0:
                continue
            window = text[at : at + WINDOW]
            told = [one.head(window[:end]) for end in range(len(marker), len(window) + 1)]
            sure = [head for head in told if head is not Doubt.MORE]
            assert len({*sure}) <= 1, (case["id"], sure)
            assert Doubt.MORE not in told[len(told) - len(sure) :]


def test_words_are_let_go_at_once():
    watch = Watch(OFFERED)

    assert ["I see", " that a ", "< b", " {and}", " `so`"] == [
        watch.hear(piece) for piece in ["I see", " that a ", "< b", " {and}", " `so`"]
    ]


def test_what_may_begin_a_call_is_held_until_it_is_none():
    watch = Watch(OFFERED)

    assert ["Now.\n", "", "", "<tool_call> is a tag"] == [
        watch.hear(piece) for piece in ["Now.\n", "<tool", "_call>", " is a tag"]
    ]


def test_a_tool_that_is_not_offered_is_let_go_as_soon_as_its_name_is_there():
    watch = Watch(OFFERED)
    begun = '<tool_call>{"name": "Format"'

    assert begun == "".join(watch.hear(letter) for letter in begun)


def test_nothing_is_held_when_no_tool_is_offered():
    assert CALL == Watch(()).hear(CALL)


def test_a_fence_of_json_streams():
    watch = Watch(OFFERED)
    text = 'The file:\n\n```json\n{"name": "standby", "version": 1}\n```\n'

    assert text == "".join(watch.hear(letter) for letter in text)


def test_an_answer_in_json_streams_and_is_no_call_where_json_was_demanded():
    text = '{"name": "Read", "parameters": {"file_path": "/a"}}'

    assert (text, "", ()) == heard([text], loose=False)
    assert 1 == len(heard([text])[2])


@pytest.mark.parametrize(
    ("text", "said", "thought"),
    [
        ("<think>a</think>b", "b", "a"),
        ("\n<think>\na\n</think>\n\nb", "b", "\na\n"),
        ("[THINK]a[/THINK]b", "b", "a"),
        ("<|channel>thought\na<channel|>b", "b", "a"),
        ("<think>never ended", "", "never ended"),
        ("<think></think>b", "b", ""),
        ("a\n</think>\nb", "a\nb", ""),
        ("a.</think>\n\nb", "a.\nb", ""),
        ("The tag <think> begins it.", "The tag <think> begins it.", ""),
        ("x </think> y", "x </think> y", ""),
        ("```\n</think>\n```", "```\n</think>\n```", ""),
        ("<thin", "<thin", ""),
        ("<|channel|>final<|message|>b<|return|>", "b", ""),
        (
            "<|channel|>analysis<|message|>a<|end|><|start|>assistant<|channel|>final<|message|>b",
            "b",
            "a",
        ),
        ("<|channel|>commentary<|message|>a<|end|><|channel|>final<|message|>b", "a\n\nb", ""),
        ("<|channel|> is a token", "<|channel|> is a token", ""),
    ],
)
def test_thinking_that_leaked(text, said, thought):
    assert (said, thought, ()) == heard([text])
    assert (said, thought, ()) == heard(text)


def test_thinking_that_the_template_began_is_told_by_its_end():
    assert ("b", "a\n", ()) == heard("a\n</think>\n\nb", opened=True)
    assert ("no end", "", ()) == heard("no end", opened=True)
    long = "x" * 100_000
    assert (long + "\n</think>\nb", "") != heard([long, "\n</think>\nb"], opened=True)[:2]


def test_half_a_call_is_nothing_and_whole_ones_before_it_count():
    assert ("Now.\n", "", ()) == heard(["Now.\n" + CALL[:40]], cut=True)
    said, _, calls = heard([CALL + "\n" + CALL[:40]], cut=True)

    assert ("", ["Read"]) == (said, [call.name for call in calls])


pieces = st.sampled_from(
    [
        *("<tool_call>", "</tool_call>", "<function=Read>", "</function>", "<parameter=a>", "x"),
        *("[TOOL_CALLS]", "Read", "[ARGS]", '{"a": 1}', '{"name": "Read", "arguments": {}}', "\n"),
        *("```", "```json\n", " ", ". ", "A sentence.", "I will read it:", "<think>", "</think>"),
        *("<arg_key>", "</arg_key>", "<arg_value>", "</arg_value>", "<|channel|>", "analysis"),
        *("<|message|>", "<|call|>", "<|end|>", "commentary to=functions.Read", "json", "{", "}"),
        *("<|tool_call>", "call:Read", '<|"|>', "<tool_call|>", "<|python_tag|>", "Read(a=1)"),
        *(
            "<\uff5ctool▁calls▁begin\uff5c>",
            "<\uff5ctool▁call▁begin\uff5c>",
            "function<\uff5ctool▁sep\uff5c>",
            "\t",
            "    ",
        ),
        *(
            "<\uff5ctool▁call▁end\uff5c>",
            "<\uff5ctool▁calls▁end\uff5c>",
            "- ",
            "> ",
            "`",
            "Example:",
            "<|channel>",
            "é",
        ),
    ]
)


@given(st.lists(pieces, max_size=14), st.booleans(), st.booleans(), st.booleans(), st.data())
@example(["<think>", "</think>", "\n", "\n", "x"], False, False, True, None)
def test_the_cuts_do_not_matter_and_nothing_is_lost(parts, cut, opened, loose, data):
    text = "".join(parts)
    whole = heard([text], cut=cut, opened=opened, loose=loose)

    assert whole == heard(text, cut=cut, opened=opened, loose=loose)
    if data is not None:
        at = sorted(data.draw(st.lists(st.integers(0, len(text)), max_size=5)))
        some = [text[a:b] for a, b in zip([0, *at], [*at, len(text)], strict=True)]
        assert whole == heard(some, cut=cut, opened=opened, loose=loose)
    said, thought, calls = whole
    assert len(said) <= len(text) + 2 * len(parts)
    if not calls and not thought and not cut and "<" not in text and "[" not in text:
        assert text == said


@given(st.text(max_size=80))
def test_text_without_marks_comes_out_as_it_went_in(text):
    if "<" in text or "[" in text:
        return
    assert (text, ()) == heard([text])[::2]


@pytest.mark.parametrize(
    "text",
    [
        "<tool_call>\n" * 8_000,
        CALL + ("\n" + CALL) * 300 + "\nand so on",
        "<tool_call><function=Read>" + "<parameter=a>" * 8_000,
        "<tool_call>Read<arg_key>a</arg_key><arg_value>" + " " * 50_000,
        '<tool_call>{"name": "Read", "arguments": {"a": "' + '"' * 20_000,
        "[TOOL_CALLS]Read[ARGS]" * 4_000,
        "<|channel|>analysis<|message|>" * 4_000,
        "<think>" * 20_000,
        "```\n" * 20_000,
        "a" * 300_000,
    ],
)
def test_hostile_answers_take_no_time(text):
    heard([text])
    heard([text[at : at + 40] for at in range(0, len(text), 40)])

"""Circles are known by the conversation alone, and what is told of them never moves."""

from hypothesis import given
from hypothesis import strategies as st

from standby.core.handback import marks
from standby.core.policy.loops import USUAL, Way, looping, told
from tests.fakes.circles import LONG, OURS, STUCK, THEIRS, bash, made, read, turn
from tests.fakes.turns_of_work import says

FAILS = "Traceback: the module that it imports cannot be found, and so it ends after 0.53 s"


def body(*messages):
    return {"messages": list(messages)}


def found(*steps, **more):
    return looping(body(*turn(*steps, **more)))


# Few tools, few inputs and few results: circles are frequent.
steps = st.builds(
    lambda name, path, result, failed: {
        "name": name,
        "given": {"file_path": path},
        "result": result,
        "failed": failed,
    },
    st.sampled_from(["Read", "Edit", "Bash", "BashOutput"]),
    st.sampled_from(["a", "b"]),
    st.sampled_from(["", "ok", LONG, FAILS]),
    st.booleans(),
)
# Of few steps, that come again and again: without that there would hardly be a circle.
walks = st.lists(steps, min_size=1, max_size=3).flatmap(
    lambda few: st.lists(st.sampled_from(few), max_size=50)
)
turns = st.builds(
    lambda made, words, prefix: turn(*made, words=words, prefix=prefix),
    walks | st.lists(steps, max_size=50),
    st.sampled_from(["Do it", "<system-reminder>\nx\n</system-reminder>"]),
    st.sampled_from([OURS, OURS, THEIRS]),
)
conversations = st.lists(turns, max_size=3).map(lambda some: [one for each in some for one in each])


@given(conversations)
def test_the_tail_says_what_the_whole_says(messages):
    """What is decided by and what the model was told agree, however long the turn."""
    loop = looping(body(*messages))
    hinted = told(body(*messages))["messages"]

    is_told = bool(hinted) and hinted[-1] != messages[-1]
    assert is_told == (loop is not None and loop.fresh)


@given(conversations, st.data())
def test_what_was_told_stays_where_it_was(messages, data):
    cut = data.draw(st.integers(0, len(messages)))

    before, after = told(body(*messages[:cut]))["messages"], told(body(*messages))["messages"]

    assert before == after[:cut]


@given(conversations)
def test_nothing_is_changed_but_by_one_block_behind_results(messages):
    value = body(*messages)
    hinted = told(value)

    assert len(messages) == len(hinted["messages"])
    for was, became in zip(messages, hinted["messages"], strict=True):
        if was != became:
            assert was["content"] == became["content"][:-1]
            assert "tool_result" == was["content"][-1]["type"]
            assert "standby: You" in became["content"][-1]["text"]
    assert hinted is value or hinted != value


@given(st.lists(steps, max_size=12))
def test_what_the_cloud_calls_is_its_own_business(some):
    assert found(*some, prefix=THEIRS) is None


def test_the_prefix_of_the_calls_is_the_mark_of_ours():
    assert OURS == marks.TOOL


def test_the_same_call_with_the_same_result_three_times_is_a_circle():
    loop = looping(body(*STUCK))

    assert (Way.CALL, "Read", 3, True) == (loop.way, loop.tool, loop.count, loop.fresh)
    assert "it made the same call of Read 3 times with the same result" == loop.words
    assert "You made the same call of Read 3 times" in loop.hint
    assert found(read(), read()) is None


def test_it_is_told_again_only_after_as_many_more():
    fresh = [found(*[read()] * times).fresh for times in range(3, 10)]

    assert [True, False, False, True, False, False, True] == fresh


def test_another_result_is_another_matter():
    assert found(read(), read(result="changed"), read()) is None


def test_a_call_between_which_something_was_done_is_no_circle():
    edit = {"name": "Edit", "given": {"n": 1}}

    assert (
        found(bash(), {**edit, "given": {"n": 1}}, bash(), {**edit, "given": {"n": 2}}, bash())
        is None
    )


def test_two_calls_in_turns_are_a_circle():
    loop = found(*[read("a"), read("b", "other words")] * 4)

    assert loop.way in {Way.CALL, Way.NOTHING}


def test_the_same_error_three_times_is_a_circle_whatever_was_done_between():
    edits = [{"name": "Edit", "given": {"n": n}} for n in range(2)]
    fails = [
        bash(result=FAILS.replace("0.53", took), failed=True) for took in ("0.53", "1.2", "9.0")
    ]

    loop = found(fails[0], edits[0], fails[1], edits[1], fails[2])

    assert (Way.ERROR, "Bash", 3) == (loop.way, loop.tool, loop.count)
    assert "it got the same error from Bash 3 times" == loop.words


def test_few_words_are_no_error_of_the_same_kind():
    greps = [bash(f"grep {n} a.py", "Exit code 1", failed=True) for n in range(3)]

    assert found(*greps) is None
    assert Way.ERROR is found(*[greps[0]] * 3).way


def test_six_calls_that_bring_nothing_new_are_a_circle():
    fails = [bash(f"try {n}", f"no {n}", failed=True) for n in range(6)]

    assert found(*fails[:5]) is None
    loop = found(*fails)
    assert (Way.NOTHING, 6) == (loop.way, loop.count)
    assert "its last 6 calls brought nothing new" == loop.words
    assert found(*fails[:3], bash("make", "something new"), *fails[3:]) is None


def test_to_look_otherwise_at_the_same_brings_nothing_new():
    looks = [read() | {"given": {"file_path": "a.py", "limit": n}} for n in range(7)]

    assert Way.NOTHING is found(*looks).way


def test_who_waits_goes_in_no_circle():
    waits = {"name": "BashOutput", "given": {"bash_id": "1"}, "result": "(running)"}

    assert found(*[waits] * 8) is None


def test_a_word_of_the_person_ends_what_was_before_and_one_of_the_client_does_not():
    again = made("Read", {"file_path": "a.py"}, LONG, number=9)
    reminder = says("<system-reminder>\nBe brief.\n</system-reminder>")

    assert looping(body(*STUCK, says("go on"), *again)) is None
    assert 4 == looping(body(*STUCK, reminder, *again)).count
    assert 4 == looping(body(*STUCK, {"role": "system", "content": "x"}, *again)).count


def test_once_the_cloud_has_gone_on_what_was_before_is_forgotten():
    cloud = made("Read", {"file_path": "a.py"}, LONG, number=8, prefix=THEIRS)
    again = made("Read", {"file_path": "a.py"}, LONG, number=9)

    assert looping(body(*STUCK, *cloud)) is None
    assert looping(body(*STUCK, *cloud, *again)) is None


def test_calls_at_once_count_each():
    use = [
        {"type": "tool_use", "id": f"toolu_sb{n}", "name": "Read", "input": {"p": 1}}
        for n in range(3)
    ]
    came = [
        {
            "type": "tool_result",
            "tool_use_id": f"toolu_sb{n}",
            "content": [{"type": "text", "text": "x"}],
        }
        for n in range(3)
    ]
    messages = [
        says("x"),
        {"role": "assistant", "content": use},
        {"role": "user", "content": came},
    ]

    loop = looping(body(*messages))
    assert (3, True) == (loop.count, loop.fresh)


def test_what_is_no_conversation_goes_in_no_circle():
    for messages in ("x", None, ["x", 1, {}], [{"role": "user"}], [{"role": "user", "content": 1}]):
        value = {"messages": messages}
        assert looping(value) is None
        assert told(value) is value


def test_of_a_long_turn_only_the_end_is_looked_at():
    long = [bash(f"step {n}", f"did {n}") for n in range(200)]

    assert found(*long) is None
    assert 3 == found(*long, *[read()] * 3).count
    assert USUAL.looked_back == found(*[read()] * 200).count

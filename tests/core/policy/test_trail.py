"""The calls of a turn, as far as one has read: which of them came to the same."""

import pytest

from standby.core.policy.trail import Trail
from tests.fakes.circles import LONG, THEIRS, bash, made, read, turn
from tests.fakes.turns_of_work import says

REACH = 36
SAID = "it failed at {} after {} s, at {}, for a reason that takes many words to say"


def trail(*steps, reach=REACH, **more):
    return reads(Trail(reach), *turn(*steps, **more))


def reads(trail, *messages):
    for message in messages:
        trail.take(message)
    return trail


def fails(result, tool="Bash", given="make"):
    return {"name": tool, "given": {"command": given}, "result": result, "failed": True}


def test_a_tool_that_looks_tells_the_same_whatever_it_was_asked():
    assert [1] == trail(read("a"), read("b")).for_nothing()
    assert not trail(read("a", "few"), read("b", "few")).for_nothing()
    assert [1] == trail(read("a", "few"), read("a", "few")).for_nothing()
    assert not trail(read(), read(result=f"{LONG}more")).for_nothing()
    assert not trail(read(), {**read(), "name": "Grep"}).for_nothing()
    assert not trail(bash("a", LONG), bash("b", LONG)).for_nothing()


def test_who_fails_brings_nothing_and_who_waits_is_no_news():
    waits = {"name": "BashOutput", "given": {"bash_id": "1"}, "result": "(running)"}

    assert [2, 1, 0] == trail(fails("no"), fails("no, neither"), fails("nor now")).for_nothing()
    assert not trail(waits, waits).for_nothing()


def test_a_call_is_counted_back_to_what_was_new_after_it():
    assert [3, 1, 0] == trail(read(), read(), fails("no"), read()).asked_again()
    assert [2] == trail(read(), bash("edit"), read()).asked_again()


def test_an_error_is_the_same_but_for_times_and_addresses():
    one = SAID.format("0x7f00a1", "0.1", "10:20:30")
    other = SAID.format("0x7f11", "12.75", "23:59:59")

    assert [0, 1] == trail(fails(one), fails(other)).failing_alike()
    assert not trail(fails(one), bash(result=one)).failing_alike()
    assert [1] == trail(bash(result=one), fails(one)).failing_alike()
    assert [1] == trail(fails(one, "Edit"), fails(one)).failing_alike()
    assert [1] == trail(fails("x" * 100), fails("y" * 100)).failing_alike()


def test_few_words_are_the_same_error_of_the_same_call_only():
    assert [1] == trail(fails("Exit code 1", given="a"), fails("Exit code 1")).failing_alike()
    assert [0, 1] == trail(fails("Exit code 1"), fails("Exit code 1")).failing_alike()


@pytest.mark.parametrize(
    ("beginning", "end", "last", "alike"),
    [(1, 1, "after", True), (2, 1, "after", False), (1, 2, "after", False), (1, 1, "in", False)],
)
def test_of_a_long_error_its_ends_count(beginning, end, last, alike):
    long = "{} began at {}" + "a" * 400 + "{}" + "b" * 400 + "{}\n{} {}"
    one = fails(long.format(1, "0.5", "middle", 1, "after", "0.25"))
    other = fails(long.format(beginning, "1.75", "centre", end, last, "0.5"))

    assert ([0, 1] if alike else [1]) == trail(one, other).failing_alike()


def test_what_lies_beyond_its_reach_is_forgotten():
    far = trail(read(), *[bash(f"step {n}", f"did {n}") for n in range(3)], read(), reach=4)
    near = trail(read(), *[bash(f"step {n}", f"did {n}") for n in range(3)], read(), reach=5)

    assert not far.for_nothing()
    assert [4] == near.for_nothing()


def test_what_was_new_is_not_looked_for_again_and_what_it_told_of_can_be_forgotten():
    again = trail(read(), read(), reach=2)
    assert [1] == again.for_nothing()

    reads(again, *made("Bash", {"command": "x"}, "no", number=3, failed=True))

    assert [2] == again.for_nothing(), "what it had told of is beyond its reach: now it is new"


def test_news_are_the_calls_of_the_newest_message():
    two = trail(read(), read())

    assert (1, 1) == (two.news, two.news_begin)
    assert 0 == reads(two, {"role": "assistant", "content": "Done."}).news
    assert 0 == trail(read(), prefix=THEIRS).news


def test_a_word_of_a_person_and_a_call_of_somebody_else_begin_anew():
    for between in ([says("Go on")], made(prefix=THEIRS)):
        anew = reads(trail(read()), *between, *made("Read", {"file_path": "a.py"}, LONG, number=9))

        assert [0] == anew.asked_again()


def test_nothing_is_left_of_what_was_worked_out_before_the_person_spoke():
    alike = [fails(SAID.format("0x1", took, "")) for took in ("0.5", "0.7")]
    errors, reads_on = trail(*alike), trail(read(), read())
    assert ([0, 1], [1]) == (errors.failing_alike(), reads_on.for_nothing())

    reads(errors, *turn(fails("y" * 100), fails("z" * 100)))
    reads(reads_on, *turn(read(), read(result=f"{LONG}more")))

    assert ([1], []) == (errors.failing_alike(), reads_on.for_nothing())

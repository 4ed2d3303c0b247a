"""Whose turn it is: no slot twice, nobody for ever, no conversation driven out of its slot."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from standby.core.turns import PATIENCE, Priority, Schedule, Turn, goes_on, priority_of
from standby.core.wire.purpose import Purpose

MAIN, SUBAGENT, SIDE, WARM = Priority
LONGEST = 4


def turn(key, priority=MAIN, session="", arrived=0.0):
    return Turn(str(key), session, priority, arrived, arrived + 100.0)


def waiting(size, *turns):
    schedule = Schedule.of(size)
    for each in turns:
        schedule = schedule.joined(each)
    return schedule


def seated(size, *turns, now=0.0):
    return waiting(size, *turns).granted(now)[0]


def holders(schedule):
    return {seat.number: seat.holder for seat in schedule.seats if seat.holder is not None}


def ran(schedule, *sessions):
    """The schedule after the main turns of some conversations, one after the other."""
    for number, session in enumerate(sessions):
        each = turn(f"ran {number}", session=session)
        schedule = schedule.joined(each).granted(float(number))[0].left(each)
    return schedule


priorities = st.sampled_from(Priority)
sessions = st.sampled_from(["", "a", "b", "c"])
joins = st.tuples(st.just("join"), priorities, sessions)
others = st.tuples(st.sampled_from(["leave", "stay", "resize"]), st.integers(0, 9))
scripts = st.lists(joins | others, max_size=40)


def played(size, script):
    """Yield the schedule after each step, and who was given a slot in it."""
    schedule = Schedule.of(size)
    for at, step in enumerate(script):
        match step:
            case "join", priority, session:
                schedule = schedule.joined(turn(at, priority, session, float(at)))
            case "resize", number:
                schedule = schedule.resized(1 + number % 4)
            case what, number:
                everybody = sorted(
                    {*schedule.waiting, *holders(schedule).values()}, key=lambda t: int(t.key)
                )
                if everybody:
                    one = everybody[number % len(everybody)]
                    schedule = schedule.left(one) if what == "leave" else schedule.staying(one)
        before = schedule
        schedule, given = schedule.granted(float(at))
        yield before, schedule, given


@given(st.integers(1, 4), scripts)
def test_no_slot_is_held_twice_and_nobody_holds_two(size, script):
    for before, after, grants in played(size, script):
        numbers = [seat.number for seat in after.seats]
        held = [*holders(after).values()]

        assert len(numbers) == len(set(numbers))
        assert len(held) == len(set(held))
        assert after.waiting.isdisjoint(held)
        assert {one for one, _ in grants} <= before.waiting
        assert all(number < after.size for _, number in grants)
        assert holders(before).items() <= holders(after).items()


@given(st.integers(1, 4), scripts)
def test_as_long_as_somebody_waits_no_slot_is_idle_that_he_may_have(size, script):
    for _, after, _ in played(size, script):
        idle = [s for s in after.seats if s.holder is None and s.number < after.size]
        first = next(iter(after.order()), None)
        if idle and first is not None and first.priority is MAIN:
            assert any(
                seat.holder is not None and seat.holder.priority is WARM for seat in after.seats
            ), "only for a slot that is about to be left does anybody wait beside an idle one"


@given(st.integers(1, 4), scripts)
def test_a_main_turn_waits_behind_no_later_turn_of_a_lower_class(size, script):
    for _, after, _ in played(size, script):
        order = after.order()
        for place, each in enumerate(order):
            if each.priority is MAIN:
                assert all(
                    one.priority is MAIN or one.arrived < each.arrived for one in order[:place]
                )


@given(st.permutations([turn(n, Priority(n % 4), "", float(n % 3)) for n in range(7)]))
def test_the_order_in_which_equal_facts_became_known_does_not_matter(turns):
    known = sorted(turns, key=lambda each: each.key)

    assert waiting(2, *known).order() == waiting(2, *turns).order()
    assert seated(2, *known) == seated(2, *turns)
    assert seated(2, *known).unwelcome() == seated(2, *turns).unwelcome()


@given(st.integers(1, 3), st.integers(1, 6), st.sampled_from([SUBAGENT, SIDE]), st.data())
def test_nobody_waits_for_ever_while_others_of_higher_classes_keep_coming(
    size, old, priority, data
):
    """An adversary brings a main turn for each answer that ends, and none takes for ever."""
    schedule = Schedule.of(size)
    for number in range(size):
        schedule = schedule.joined(turn(f"first {number}")).granted(0.0)[0]
    for number in range(old):
        schedule = schedule.joined(turn(f"old {number}", priority, f"s{number}", 1.0))
    steps, begun = 0, {}
    while any(each.key.startswith("old") for each in schedule.waiting):
        steps += 1
        assert steps <= LONGEST * (PATIENCE + 1) * (old + 1)
        held = [*holders(schedule).values()]
        begun = {each: begun.get(each, steps) for each in held}
        overdue = [each for each in held if steps - begun[each] >= LONGEST]
        ends = overdue or [*schedule.unwelcome()] or held
        schedule = schedule.left(data.draw(st.sampled_from(sorted(ends, key=lambda t: t.rank))))
        session = data.draw(sessions)
        schedule = schedule.joined(turn(f"new {steps}", MAIN, session, 1.0 + steps))
        schedule = schedule.granted(1.0 + steps)[0]


def test_the_classes_go_in_their_order_and_within_a_class_the_first_to_come():
    late, early = turn("late", MAIN, arrived=9.0), turn("early", MAIN, arrived=8.0)
    sub, side, warm = turn("sub", SUBAGENT), turn("side", SIDE), turn("warm", WARM)

    assert (early, late, sub, side, warm) == waiting(1, warm, side, late, sub, early).order()


def test_who_was_passed_over_too_often_goes_next_and_then_cannot_be_sent_away():
    sub = turn("sub", SUBAGENT, arrived=0.5)
    schedule = seated(1, first := turn("first")).joined(sub)
    last = first
    for number in range(PATIENCE):
        schedule = schedule.joined(main := turn(number, arrived=1.0 + number))
        schedule = schedule.left(last).granted(0.0)[0]
        last = main
        assert {0: main} == holders(schedule)

    schedule = schedule.joined(turn("too many", arrived=99.0)).left(last).granted(0.0)[0]

    assert {0: sub} == holders(schedule)
    assert frozenset() == schedule.unwelcome()


def test_a_conversation_returns_to_the_slot_with_its_prompt():
    schedule = ran(Schedule.of(3), "a", "b", "c")

    for session, number in (("b", 1), ("c", 2), ("a", 0)):
        back = turn("back", session=session)
        assert {number: back} == holders(schedule.joined(back).granted(9.0)[0])


def test_a_new_conversation_takes_a_slot_without_one_then_the_one_used_longest_ago():
    new = turn("new", session="new")

    assert {2: new} == holders(ran(Schedule.of(3), "a", "b").joined(new).granted(9.0)[0])
    assert {1: new} == holders(ran(Schedule.of(2), "a", "b", "a").joined(new).granted(9.0)[0])


@pytest.mark.parametrize("priority", [SUBAGENT, SIDE])
def test_what_goes_beside_a_conversation_takes_another_slot_and_waits_for_it(priority):
    one, two = turn("1", priority, "x", 5.0), turn("2", priority, "y", 6.0)
    schedule = ran(Schedule.of(2), "a").joined(one).joined(two).granted(9.0)[0]

    assert {1: one} == holders(schedule)
    assert frozenset({two}) == schedule.waiting
    assert {0: (main := turn("main", session="a", arrived=7.0)), 1: one} == holders(
        schedule.joined(main).granted(9.0)[0]
    )


def test_where_there_is_but_one_slot_it_runs_when_that_is_idle():
    side = turn("side", SIDE)

    assert {0: side} == holders(ran(Schedule.of(1), "a").joined(side).granted(9.0)[0])


def test_a_turn_waits_for_its_warm_slot_rather_than_read_everything_in_a_cold_one():
    warm = turn("warm", WARM, "a")
    schedule = seated(2, warm).joined(main := turn("main", session="a", arrived=1.0))
    schedule = schedule.granted(1.0)[0]

    assert {0: warm} == holders(schedule)
    assert frozenset({warm}) == schedule.unwelcome()
    assert {0: main} == holders(schedule.left(warm).granted(1.0)[0])


def test_only_who_is_of_a_lower_class_is_asked_to_leave_and_the_last_of_them_first():
    first, second = turn("1", SUBAGENT, arrived=0.0), turn("2", SUBAGENT, arrived=1.0)
    schedule = seated(2, first, second)
    assert frozenset() == schedule.unwelcome()

    schedule = schedule.joined(turn("3", SUBAGENT, arrived=2.0))
    assert frozenset() == schedule.unwelcome()

    schedule = schedule.joined(turn("main", arrived=3.0))
    assert frozenset({second}) == schedule.unwelcome()
    assert frozenset({first}) == schedule.staying(second).unwelcome()
    assert frozenset() == schedule.staying(second).staying(first).unwelcome()


def test_a_server_that_has_fewer_slots_now_lets_running_answers_end():
    one, two = turn("1"), turn("2", arrived=1.0)
    schedule = seated(2, one, two).resized(1).joined(turn("3", arrived=2.0))

    assert {0: one, 1: two} == holders(schedule)
    assert {0: one} == holders(schedule.left(two).granted(3.0)[0])


def test_a_schedule_has_at_least_one_slot():
    assert 1 == len(Schedule.of(0).seats)


@pytest.mark.parametrize(
    ("purpose", "agent", "priority"),
    [
        (Purpose.WORK, False, MAIN),
        (Purpose.WORK, True, SUBAGENT),
        (Purpose.SUBAGENT, False, SUBAGENT),
        (Purpose.COMPACTION, False, MAIN),
        (Purpose.COMPACTION, True, SUBAGENT),
        (Purpose.ASIDE, False, MAIN),
        (Purpose.SIDE_CALL, False, SIDE),
        (Purpose.TITLE, False, SIDE),
        (Purpose.TITLE, True, SIDE),
    ],
)
def test_the_class_of_a_turn_is_what_it_is_for(purpose, agent, priority):
    assert priority_of(purpose, agent=agent) is priority


@pytest.mark.parametrize("purpose", Purpose)
def test_only_what_begins_with_the_conversations_prompt_returns_to_its_slot(purpose):
    goes = {Purpose.WORK, Purpose.ASIDE, Purpose.COMPACTION, Purpose.SUBAGENT}
    assert goes_on(purpose) is (purpose in goes)


def test_a_turn_is_another_when_its_key_is():
    assert turn("a") != replace(turn("a"), key="b")


@given(st.integers(1, 4), scripts)
def test_warming_never_begins_beside_anybody_and_is_asked_to_leave_as_soon_as_one_comes(
    size, script
):
    for before, after, grants in played(size, script):
        held = {*holders(after).values()}
        for one, _ in grants:
            if one.priority is WARM:
                assert not holders(before), "somebody was at work"
        if any(one.priority is not WARM for one in held):
            assert {one for one in held if one.priority is WARM} <= after.unwelcome()


def test_a_slot_remembers_the_conversation_that_was_there_last():
    schedule = ran(Schedule.of(2), "a", "b")

    assert schedule.remembers("a")
    assert schedule.remembers("b")
    assert not schedule.remembers("c")
    assert not Schedule.of(2).remembers("")


def passed_over(schedule, last, since):
    """The schedule after as many main turns as the patience of the others allows, and the last."""
    for number in range(PATIENCE):
        main = turn(f"{since} {number}", arrived=since + number)
        schedule = schedule.joined(main).left(last).granted(0.0)[0]
        assert {0: main} == holders(schedule)
        last = main
    return schedule, last


def test_who_came_before_all_who_were_passed_over_goes_before_them_still():
    first, early = turn("first"), turn("early", arrived=0.2)
    schedule, last = passed_over(seated(1, first).joined(turn("s", SUBAGENT, "", 0.5)), first, 1.0)

    schedule = schedule.joined(early).left(last).granted(0.0)[0]

    assert {0: early} == holders(schedule)


def test_once_one_of_them_has_gone_the_patience_of_its_class_begins_anew():
    first, *subs = turn("first"), turn("one", SUBAGENT, "", 0.5), turn("two", SUBAGENT, "", 0.6)
    schedule = seated(1, first)
    for sub in subs:
        schedule = schedule.joined(sub)
    schedule, last = passed_over(schedule, first, 1.0)
    schedule = schedule.joined(turn("late", arrived=50.0)).left(last).granted(0.0)[0]
    assert {0: subs[0]} == holders(schedule)

    schedule = schedule.left(subs[0]).granted(0.0)[0]

    assert "late" == holders(schedule)[0].key


def test_each_who_waits_asks_another_to_leave():
    schedule = seated(2, *(subs := [turn("1", SUBAGENT), turn("2", SUBAGENT, arrived=1.0)]))

    schedule = schedule.joined(turn("3", arrived=3.0)).joined(turn("4", arrived=4.0))

    assert frozenset(subs) == schedule.unwelcome()


def test_a_slot_that_is_going_away_is_wanted_by_nobody_and_goes_with_its_holder():
    one, two = turn("1", SUBAGENT), turn("2", SUBAGENT, arrived=1.0)
    schedule = seated(2, one, two).resized(1).joined(turn("main", arrived=2.0))

    assert frozenset({one}) == schedule.unwelcome()
    assert [0] == [seat.number for seat in schedule.left(two).seats]


def test_a_new_conversation_rather_takes_the_place_of_what_went_beside_another():
    schedule = ran(Schedule.of(2), "a")
    side = turn("side", SIDE, "", 5.0)
    schedule = schedule.joined(side).granted(9.0)[0].left(side)
    new = turn("new", session="new", arrived=10.0)

    assert {1: new} == holders(schedule.joined(new).granted(10.0)[0])

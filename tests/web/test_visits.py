"""Links that open once, and the visits that they begin."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from standby.adapters.host.dice import SystemDice
from standby.web.visits import LINK_S, MOST, VISIT_S, Visits, cookie_name
from tests.fakes.clock import LoadedDice, SetClock


@pytest.fixture
def clock():
    return SetClock()


@pytest.fixture
def visits(clock):
    return Visits(LoadedDice().mint, clock.ticks)


def test_a_link_opens_a_visit(visits):
    assert visits.knows(visits.open(visits.link()).key)


def test_a_link_opens_once(visits):
    code = visits.link()
    visits.open(code)

    assert visits.open(code) is None


def test_a_link_that_waited_too_long_opens_nothing(visits, clock):
    code = visits.link()
    clock.passes(LINK_S)

    assert visits.open(code) is None


def test_a_visit_ends(visits, clock):
    visit = visits.open(visits.link())
    clock.passes(VISIT_S - 1)
    assert visits.knows(visit.key)
    assert visits.may(visit.key, visit.hand)
    clock.passes(1)

    assert not visits.knows(visit.key)
    assert not visits.may(visit.key, visit.hand)


def test_a_hand_is_good_with_its_own_key_alone(visits):
    one, other = visits.open(visits.link()), visits.open(visits.link())

    assert visits.may(one.key, one.hand)
    assert not visits.may(one.key, other.hand)
    assert not visits.may(one.key, one.key)
    assert not visits.may(one.key, "")
    assert not visits.may(one.hand, one.key)
    assert not visits.may("", "")
    assert not visits.knows(one.hand)


def test_the_code_of_a_link_is_no_key_of_a_visit_and_the_other_way_round(visits):
    code = visits.link()
    key = visits.open(visits.link()).key

    assert not visits.knows(code)
    assert visits.open(key) is None


@given(st.text())
@example("\udcff")
def test_nothing_that_anybody_makes_up_is_known(made_up):
    visits = Visits(SystemDice().mint, SetClock().ticks)
    visits.open(visits.link())
    visits.link()

    assert visits.open(made_up) is None
    assert not visits.knows(made_up)
    assert not visits.may(made_up, made_up)


def test_of_too_many_links_and_visits_the_oldest_ends(visits):
    codes = [visits.link() for _ in range(MOST + 1)]
    assert visits.open(codes[0]) is None
    made = [visits.open(visits.link()) for _ in range(MOST + 1)]

    assert [False, *[True] * MOST] == [visits.knows(one.key) for one in made]
    assert [False, *[True] * MOST] == [visits.may(one.key, one.hand) for one in made]


def test_neither_codes_nor_keys_are_kept(visits):
    code, visit = visits.link(), visits.open(visits.link())
    held = repr(vars(visits))

    for secret in (code, visit.key, visit.hand):
        assert secret not in held


def test_each_is_long_and_made_anew():
    visits = Visits(SystemDice().mint, SetClock().ticks)
    made = {visits.link() for _ in range(50)}

    assert 50 == len(made)
    assert {43} == {len(code) for code in made}


def test_two_gateways_of_one_host_have_two_cookies():
    assert cookie_name(8484) != cookie_name(8485)

"""What machines watch: numbers, and names out of a bounded set."""

from hypothesis import given
from hypothesis import strategies as st

from standby.app.local.admission import Admission
from standby.app.local.engines import Engines, Preference
from standby.app.showing.measures import BOUNDS_S, MOST_NAMES, OTHER, Distribution, Measures, Names
from standby.app.showing.status import SHOWN, About
from standby.core.request import Account
from standby.core.usage import Entry, Tokens
from tests.app.showing.test_status import ME, SPENT, Pages
from tests.fakes.line import DOWN, OPUS, Way
from tests.fakes.talker import Talker

ABOUT = About("1.0", 7, "http://127.0.0.1:1", "https://cloud.example", 1.0, True)


def entry(by="cloud", answered=OPUS, outcome="ok", first=0.5, took=2.0, tokens=(1, 2, 3, 0)):
    named = ("rq", 1.0, "secret-session", Account("a" * 32), "asked", answered, by, "why", outcome)
    return Entry(*named, 200, Tokens(*tokens), first, took)


def measures(way=None, about=ABOUT):
    way = way or Way(DOWN)
    engines = Engines([Talker()], Preference(), way.clock)
    return Measures(about, way.accounts, engines, Admission(way.clock), Pages())


def test_what_has_ended_is_counted_by_side_outcome_and_model():
    counted = measures()
    for one in (entry(), entry(), entry("local", "desk/coder"), entry(outcome="broken")):
        counted.heard(one)
    now = counted.snapshot()

    assert {
        ("cloud", "ok", OPUS): 2,
        ("cloud", "broken", OPUS): 1,
        ("local", "ok", "desk/coder"): 1,
    } == dict(now.requests)
    assert 9 == dict(now.tokens)["cloud", OPUS, "cache_read"]
    assert ("cloud", OPUS, "cache_write") not in dict(now.tokens)


def test_who_had_no_first_word_is_in_no_time_to_it():
    counted = measures()
    counted.heard(entry(first=None))
    now = counted.snapshot()

    assert [] == list(now.first_token)
    [(side, counts, sum_s)] = now.duration
    assert ("cloud", 1, 2.0) == (side, counts[-1], sum_s)


def test_nothing_of_a_session_a_whole_account_or_a_reason_is_in_it():
    way = Way(DOWN)
    way.accounts.heard(ME, OPUS, SPENT)
    counted = measures(way)
    counted.heard(entry())
    now = counted.snapshot()

    assert "secret-session" not in repr(now)
    assert ME not in repr(now)
    assert {ME[:SHOWN]} == {account for account, _ in now.windows}
    assert now.ledger_writes is False


@given(st.lists(st.text(max_size=200)))
def test_however_many_names_there_are_few_are_counted(named):
    names = Names()
    called = [names.of(name) for name in named]

    assert len(set(called)) <= MOST_NAMES + 1
    assert all(name[:80] == said or said == OTHER for name, said in zip(named, called, strict=True))
    assert called[:MOST_NAMES] == [name[:80] for name in named[:MOST_NAMES]]


def test_a_client_cannot_make_more_series_with_the_names_it_asks_for():
    counted = measures()
    for number in range(500):
        counted.heard(entry(answered=f"model-{number}"))
    bounded = {counted.bounded(entry(answered=f"other-{number}")).answered for number in range(99)}

    assert MOST_NAMES + 1 == len(counted.snapshot().requests)
    assert {OTHER} == bounded


@given(st.lists(st.floats(0, 10_000)))
def test_a_distribution_counts_each_duration_once_and_in_order(durations):
    distribution = Distribution()
    for took in durations:
        distribution.add(took)
    counts = distribution.cumulative()

    assert [*counts] == [*(sum(t <= b for t in durations) for b in BOUNDS_S), len(durations)]

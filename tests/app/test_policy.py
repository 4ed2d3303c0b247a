"""Who may answer: what was chosen, where a conversation stands, what must stay here."""

from dataclasses import replace

import pytest

from standby.app.answering import switch
from standby.app.policy import Asking, Choices, UnknownModelError, Wishes
from standby.core.policy.choices import Choice
from standby.core.policy.modes import Mode, SecondOpinion
from standby.core.policy.privacy import Border, Privacy
from standby.core.quota.machine import Admission
from standby.core.quota.reply import UNIFIED
from standby.core.request import Caller, Request
from standby.core.wire import asked
from standby.core.wire.errors import message_of
from standby.core.wire.headers import SERVED_BY, Head
from standby.core.wire.json import loads
from standby.ports import EngineError
from tests.fakes.circles import LONG, STUCK, made
from tests.fakes.engines import FakeEngine
from tests.fakes.house import SESSION, SPENT, House
from tests.fakes.line import (
    DOWN,
    KNOWN,
    ME,
    NO_ACCOUNT,
    OPUS,
    STRANGER,
    messages_request,
    streamed,
)
from tests.fakes.memory_store import MemoryStore
from tests.fakes.replies import HOUR, NOW
from tests.fakes.sidecalls import TITLE
from tests.fakes.talker import MODEL
from tests.fakes.turns_of_work import loop, says

pytestmark = pytest.mark.anyio

EDIT = {"messages": [says("Rename `a` to `b`.")]}
PLAN = {"messages": [says("Design the cache, and weigh the options.")]}
LOOP = {"messages": loop()}
SECRET = Wishes(borders=(Border(Privacy.LOCAL_ONLY, path="/work/secret"),))
AT_HOME = replace(KNOWN, project="/work/secret/src")
AWAY = replace(KNOWN, project="/work/open")
CODER, LARGE = MODEL, replace(MODEL, id="large")


@pytest.fixture(autouse=True, params=["read whole", "glanced at"])
def looking(request, monkeypatch):
    """A large body is not read before the cloud is asked; all that follows is the same."""
    if request.param == "glanced at":
        monkeypatch.setattr(switch, "GLANCED_AT_BYTES", 0)


def pressed(*words, used=0.9):
    """An answer of the cloud by which much of the quota is used early."""
    head, *rest = streamed(*words)
    lines = (
        (f"{UNIFIED}5h-utilization", str(used)),
        (f"{UNIFIED}5h-reset", str(int(NOW + 2.5 * HOUR))),
    )
    return [Head(head.status, (*head.headers, *lines)), *rest]


def nobody_is_there(house):
    house.talker.offers = ()
    house.way.clock.passes(1)


async def served(house, **more):
    tape = await house.ask(**more)
    return (tape.head.header(SERVED_BY) or "nobody").partition(";")[0]


async def test_a_turn_that_a_local_model_began_is_ended_by_it_though_the_cloud_is_back():
    house = House(streamed("Hi"))
    await house.spend()
    assert "local" == await served(house)
    house.way.clock.passes(5 * HOUR + 60)

    inside = await served(house, **LOOP)
    why = house.booked_why
    after = await served(house)

    assert ("local", "cloud") == (inside, after)
    assert "the 5-hour limit is reached" in why or "began" in why
    assert "open" == house.way.state()


IN_CIRCLES = {"messages": STUCK}
THINKS = {"thinking": {"type": "adaptive"}}


async def in_a_turn(house, *, spent=True):
    """Have a local model begin a turn; then the limit is over."""
    await house.spend()
    assert "local" == await served(house)
    if not spent:
        house.way.clock.passes(5 * HOUR + 60)


async def test_a_local_model_that_goes_in_circles_is_left_for_the_cloud_that_serves_again():
    house = House(streamed("Hi"))
    await in_a_turn(house, spent=False)

    inside = await served(house, **LOOP)
    left = await served(house, **IN_CIRCLES)
    why = house.booked_why
    kept = await served(house, **LOOP)

    assert ("local", "cloud", "cloud") == (inside, left, kept)
    expected = "the local model goes round in circles: it made the same call of Read 3 times"
    assert why.startswith(expected)
    votes = house.pages.decisions[house.pages.entries[-2].id]["votes"]
    assert {("loop", "cloud")} == {
        (vote["rule"], vote["candidate"]) for vote in votes if vote["rule"] == "loop"
    }


async def test_without_quota_it_goes_on_and_is_told_and_so_is_the_person():
    house = House(streamed("Hi"))
    await in_a_turn(house)

    tape = await house.ask(**IN_CIRCLES, **THINKS)
    again = await house.ask(messages=[*STUCK, *made("Read", {"file_path": "a.py"}, LONG)], **THINKS)

    assert b"goes round in circles" in tape.sent
    assert b"It was told so. The cloud cannot take over: the 5-hour limit is reached." in tape.sent
    assert b"goes round in circles" not in again.sent
    first, second = (body["messages"] for _, body in house.talker.heard[-2:])
    assert "You made the same call of Read 3 times" in first[-1]["content"]
    assert first == second[: len(first)]
    assert 0 == house.asked_cloud


async def test_where_nobody_wants_a_second_opinion_nothing_is_told_and_nobody_asked():
    house = House(streamed("Hi"), wishes=Wishes(second_opinion=SecondOpinion.OFF))
    await in_a_turn(house, spent=False)

    tape = await house.ask(**IN_CIRCLES, **THINKS)

    assert b"circles" not in tape.sent
    assert "standby" not in str(house.talker.heard[-1])
    assert 0 == house.asked_cloud


async def test_before_the_limit_has_ended_a_long_conversation_does_not_try_for_it():
    house = House(streamed("Hi"))
    await in_a_turn(house)
    asking = Asking(messages_request(headers=SESSION), KNOWN, "claude-opus-5-5")
    house.policy.answered(asking, "desk/coder", 150_000)
    house.way.clock.passes(1801)

    assert "local" == await served(house, **IN_CIRCLES)
    assert 0 == house.asked_cloud


async def test_another_conversation_may_try_meanwhile_and_the_turn_still_stays():
    house = House(streamed("Hi"))
    await house.spend()
    await served(house)
    house.way.clock.passes(5 * HOUR + 60)
    other = (("X-Claude-Code-Session-Id", "s-2"),)

    assert "cloud" == await served(house, headers=other)
    assert "local" == await served(house, **LOOP)
    assert "it began this turn" in house.booked_why


@pytest.mark.parametrize("now", SecondOpinion)
@pytest.mark.parametrize("before", SecondOpinion)
@pytest.mark.parametrize("spent", [True, False], ids=["without quota", "with quota"])
async def test_settings_that_change_in_the_middle_of_circles_count_from_the_next_request_on(
    before, now, spent
):
    house = House(streamed("Hi"), wishes=Wishes(second_opinion=before))
    await in_a_turn(house, spent=spent)

    async def change():
        house.policy.wishes = Wishes(second_opinion=now)

    house.talker.steps = (change, *house.talker.steps)
    house.way.cloud.answers = [[change, *streamed("Hi")]]
    during = await house.ask(**IN_CIRCLES, **THINKS)
    entry = house.pages.entries[-1]
    after = await served(house, **IN_CIRCLES)

    assert (200, "ok", ["end"]) == (during.head.status, entry.outcome, during.ending)
    assert 1 == during.sent.count(b"event: message_stop") == during.sent.count(b"message_start\n")
    by_cloud = [wish is SecondOpinion.CLOUD and not spent for wish in (before, now)]
    expected = ["cloud" if by_cloud[0] else "local", "cloud" if any(by_cloud) else "local"]
    assert expected == [entry.by, after]


async def test_where_the_user_wants_it_so_a_turn_is_left_at_once():
    house = House(streamed("Hi"), wishes=Wishes(at_once=True))
    await house.spend()
    await served(house)
    house.way.clock.passes(5 * HOUR + 60)

    assert "cloud" == await served(house, **LOOP)


async def test_a_turn_that_the_cloud_began_goes_on_here_when_the_limit_is_met():
    house = House(streamed("Hi"))
    assert "cloud" == await served(house)
    house.way.cloud.answers = [SPENT]

    assert "local" == await served(house, **LOOP)
    assert "local" == await served(house, **LOOP)


async def test_a_title_does_not_move_the_conversation_that_it_names():
    house = House(streamed("Hi"))
    await house.spend()
    await served(house)
    house.way.clock.passes(5 * HOUR + 60)

    await house.ask(raw=messages_request(headers=SESSION, **TITLE))

    assert "local" == await served(house, **LOOP)


async def test_a_long_conversation_is_not_the_one_that_tries_early():
    house = House(streamed("Hi"))
    await house.spend()
    await served(house)
    asking = Asking(messages_request(headers=SESSION), KNOWN, "claude-opus-5-5")
    house.policy.answered(asking, "desk/coder", 150_000)
    house.way.clock.passes(1801)

    assert "local" == await served(house)
    assert 0 == house.asked_cloud
    house.way.clock.passes(1801)
    assert "cloud" == await served(house)


async def test_the_mode_local_asks_the_cloud_nothing_also_when_nobody_else_answers():
    house = House(streamed("Hi"), wishes=Wishes(Mode.LOCAL))
    assert "local" == await served(house)
    nobody_is_there(house)

    tape = await house.ask()

    assert 400 == tape.head.status
    assert "the user has switched the cloud off" in message_of(tape.sent)
    assert 0 == house.asked_cloud


async def test_the_mode_local_asks_no_spent_cloud_either():
    house = House(SPENT)
    await house.spend()
    await house.policy.choose(Choice(Mode.LOCAL))
    nobody_is_there(house)

    await house.ask()

    assert 0 == house.asked_cloud


async def test_the_mode_cloud_asks_no_local_model():
    house = House(SPENT, wishes=Wishes(Mode.CLOUD))

    tape = await house.ask()

    assert 429 == tape.head.status
    assert 0 == house.asked_local
    assert "local" == await served(house, model="local")


async def test_a_local_answer_that_was_chosen_says_so():
    house = House(streamed("Hi"), wishes=Wishes(Mode.LOCAL))

    await house.ask()

    assert "the user has switched the cloud off" == house.booked_why


async def test_what_is_worth_little_is_spared_while_the_pace_is_too_fast():
    house = House(pressed("Hi"), wishes=Wishes(Mode.SPARE))
    assert "cloud" == await served(house, **EDIT)

    assert "local" == await served(house, **EDIT)
    assert "90% of 5h is used with 50% of it passed" in house.booked_why
    assert "cloud" == await served(house, **PLAN)


@pytest.mark.parametrize(("words", "least"), [("Rename `a` to `b`.", 0.9), ("Hm.", 0.0)])
def test_what_a_turn_was_worth_is_known_to_the_next_one(words, least):
    house = House()
    request = messages_request(headers=SESSION, messages=[says(words)])
    house.policy.answered(Asking(request, KNOWN, OPUS, asked.read(request.body)), "cloud", 10)
    standing = house.way.accounts.standing(ME, OPUS)
    later = Asking(messages_request(headers=SESSION), KNOWN, OPUS)

    little = house.policy.facts(later, Admission.GO, standing).thread.little
    assert least <= little <= least + 0.1


async def test_what_cannot_be_spared_is_answered_by_the_cloud_when_the_local_model_fails():
    house = House(pressed("Hi"), wishes=Wishes(Mode.SPARE))
    await served(house, **EDIT)
    house.talker.steps = (EngineError("broken"),)

    assert "cloud" == await served(house, **EDIT)


async def test_in_the_mode_auto_nothing_is_spared():
    house = House(pressed("Hi"))

    assert ["cloud", "cloud"] == [await served(house, **EDIT) for _ in range(2)]


async def test_nothing_is_spared_for_somebody_whom_the_cloud_has_not_accepted():
    house = House(pressed("Hi"), wishes=Wishes(Mode.SPARE))
    await served(house, **EDIT)

    assert "cloud" == await served(house, caller=STRANGER, **EDIT)


async def test_a_choice_counts_for_its_project_and_ends_by_itself():
    house = House(streamed("Hi"))
    until = house.way.clock.now() + 3600
    await house.policy.choose(Choice(Mode.LOCAL, until=until, project="/work/open"))

    assert "local" == await served(house, caller=AWAY)
    assert "cloud" == await served(house)
    house.way.clock.passes(3600)
    assert "cloud" == await served(house, caller=AWAY)
    assert () == house.policy.choices()


async def test_choices_survive_a_restart():
    house = House(streamed("Hi"))
    store = MemoryStore()
    choices = Choices(store, house.way.clock)
    await choices.put(Choice(Mode.SPARE))

    again = Choices(store, house.way.clock)
    await again.restore()

    assert choices.all() == again.all() == (Choice(Mode.SPARE),)


async def test_a_model_can_be_chosen_by_any_of_its_names():
    house = House(streamed("Hi"))
    await house.engines.refresh()

    await house.policy.choose(Choice(Mode.LOCAL, "coder"))

    assert "desk/coder" == house.policy.mode.model
    assert "local" == await served(house)


async def test_a_model_that_is_not_there_cannot_be_chosen():
    house = House(streamed("Hi"))
    await house.engines.refresh()

    with pytest.raises(UnknownModelError, match="there are: desk/coder"):
        await house.policy.choose(Choice(Mode.LOCAL, "codr"))


@pytest.mark.parametrize("answers", [(streamed("Hi"),), (DOWN,), (SPENT,)], ids=str)
async def test_behind_a_local_only_border_nothing_leaves(answers):
    house = House(*answers, wishes=SECRET)
    mentions = {"messages": [says("Look at /work/secret/a.py")]}

    assert "local" == await served(house, caller=AT_HOME)
    assert "local" == await served(house, **mentions)
    nobody_is_there(house)
    tapes = [await house.ask(AT_HOME), await house.ask(**mentions)]
    broken = await house.ask(AT_HOME, raw=Request("POST", "/v1/messages", (), b'{"model":'))

    assert [400, 400, 400] == [tape.head.status for tape in (*tapes, broken)]
    assert "/work/secret is local-only" in message_of(tapes[0].sent)
    assert 0 == house.asked_cloud
    assert "nobody" == house.pages.entries[-1].by


async def test_other_projects_go_where_they_always_went():
    house = House(streamed("Hi"), wishes=SECRET)

    assert "cloud" == await served(house, caller=AWAY)


async def test_a_cloud_only_project_is_seen_by_no_local_model():
    wishes = Wishes(borders=(Border(Privacy.CLOUD_ONLY, path="/work/open"),))
    house = House(SPENT, wishes=wishes)

    tapes = [await house.ask(AWAY), await house.ask(AWAY, model="local")]

    assert [429, 529] == [tape.head.status for tape in tapes]
    assert "cloud-only" in message_of(tapes[1].sent)
    assert 0 == house.asked_local


async def test_what_must_be_asked_first_is_refused_until_a_side_was_chosen():
    wishes = Wishes(borders=(Border(Privacy.ASK, path="/work/open"),))
    house = House(streamed("Hi"), wishes=wishes)

    refused = await house.ask(AWAY)
    asked = house.asked_cloud
    await house.policy.choose(Choice(Mode.AUTO, project="/work/open"))

    assert (400, "false") == (refused.head.status, refused.head.header("x-should-retry"))
    assert "policy_blocked" == loads(refused.sent)["error"]["type"]
    assert "standby use cloud --project /work/open" in message_of(refused.sent)
    assert 0 == asked
    assert "cloud" == await served(house, caller=AWAY)


async def test_borders_that_contradict_each_other_are_named():
    wishes = Wishes(
        borders=tuple(
            Border(p, path="/work/open") for p in (Privacy.LOCAL_ONLY, Privacy.CLOUD_ONLY)
        )
    )
    house = House(streamed("Hi"), wishes=wishes)

    said = message_of((await house.ask(AWAY)).sent)

    assert "local-only" in said
    assert "cloud-only" in said


async def test_borders_that_leave_nobody_are_all_named_where_there_is_no_local_model_either():
    wishes = Wishes(
        borders=tuple(
            Border(p, path="/work/open") for p in (Privacy.LOCAL_ONLY, Privacy.CLOUD_ONLY)
        )
    )
    house = House(streamed("Hi"), wishes=wishes, engines=[])

    said = message_of((await house.ask(AWAY)).sent)

    words = "the settings say that /work/open is"
    assert f"cloud: {words} local-only; local: {words} cloud-only" == said


async def test_what_the_cloud_said_elsewhere_is_not_told_behind_a_border():
    wishes = Wishes(borders=(Border(Privacy.LOCAL_ONLY, path="/work/open"),))
    house = House(SPENT, wishes=wishes, engines=[])

    limited, behind = await house.ask(), await house.ask(AWAY)

    assert [429, 400] == [tape.head.status for tape in (limited, behind)]
    assert "/work/open is local-only" in message_of(behind.sent)


def of_session(session, body=b"{}"):
    return Request("POST", "/v1/messages", (("x-claude-code-session-id", session),), body)


async def test_a_session_that_was_behind_a_border_stays_there_as_long_as_there_is_one():
    house = House(streamed("Hi"), wishes=SECRET)

    assert not house.policy.borders(of_session("s-1"), KNOWN)
    named = house.policy.borders(of_session("s-1", b'"/work/secret/a.py"'), KNOWN)
    assert SECRET.borders == named == house.policy.borders(of_session("s-1"), KNOWN)
    assert not house.policy.borders(of_session("s-2"), KNOWN)
    house.policy.wishes = Wishes(borders=(Border(Privacy.LOCAL_ONLY, path="/else"),))
    assert not house.policy.borders(of_session("s-1"), KNOWN)


@pytest.mark.parametrize(
    ("privacy", "no_cloud", "no_local"),
    [
        (Privacy.LOCAL_ONLY, True, False),
        (Privacy.CLOUD_ONLY, False, True),
        (Privacy.ASK, True, True),
    ],
)
async def test_of_a_folder_it_is_told_which_side_it_is_kept_from(privacy, no_cloud, no_local):
    house = House(streamed("Hi"), wishes=Wishes(borders=(Border(privacy, path="/work/open"),)))
    kept = f"the settings say that /work/open is {privacy.value}"

    said = house.policy.said_of("s-1", "/work/open/src")
    elsewhere = house.policy.said_of("s-2", "/work/else")

    assert (kept * no_cloud, kept * no_local) == (said.no_cloud, said.no_local)
    assert ("", "") == (elsewhere.no_cloud, elsewhere.no_local)


async def test_of_a_conversation_it_is_told_what_was_chosen_for_it():
    house = House(streamed("Hi"))
    await house.policy.choose(Choice(Mode.LOCAL, session="s-1"))
    await house.policy.choose(Choice(Mode.CLOUD, project="/work/open"))

    assert "the user has switched the cloud off" == house.policy.said_of("s-1", "").no_cloud
    assert "local models off" in house.policy.said_of("s-2", "/work/open").no_local
    assert Mode.AUTO is house.policy.said_of("", "").choice.mode


async def test_what_is_of_no_known_project_is_counted_here_where_some_must_not_leave():
    house = House(streamed("Hi"), wishes=SECRET)

    assert house.policy.counted_here(of_session("s-1"), KNOWN)
    assert not house.policy.counted_here(of_session("s-1"), AWAY)
    house.policy.wishes = Wishes(borders=(Border(Privacy.CLOUD_ONLY, path="/work/secret"),))
    assert not house.policy.counted_here(of_session("s-1"), KNOWN)


def limited(house, model):
    """The facts of a request for a model while the cloud is not asked."""
    asking = Asking(messages_request(), KNOWN, model)
    return house.policy.facts(asking, Admission.STAY, house.way.accounts.standing(ME, model))


@pytest.mark.parametrize(
    ("model", "who"),
    [
        ("claude-opus-5-5", "desk/large"),
        ("claude-haiku-5-5", "desk/coder"),
        ("claude-sonnet-5-5", "desk/coder"),
    ],
)
async def test_the_model_that_stands_in_for_a_tier_goes_first_if_it_is_there(model, who):
    wishes = Wishes(tiers={"opus": "large", "haiku": "nobody-has-it"})
    house = House(SPENT, wishes=wishes, engines=[FakeEngine("desk", CODER, LARGE)])
    await house.engines.refresh()
    facts = house.policy.facts(
        Asking(messages_request(), KNOWN, model),
        Admission.STAY,
        house.way.accounts.standing(ME, model),
    )

    assert who == house.policy.decide(facts, house.engines.known()).order[0]
    assert (("opus", "large", True), ("haiku", "nobody-has-it", False)) == house.policy.stand_ins()


async def test_what_a_person_uses_now_goes_before_the_model_of_a_tier():
    wishes = Wishes(tiers={"opus": "large"})
    house = House(SPENT, wishes=wishes, engines=[FakeEngine("desk", LARGE, CODER)])
    await house.engines.refresh()
    await house.policy.choose(Choice(Mode.LOCAL, "coder"))
    facts = house.policy.facts(
        Asking(messages_request(), KNOWN, OPUS),
        Admission.STAY,
        house.way.accounts.standing(ME, OPUS),
    )

    assert "desk/coder" == house.policy.decide(facts, house.engines.known()).order[0]


async def test_remotes_are_asked_for_only_where_a_border_names_one():
    house = House(streamed("Hi"))
    asked = []
    house.policy._remotes = lambda project: (asked.append(project), ("git@github.com:acme/x",))[1]

    assert () == house.policy.borders(messages_request(), AWAY)
    house.policy.wishes = Wishes(borders=(Border(Privacy.LOCAL_ONLY, remote="github.com/acme"),))
    assert "github.com/acme is local-only" in house.policy.stays_here(messages_request(), AWAY)
    assert ["/work/open"] == asked


@pytest.mark.parametrize(
    ("wishes", "stays"),
    [
        (Wishes(), False),
        (SECRET, True),
        (Wishes(Mode.LOCAL), True),
        (Wishes(borders=(Border(Privacy.ASK, path="/work/secret"),)), True),
        (Wishes(borders=(Border(Privacy.CLOUD_ONLY, path="/work/secret"),)), False),
    ],
)
async def test_what_no_local_model_can_answer_stays_here_all_the_same(wishes, stays):
    house = House(streamed("Hi"), wishes=wishes)

    assert stays == bool(house.policy.stays_here(messages_request(), AT_HOME))


async def test_a_request_without_an_account_is_answered_here_as_ever():
    assert "local" == await served(House(streamed("Hi")), caller=NO_ACCOUNT)


def test_a_caller_says_its_project_or_none():
    assert "" == Caller(ME, trusted=True).project

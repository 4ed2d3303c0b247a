import copy

from hypothesis import given
from hypothesis import strategies as st

from standby.core.context.fit import fit, fit_summary
from standby.core.context.measure import Gauge, weigh
from standby.core.context.window import Window
from standby.core.wire.json import dumps
from tests.fakes.agents import called, gave, grown, request, said, sessions, words
from tests.fakes.conversations import odd_requests

windows = st.builds(
    Window,
    st.sampled_from([2_000, 8_192, 16_384, 32_768]),
    st.sampled_from([Gauge(2_000), Gauge(3_000), Gauge(4_250)]),
    st.booleans(),
)


def texts(fitted):
    return dumps(fitted.body["messages"]).decode()


@given(sessions(), windows)
def test_what_fits_is_not_touched_and_what_was_made_to_fit_stays(rounds, window):
    for body in grown(rounds):
        before = copy.deepcopy(body)
        fitted = fit(body, window)
        again = fit(fitted.body, window)

        assert before == body, "the request itself was changed"
        assert (
            weigh(body, sees=window.sees) <= window.gauge.bytes(window.room(body))
            or (fitted.steps)
            or not fitted.fits
        )
        assert fitted == fit(body, window)
        if fitted.fits:
            assert fitted.body == again.body
            assert () == again.steps
            assert window.gauge.tokens(weigh(fitted.body, sees=window.sees)) <= fitted.room


@given(sessions(), windows)
def test_the_shortened_history_only_grows_at_its_end_until_the_next_portion_is_due(rounds, window):
    before = None
    for body in grown(rounds):
        now = fit(body, window)
        same = before is not None and now.level == before.level
        if same and now.fits and before.fits and not (before.all_cut or now.all_cut):
            kept = before.body["messages"]
            assert kept == now.body["messages"][: len(kept)]
        before = now


@given(sessions(), windows)
def test_the_steps_are_never_taken_back_while_a_conversation_grows(rounds, window):
    portions = [fit(body, window).level[0] for body in grown(rounds)]

    assert sorted(portions) == portions


@given(sessions(), windows)
def test_the_prompt_the_roles_and_the_pairs_stay(rounds, window):
    *_, body = grown(rounds)

    fitted = fit(body, window).body

    def shape(messages):
        return [
            (
                turn["role"],
                [(b["type"], b.get("id"), b.get("tool_use_id")) for b in turn["content"]],
            )
            for turn in messages
        ]

    assert body["system"] == fitted["system"]
    assert shape(body["messages"]) == shape(fitted["messages"])


@given(sessions(), windows)
def test_the_newest_result_is_whole_while_the_rest_has_room_beside_it(rounds, window):
    for body in grown(rounds):
        newest = body["messages"][-1]
        alone = request([said("Go on."), *body["messages"][-2:]])
        if fit(alone, window).steps == ():
            assert newest == fit(body, window).body["messages"][-1]


@given(odd_requests, windows)
def test_whatever_a_client_sends_is_measured_and_fitted_without_a_fault(body, window):
    assert fit(body, window).tokens >= 0
    assert fit_summary(body, window).tokens >= 0


@given(sessions(), windows)
def test_a_summary_is_always_served(rounds, window):
    *_, body = grown(rounds)
    asked = request([*body["messages"], said("CRITICAL: Respond with TEXT ONLY. Summarise.")])

    fitted = fit_summary(asked, window)

    assert fitted.fits
    assert "Summarise." in texts(fitted)
    assert fitted.body.get("tool_choice", {"type": "none"}) == {"type": "none"}
    calls, results = [], []
    for turn in fitted.body["messages"]:
        for block in turn["content"] if isinstance(turn["content"], list) else []:
            calls += [block["id"]] if block["type"] == "tool_use" else []
            results += [block["tool_use_id"]] if block["type"] == "tool_result" else []
    open_at_the_end = [key for key in calls if key not in results]
    assert results == [key for key in calls if key in results]
    assert not open_at_the_end


def conversation(*sizes, **fields):
    messages = [said("Please.")]
    for number, size in enumerate(sizes):
        messages += [called(number), gave(number, words(size, str(number)))]
    return request(messages, **fields)


def test_the_oldest_results_go_first_and_say_what_is_missing():
    fitted = fit(conversation(9_000, 9_000, 9_000, 9_000), Window(12_000))

    results = [turn["content"][0]["content"] for turn in fitted.body["messages"][2::2]]
    assert fitted.fits
    assert "8000 characters left out here" in results[0][0]["text"]
    assert words(9_000, "3") == results[-1]
    assert any("old tool results were shortened" in step for step in fitted.steps)


def test_tools_that_were_never_used_go_before_any_result_does():
    body = conversation(9_000, 9_000)
    # An eighth of a small window is kept for the answer.
    just_too_small = Window((weigh(body) - 100) // 3 * 8 // 7)

    fitted = fit(body, just_too_small)

    assert ["Bash", "Read"] == [tool["name"] for tool in fitted.body["tools"]]
    assert ("2 tools never used were left out",) == fitted.steps
    assert body["messages"] == fitted.body["messages"]


def test_an_agent_without_a_tool_in_use_keeps_them_all():
    tools = [{"name": "search", "description": words(4_000), "input_schema": {}}]

    fitted = fit(request([said(words(9_000))], tools=tools), Window(4_096))

    assert tools == fitted.body["tools"]
    assert not fitted.fits


def test_a_new_result_that_no_window_could_take_is_cut_and_one_that_fits_is_not():
    fitted = fit(conversation(100, 200_000), Window(16_384))

    assert fitted.fits
    assert ("1 tool results too large for the window were cut",) == fitted.steps[-1:]
    assert "characters left out here" in texts(fitted)


def test_a_conversation_of_words_cannot_be_made_to_fit_and_says_so():
    body = request([said(words(60_000)), called(1), gave(1, "ok")])

    fitted = fit(body, Window(16_384))

    assert not fitted.fits
    assert fitted.tokens > fitted.room
    assert 16_384 - 2_048 == fitted.room


def test_a_summary_keeps_the_beginning_and_the_end_when_the_middle_has_no_room():
    turns = [said("The very first wish.")]
    for number in range(40):
        turns += [{"role": "assistant", "content": words(2_000, f"a{number}")}]
        turns += [said(words(2_000, f"u{number}"))]
    asked = request([*turns, said("CRITICAL: Respond with TEXT ONLY. Summarise.")])

    fitted = fit_summary(asked, Window(8_192))

    assert fitted.fits
    assert "The very first wish." in texts(fitted)
    assert "messages of this conversation were left out here" in texts(fitted)
    assert "u39" in texts(fitted)
    assert "Summarise." in texts(fitted)


def test_a_summary_of_which_not_even_the_last_message_fits_keeps_the_end_of_it():
    asked = request([said(words(90_000) + "CRITICAL: the end")], system=words(40_000))

    fitted = fit_summary(asked, Window(4_096))

    assert fitted.fits
    assert "CRITICAL: the end" in texts(fitted)
    assert "only the end of the last message was kept" in fitted.steps


def test_a_summary_that_fits_keeps_its_tools_so_that_the_prefix_stays():
    body = conversation(100)

    fitted = fit_summary(body, Window(32_768))

    assert {**body, "tool_choice": {"type": "none"}} == fitted.body
    assert () == fitted.steps

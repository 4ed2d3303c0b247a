"""What a person is told of who does not look."""

from dataclasses import replace
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from standby.core.alerts import LEVELS, SETTLED_S, Alert, Level, Scene, Told, due

RESET = 1_795_000_000.0
HOUR = 3600.0
MODEL = "ollama/coder"
CLOUD = Scene("cloud", model=MODEL)
LOCAL = Scene("local", why="the 5-hour limit is reached", until=RESET, model=MODEL)
NOBODY = replace(LOCAL, answering="nobody", model="")


def play(*scenes, every_s=SETTLED_S):
    """Let scenes follow each other, each seen twice; return what was told after the first."""
    told, alerts = Told(), []
    for place, scene in enumerate(each for each in scenes for _ in range(2)):
        told, now = due(told, scene, place * every_s)
        alerts += now
    return alerts


def used(share, resets_at=RESET, name="5h"):
    return replace(CLOUD, levels=(Level(name, share, resets_at),))


def titles(alerts):
    return [alert.title for alert in alerts]


def test_the_switch_and_the_way_back_are_told_once_each():
    alerts = play(CLOUD, LOCAL, LOCAL, CLOUD)

    assert [
        Alert(
            "ollama/coder answers now",
            "The 5-hour limit is reached. The cloud is back",
            until=RESET,
        ),
        Alert("The cloud answers again", ""),
    ] == alerts


def test_what_holds_at_the_start_is_no_news():
    assert [] == play(LOCAL, LOCAL)
    assert [] == play(used(0.97))


def test_a_change_that_passes_in_a_moment_is_not_told():
    assert [] == play(CLOUD, LOCAL, CLOUD, LOCAL, CLOUD, every_s=SETTLED_S / 3)


def test_what_a_person_has_chosen_they_know():
    assert [] == play(CLOUD, replace(LOCAL, chosen=True), replace(LOCAL, chosen=True))


def test_a_local_engine_that_is_down_is_told_while_the_cloud_still_answers():
    gone = replace(CLOUD, model="")

    assert [Alert("The local engine is down", "ollama/coder would have taken over")] == play(
        CLOUD, gone, gone
    )
    assert [] == play(CLOUD, replace(CLOUD, model="ollama/other"))


def test_when_nobody_is_left_both_are_told():
    assert ["Nobody can answer", "The local engine is down"] == titles(play(LOCAL, NOBODY))


def test_a_window_is_told_of_twice_and_its_last_share_first():
    alerts = play(used(0.5), used(0.81), used(0.9), used(0.96), used(1.02))

    assert ["80% of the 5h window is used", "95% of the 5h window is used"] == titles(alerts)
    assert [RESET, RESET] == [alert.until for alert in alerts]
    assert ["95% of the 5h window is used"] == titles(play(used(0.5), used(0.99)))


def test_a_window_that_has_begun_anew_is_told_of_again():
    assert 2 == len(play(used(0.5), used(0.85), used(0.1, RESET + HOUR), used(0.85, RESET + HOUR)))
    assert 2 == len(play(used(0.5, None), used(0.85, None), used(0.1, None), used(0.85, None)))


def test_figures_that_waver_and_resets_that_do_are_no_news():
    alerts = play(used(0.5), used(0.81), used(0.79), used(0.81, RESET + 9), used(0.8))

    assert 1 == len(alerts)


scenes = st.builds(
    Scene,
    st.sampled_from(["cloud", "local", "nobody"]),
    st.booleans(),
    st.just("why"),
    st.none() | st.just(RESET),
    st.sampled_from(["", MODEL]),
    st.lists(
        st.builds(Level, st.sampled_from(["5h", "7d"]), st.floats(0, 1.1), st.just(RESET)),
        max_size=2,
        unique_by=lambda level: level.window,
    ).map(tuple),
)


@given(st.lists(scenes, max_size=30))
def test_within_a_window_no_share_is_told_twice_and_no_side_twice_in_a_row(seen):
    alerts = play(*seen)
    shares = [title for title in titles(alerts) if "window" in title]
    sides = [title for title in titles(alerts) if "answer" in title.lower()]

    assert len(set(shares)) == len(shares) <= 2 * len(LEVELS)
    if not any(scene.chosen for scene in seen):
        assert all(one != other for one, other in pairwise(sides))

"""What a person chooses while the gateway runs."""

import pytest

from standby.app.choosing import ChoiceError, Choosing
from standby.app.policy import Wishes
from standby.core.policy.modes import Mode
from tests.fakes.house import House
from tests.fakes.line import streamed

pytestmark = pytest.mark.anyio


def choosing():
    house = House(streamed("Hi"))
    return Choosing(house.policy, house.way.clock), house


async def test_at_first_the_settings_say_what_counts():
    chosen, _ = choosing()

    assert Mode.AUTO is chosen.said_of().choice.mode
    assert ("auto", "auto", []) == tuple(
        chosen.told()[name] for name in ("mode", "words", "choices")
    )


async def test_a_choice_is_told_with_its_end():
    chosen, house = choosing()

    said = await chosen.use({"what": "local", "for_s": "7200"})

    end = house.way.clock.now() + 7200
    mode = chosen.said_of().choice.mode
    assert (Mode.LOCAL, end, f"{end:.0f}") == (mode, said["until"], said["until_told"])
    assert ["local"] == [one["words"] for one in said["choices"]]


async def test_who_watches_hears_of_a_choice_at_once():
    house, heard = House(streamed("Hi")), []
    choosing = Choosing(house.policy, house.way.clock, on_choice=lambda: heard.append("chosen"))

    await choosing.use({"what": "spare"})
    with pytest.raises(ChoiceError):
        await choosing.use({})

    assert ["chosen"] == heard


async def test_a_choice_for_a_project_leaves_the_rest_as_it_is():
    chosen, _ = choosing()

    said = await chosen.use({"what": "spare", "project": "/work/a/"})

    assert "auto" == said["mode"]
    assert ["spare for /work/a"] == [one["words"] for one in said["choices"]]


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"what": "qwen"}, "there is no local model 'qwen'; there are: desk/coder"),
        ({}, "name a mode"),
        ({"what": "claude-opus-5-5"}, "in the client, with `/model`"),
    ],
)
async def test_what_cannot_be_chosen_is_said_in_words(fields, words):
    chosen, house = choosing()
    await house.engines.refresh()

    with pytest.raises(ChoiceError, match=words):
        await chosen.use(fields)


class OfAFile:
    """What has become of the settings in their file."""

    fault, waiting = "config.toml:3: no such setting", ("gateway.port",)


async def test_what_the_settings_say_and_what_of_it_does_not_count_is_told():
    house = House(streamed("Hi"), wishes=Wishes(tiers={"opus": "coder", "haiku": "tiny"}))
    await house.engines.refresh()
    said = Choosing(house.policy, house.way.clock, OfAFile()).told()

    assert {"opus": True, "haiku": False} == {one["tier"]: one["there"] for one in said["tiers"]}
    assert OfAFile.fault == said["settings_fault"]
    assert ["gateway.port"] == said["settings_waiting"]

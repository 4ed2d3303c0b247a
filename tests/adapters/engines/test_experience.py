"""What has failed once is not tried again, and each failure has its own answer."""

from standby.adapters.engines.experience import Experience
from standby.adapters.engines.tuner import AsComputed
from standby.core.models.troubles import Trouble


class Tuned(AsComputed):
    def __init__(self):
        self.gave_up = []

    def failed(self, model):
        self.gave_up.append(model)
        return True


def learn(experience, trouble, tuned=False, layers=0):
    return experience.learn("e/m", trouble, tuned=tuned, window=16_384, layers=layers)


def test_measured_settings_are_given_up_first_whatever_was_wrong():
    tuner = Tuned()
    experience = Experience(tuner)

    assert "computed settings" in learn(experience, Trouble.MEMORY, tuned=True).otherwise
    assert ["e/m"] == tuner.gave_up
    assert "" == experience.remark("e/m")


def test_where_memory_ended_it_gets_less_each_time_and_says_so():
    experience = Experience(AsComputed())
    said = [learn(experience, Trouble.MEMORY, layers=32).otherwise for _ in range(3)]

    assert "it runs with a window of 8,192 tokens from now on" == said[0]
    assert "16 layers on the card" in said[1]
    assert "" == said[2]
    assert experience.remark("e/m").startswith(
        "its memory ended, so it runs with a window of 8,192"
    )
    assert "" == experience.remark("e/other")


def test_another_port_is_tried_and_for_what_cannot_be_helped_nothing():
    experience = Experience(AsComputed())

    assert "another port" in learn(experience, Trouble.PORT).otherwise
    for trouble in (None, Trouble.TOO_OLD, Trouble.MISSING, Trouble.PROCESSOR, Trouble.KILLED):
        assert "" == learn(experience, trouble).otherwise
    assert "" == learn(experience, None, tuned=True).otherwise  # a trial of a bench

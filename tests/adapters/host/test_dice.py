"""Dice are fair enough not to be guessed."""

import re

from standby.adapters.host.dice import SystemDice
from standby.ports import Dice


def test_what_is_minted_has_its_prefix_and_length():
    dice: Dice = SystemDice()

    assert re.fullmatch(r"toolu_[A-Za-z0-9]{24}", dice.mint("toolu_", 24))


def test_nothing_is_minted_twice():
    assert 1000 == len({SystemDice().mint("", 16) for _ in range(1000)})


def test_a_fraction_is_below_one():
    fractions = [SystemDice().fraction() for _ in range(1000)]

    assert all(0 <= fraction < 1 for fraction in fractions)
    assert 0.4 < sum(fractions) / 1000 < 0.6

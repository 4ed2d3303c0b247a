"""Which model a machine should have, from the catalogue that is shipped."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from standby.adapters.host.models.catalogue_file import shipped_catalogue
from standby.core.models.catalogue import Catalogue
from standby.core.models.choose import family_of
from standby.core.models.fit import WANTED_TOKENS, Card, Hardware
from standby.core.models.recommend import best, choices, cost_in_words, download_s
from tests.core.models.test_catalogue import ENTRY

GIB = 1024**3
CATALOGUE = shipped_catalogue()


def machine(ram, card=0, **more):
    cards = (Card("RTX", card * GIB, int(card * GIB * 0.97)),) if card else ()
    return Hardware(ram * GIB, int(ram * GIB * 0.8), 8, cards, **more)


@pytest.mark.parametrize(
    ("hardware", "expected"),
    [
        (machine(16), None),
        (machine(16, card=8), "gpt-oss-20b"),
        (machine(32, card=8), "qwen3.6-35b-a3b"),
        (machine(32, card=12), "qwen3.6-35b-a3b"),
        (machine(64, card=24), "qwen3.8-27b"),
        (machine(16, unified=True), None),
        (machine(32, unified=True), "qwen3.6-35b-a3b"),
        (machine(96, unified=True), "qwen3.6-35b-a3b"),
        (machine(64), "qwen3.6-35b-a3b"),
    ],
)
def test_the_machines_that_people_have_get_what_suits_them(hardware, expected):
    found = best(choices(CATALOGUE, hardware))

    assert expected == (found and found.entry.name)
    if found:
        assert WANTED_TOKENS == found.fit.context_tokens


@given(st.integers(0, 512), st.integers(0, 96), st.booleans())
def test_what_is_recommended_always_fits_and_comes_first(ram, card, unified):
    found = choices(CATALOGUE, machine(ram, card, unified=unified))
    chosen = best(found)

    assert len(CATALOGUE.entries) == len(found)
    assert chosen is None or (chosen.of_use and chosen.fit.need_bytes <= chosen.fit.room_bytes)
    assert chosen is None or chosen == found[0]


def test_an_empty_catalogue_recommends_nothing():
    assert best(choices(Catalogue("2026-11-21", ()), machine(64, 24))) is None


def test_the_cost_is_told_in_disk_and_time():
    assert 56.0 == download_s(ENTRY.size_bytes)
    assert "0.7 GB of disk, and about 1 min at 100 Mbit/s" == cost_in_words(ENTRY)


def test_every_model_of_the_shipped_catalogue_is_of_a_family_that_is_known():
    for entry in CATALOGUE.entries:
        family = family_of(entry.file)
        assert family is not None, entry.name
        assert entry.family == family.name

"""Every setting says what it is about."""

from standby.core.settings.parse import SECTIONS, known
from standby.core.settings.values import Settings


def test_every_setting_is_explained_in_sentences():
    for one in known():
        assert one.about.words.endswith(".")
        assert one.about.words[0].isupper()


def test_every_section_is_read():
    assert [*SECTIONS] == [*Settings.__dataclass_fields__]

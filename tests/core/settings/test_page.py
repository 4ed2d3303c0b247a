"""The page names every setting, its default and its variable."""

from standby.core.settings.page import settings_page
from standby.core.settings.parse import known


def test_every_setting_has_a_heading():
    page = settings_page()

    for one in known():
        assert f"`{one.dotted}`\n" in page or f"`[[{one.dotted}]]`\n" in page


def test_a_setting_of_the_page_is_complete():
    assert (
        "### `gateway.port`\n\n"
        "The port to listen on; 0 picks a free one.\n\n"
        "* allowed: a whole number from 0 to 65535\n"
        "* default: `8484`\n"
        "* environment: `STANDBY_GATEWAY_PORT`\n"
    ) in settings_page()


def test_no_paragraph_of_the_page_is_taken_for_code():
    assert [] == [line for line in settings_page().splitlines() if line.startswith("    ")]


def test_what_has_no_default_must_be_given():
    assert "### `kind`\n\nWhich program it is.\n\n* allowed: lmstudio," in settings_page()
    assert 4 == settings_page().count("* required")

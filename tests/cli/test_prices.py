import json


def test_each_price_is_shown_with_the_day_of_the_table(standby):
    said = standby("prices")

    assert "claude-opus-5-5         4.000   20.000    5.000    0.200  2026-09-22" in said.out
    assert "as of 2026-" in said.err
    assert all(len(line) <= 100 for line in said.out.splitlines())


def test_json_names_the_source_of_each_line(standby):
    table = json.loads(standby("prices", "--json").out)

    assert all("https://" in line["source"] for line in table["prices"])

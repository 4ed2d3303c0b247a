"""``standby simulate``: the ledger under another policy, without a gateway."""

import asyncio
import json
import os
import re
import time
from pathlib import Path

import pytest

from standby.adapters.host.clock import SystemClock
from standby.adapters.ledger.sqlite import SqliteLedger
from standby.cli.simulate import lines
from standby.core.quota.windows import Window
from standby.core.request import Account
from standby.core.usage import Tokens
from standby.core.wire.json import loads
from tests.fakes.replays import HIGH, HOUR, LOW, NOW, entry, said

BEGIN = "<!-- what `standby simulate` prints, written by its test -->"
END = "<!-- end of what it prints, simulated -->"
WRITES = os.environ.get("STANDBY_WRITE_DOCS")  # a home of its own has none of ours
TOKENS = Tokens(2000, 800, 40_000, 3000)


@pytest.fixture
def booked(where):
    """A morning: of twenty turns the last found the quota spent."""
    begin = time.time() - 3 * HOUR - NOW

    async def run():
        ledger = SqliteLedger(where.ledger_file, SystemClock())
        await ledger.open()
        for number in range(1, 21):
            at = begin + 300 * number
            spent, is_low = number > 16, number % 2 == 0
            name = f"s{'low' if is_low else 'high'}"
            by = {"by": "local", "saved": True} if spent else {}
            ledger.book(entry(number, at, session=name, tokens=TOKENS, **by))
            ledger.decided(f"rq_{number}", said(LOW, 95) if is_low else said(HIGH, 3))
            used = min(number / 16, 1.0)
            window = Window("5h", used, NOW + begin + 4.9 * HOUR)
            ledger.saw(Account("a"), [window], NOW + at + 2)
        await ledger.close()

    where.make()
    asyncio.run(run())
    return begin


def test_what_would_have_changed_is_shown(standby, booked):
    shown = standby("simulate", "--mode", "spare", "--since", "1d")

    assert 0 == shown.code
    rows = {line[:22].strip(): line[22:].split() for line in shown.out.splitlines()}
    assert ["16", "10"] == rows["on the cloud"]
    assert ["2", "0"] == rows["of high value, here"]
    (window,) = (words for label, words in rows.items() if label.startswith("5h to"))
    assert "all" == window[0]
    assert window[1].endswith("%")
    assert all(len(line) <= 80 for line in shown.out.splitlines())


def test_a_file_says_what_to_replay_and_the_mode_goes_before_it(standby, booked, tmp_path):
    file = tmp_path / "other.toml"
    file.write_text('[policy]\nmode = "local"\n', encoding="utf-8")
    asked = ("simulate", "--policy", str(file), "--json")
    local = json.loads(standby(*asked).out)
    auto = json.loads(standby(*asked, "--mode", "auto").out)

    assert ("local", 0, 20) == (local["mode"], local["would"]["cloud"], local["would"]["local"])
    assert ("auto", auto["was"]) == (auto["mode"], auto["would"])
    assert auto["windows"][0]["used_was"] == auto["windows"][0]["used_would"]


def test_without_a_file_the_settings_say_what_to_replay(standby, booked, where):
    where.config_file.parent.mkdir(parents=True, exist_ok=True)
    where.config_file.write_text('[policy]\nmode = "cloud"\n', encoding="utf-8")

    assert "cloud" == json.loads(standby("simulate", "--json").out)["mode"]


def test_a_file_that_is_not_there_or_wrong_is_refused_with_its_place(standby, booked, tmp_path):
    missing = standby("simulate", "--policy", str(tmp_path / "none.toml"))
    wrong = tmp_path / "wrong.toml"
    wrong.write_text('[policy]\nmood = "spare"\n', encoding="utf-8")
    unknown = standby("simulate", "--policy", str(wrong))

    assert (1, 1) == (missing.code, unknown.code)
    assert "there is no such file" in missing.err
    assert f"{wrong}:2:" in unknown.err
    assert "policy.mood: no such setting" in unknown.err
    assert "" == missing.out == unknown.out


def test_nothing_to_replay_is_said(standby, where):
    empty = standby("simulate", "--mode", "spare")

    assert 1 == empty.code
    assert "nothing to replay" in empty.err
    assert 0 == json.loads(standby("simulate", "--mode", "spare", "--json").out)["requests"]


def test_the_guide_shows_what_is_printed(standby, booked):
    report = loads(standby("simulate", "--mode", "spare", "--since", "1d", "--json").out)
    for window in report["windows"]:
        window["resets_at"] = NOW
    rows = [*lines(report)]
    width = max(len(label) for label, _ in rows)
    shown = "\n".join(f"    {label:<{width}}  {words}".rstrip() for label, words in rows)
    shown = re.sub(r"5h to .{12}", "5h to 28 Nov 14:00", shown)  # wherever this runs

    page = Path(__file__).parents[2] / "docs" / "policy.md"
    text = page.read_text(encoding="utf-8")
    before, mark, rest = text.partition(BEGIN)
    _, closed, after = rest.partition(END)
    wanted = f"{before}{mark}\n\n{shown}\n\n{closed}{after}"
    if WRITES:
        page.write_text(wanted, encoding="utf-8")
    assert wanted == page.read_text(encoding="utf-8"), "STANDBY_WRITE_DOCS=1 writes it anew"


def test_what_is_no_result_has_no_lines():
    assert [] == [*lines({"was": 3})]

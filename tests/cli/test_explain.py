"""``standby explain``: out of the ledger, with or without a gateway."""

import asyncio
import json

from standby.adapters.host.clock import SystemClock
from standby.adapters.ledger.sqlite import SqliteLedger

SAID = {
    "facts": {"mode": "auto", "in a turn": True, "project": ["/a is ask", "/b is ask"]},
    "votes": [
        {"rule": "quota", "candidate": "cloud", "veto": False, "points": 100, "why": "it serves"},
        {"rule": "mode", "candidate": "desk/x", "veto": True, "points": 0, "why": "switched off"},
    ],
    "order": ["cloud"],
}


def decided(where, *requests):
    async def run():
        ledger = SqliteLedger(where.ledger_file, SystemClock())
        await ledger.open()
        for request in requests:
            ledger.decided(request, {**SAID, "facts": {**SAID["facts"], "model": request}})
        await ledger.close()

    where.make()
    asyncio.run(run())


def test_the_newest_request_is_explained(standby, where):
    decided(where, "rq_1", "rq_2")

    said = standby("explain")

    assert 0 == said.code
    rows = [line.split(maxsplit=1) for line in said.out.splitlines() if line]
    assert ["request", "rq_2"] == rows[0]
    assert ["quota", "+100 cloud: it serves"] in rows
    assert ["mode", "not desk/x: switched off"] in rows
    assert ["order", "cloud"] == rows[-1]
    assert said.out == standby("explain", "--last").out


def test_any_request_is_explained_by_its_id(standby, where):
    decided(where, "rq_1", "rq_2")

    said = json.loads(standby("explain", "rq_1", "--json").out)

    assert ("rq_1", ["cloud"]) == (said["request"], said["order"])


def test_what_is_not_kept_is_said(standby, where):
    decided(where, "rq_1")
    unknown = standby("explain", "rq_9")

    assert 1 == unknown.code
    assert "nothing is known of the request 'rq_9'" in unknown.err


def test_without_a_ledger_nothing_was_decided(standby, where):
    said = standby("explain")

    assert 1 == said.code
    assert "no request has come yet" in said.err
    assert "standby claude" in said.err

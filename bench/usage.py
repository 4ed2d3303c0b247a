"""How long the commands on usage take over a ledger of ten million requests.

The file is made in SQL, in the shape of three months of one busy person: sessions of 200 requests,
two cloud models, one local, twelve projects, a tenth answered here. The sums are made as a
migration makes them; then the triggers are set, and rows are booked on top as the gateway does it.
"""

import argparse
import json
import os
import re
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Sequence
from contextlib import closing
from itertools import chain
from pathlib import Path

import gateway
from machine import Noise, describe
from process import free_port

from standby.adapters.host.paths import HOME, paths
from standby.adapters.ledger.file import open_ledger
from standby.adapters.ledger.migrations.m0004_sums import FILL, TRIGGERS
from standby.adapters.ledger.rows import insert, row
from standby.adapters.ledger.schema import transaction
from standby.core.usage import Entry, Tokens

MARKED = re.compile(r"(<!-- usage:begin -->\n).*?(<!-- usage:end -->)", re.DOTALL)
DAYS = 89
USAGE_S, DATA_S = 0.3, 1.0
ROWS = """
INSERT INTO requests (id, at, session, account, requested, answered, served_by, why, outcome,
    status, input, output, cache_read, cache_write, first_token_s, duration_s, project, saved)
WITH RECURSIVE n (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i + 1 < :rows)
SELECT printf('rq_%d', i), :begin + i * :step, printf('session-%d', i / 200), 'account',
    iif(i % 5, 'claude-opus-5-5', 'claude-haiku-5-5'),
    iif(i % 2000 < 200, 'desk/coder', iif(i % 5, 'claude-opus-5-5', 'claude-haiku-5-5')),
    iif(i % 2000 < 200, 'local', 'cloud'),
    iif(i % 2000 < 200, 'the 5-hour limit is reached', 'the cloud serves'),
    'ok', 200, 900, i % 1500, 40000, 1000, 0.3 + (i % 97) / 40.0, 4.0 + (i % 31),
    printf('/home/me/work/project-%d', i / 200 % 12), i % 2000 < 200
FROM n
"""


def build(path: Path, rows: int) -> dict[str, float]:
    """Make the ledger; return the seconds of each step."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    began = time.time()
    spent = {}
    with closing(open_ledger(path, check=False)) as connection:
        for name in TRIGGERS:
            connection.execute(f"DROP TRIGGER {name}")
        connection.execute("PRAGMA synchronous = OFF")
        values = {"rows": rows, "begin": began - DAYS * 86_400, "step": DAYS * 86_400 / rows}
        for what, statements in {"rows": [ROWS], "sums": FILL}.items():
            begun = time.perf_counter()
            with transaction(connection):
                for statement in statements:
                    connection.execute(statement, values if statement is ROWS else {})
            spent[what] = time.perf_counter() - begun
        for statement in TRIGGERS.values():
            connection.execute(statement)
        samples = [
            ("account", name, began - i * 400, (i % 90) / 100, began + 3600)
            for name in ("5h", "7d")
            for i in range(5000)
        ]
        connection.executemany("INSERT INTO windows VALUES (?, ?, ?, ?, ?)", samples)
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    return spent


def booked_us(path: Path, count: int = 5000) -> float:
    """Return the microseconds to book a row, sums and all, fifty at a time."""
    one = Entry(
        *("x", time.time(), "session-x", "account", "claude-opus-5-5", "claude-opus-5-5"),
        *("cloud", "the cloud serves", "ok", 200, Tokens(900, 500, 40_000, 1000), 1.0, 5.0),
    )
    rows = [("x" + str(i), *row(one)[1:]) for i in range(count)]
    with closing(open_ledger(path, check=False)) as connection:
        began = time.perf_counter()
        for at in range(0, count, 50):
            with transaction(connection):
                connection.execute(insert(50), [*chain.from_iterable(rows[at : at + 50])])
        return (time.perf_counter() - began) / count * 1e6


def median_s(work: Callable[[], object], times: int) -> float:
    taken = []
    for _ in range(times + 1):
        began = time.perf_counter()
        work()
        taken.append(time.perf_counter() - began)
    return statistics.median(taken[1:])  # the first one reads the files into memory


def command(home: Path, *arguments: str) -> Callable[[], object]:
    environment = {"PATH": os.environ["PATH"], "HOME": str(home), HOME: str(home)}
    words = [sys.executable, "-m", "standby", *arguments]
    return lambda: subprocess.run(words, env=environment, capture_output=True, check=True)


def page(url: str, token: str, target: str) -> Callable[[], object]:
    def ask() -> bytes:
        request = urllib.request.Request(url + target, headers={"x-standby-token": token})
        with urllib.request.urlopen(request, timeout=30) as answer:
            return answer.read()

    return ask


def measured(home: Path, times: int) -> dict[str, tuple[float, float | None]]:
    """Return the seconds of each trial, and its limit where it has one."""
    found: dict[str, tuple[float, float | None]] = {}

    def told(name: str, work: Callable[[], object], limit: float | None) -> None:
        found[name] = (median_s(work, times), limit)
        print(f"{name:<52} {found[name][0]:7.3f} s", flush=True)

    ways = {
        "standby usage": ["usage"],
        "standby usage --by session": ["usage", "--by", "session"],
        "standby usage --since 30d --by day": ["usage", "--since", "30d", "--by", "day"],
        "standby usage --since 90d --by project": ["usage", "--since", "90d", "--by", "project"],
        "standby usage --since 90d --by session": ["usage", "--since", "90d", "--by", "session"],
        "standby log": ["log"],
    }
    told(
        "an empty Python", lambda: subprocess.run([sys.executable, "-c", "pass"], check=True), None
    )
    for name, words in ways.items():
        told(f"{name}, no gateway", command(home, *words), USAGE_S if words == ["usage"] else None)
    with gateway.relay(home, free_port(), {}) as (line, _):
        told("standby usage, gateway up", command(home, "usage"), USAGE_S)
        token = line.headers["x-standby-token"]
        now = time.time()
        for since, by in ((7, "model"), (7, "hour"), (30, "day"), (89, "hour"), (89, "session")):
            target = f"/standby/usage?by={by}&since={now - since * 86_400:.0f}"
            told(f"GET /standby/usage, {since} days by {by}", page(line.url, token, target), DATA_S)
    return found


def section(about_it: str, us: float, found: dict[str, tuple[float, float | None]]) -> str:
    about = describe()
    head = ", ".join(f"{name} {value}" for name, value in about.items() if name != "date")
    lines = [
        f"{about['date']}; {head}; {about_it}. Medians.",
        "",
        "| what | time | limit |",
        "| --- | ---: | ---: |",
    ]
    for name, (seconds, limit) in found.items():
        bound = "" if limit is None else f"{limit:g} s{'' if seconds < limit else ' **missed**'}"
        lines.append(f"| {name} | {seconds:.3f} s | {bound} |")
    lines.append(f"| booking a row, with its sums | {us:.0f} µs | |")
    return "\n".join(lines)


def write(figures: str, page: Path) -> None:
    """Put the figures between the marks of a page."""
    text = page.read_text(encoding="utf-8")
    if not MARKED.search(text):
        raise ValueError(f"{page} has no place marked for the figures")
    page.write_text(MARKED.sub(lambda m: f"{m[1]}\n{figures}\n\n{m[2]}", text), encoding="utf-8")


def main(arguments: Sequence[str] | None = None) -> int:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--rows", type=int, default=10_000_000)
    options.add_argument("--times", type=int, default=5)
    options.add_argument("--home", type=Path, help="Keep the ledger here, or use the one there.")
    options.add_argument("--write", type=Path, help="Put the figures into this page.")
    chosen = options.parse_args(arguments)
    with tempfile.TemporaryDirectory() as folder:
        home = chosen.home or Path(folder)
        ledger = paths({HOME: str(home)}).ledger_file
        noise = Noise()
        if not ledger.exists():
            spent = build(ledger, chosen.rows)
            print(f"made in {spent['rows']:.0f} s, sums in {spent['sums']:.0f} s", flush=True)
        with closing(sqlite3.connect(ledger)) as connection:
            [(rows,)] = connection.execute("SELECT max(seq) FROM requests").fetchall()
        us = booked_us(ledger)
        print(f"booking a row, with its sums: {us:.0f} µs")
        found = measured(home, chosen.times)
        if chosen.write:
            load = noise.since()["load_average"]
            size = f"{rows:,} rows, {ledger.stat().st_size / 2**30:.1f} GiB; load {load}"
            write(section(size, us, found), chosen.write)
        print(json.dumps(describe() | noise.since()))
        return int(any(limit is not None and took >= limit for took, limit in found.values()))


if __name__ == "__main__":
    sys.exit(main())

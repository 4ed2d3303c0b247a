"""Credentials become fingerprints, and nothing of them is ever written down."""

import asyncio
import dataclasses
import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from standby.adapters.host.fingerprints import KeyedFingerprints
from standby.core.redact import Secret
from standby.core.wire.json import loads
from standby.ports import Fingerprints

pytestmark = pytest.mark.anyio

DAY_S = 86_400.0
KEY = b"k" * 32
CANARY = "sk-ant-api03-canary-4711-do-not-write-me-down"


@dataclasses.dataclass
class Hands:
    """A clock set by hand."""

    at: float = 1_800_000_000.0

    def now(self):
        return self.at

    def ticks(self):
        return self.at

    def told(self, at):
        return str(at)


@pytest.fixture
def clock():
    return Hands()


@pytest.fixture
def make(tmp_path, clock):
    return lambda: KeyedFingerprints(KEY, clock, tmp_path / "accepted.json")


def test_it_keeps_the_port(make):
    port: Fingerprints = make()

    assert 32 == len(port.account("bearer", Secret("x")))


def test_a_fingerprint_depends_on_kind_credential_and_key(tmp_path, clock):
    def account(key, kind, credential):
        return KeyedFingerprints(key, clock, tmp_path / "x").account(kind, Secret(credential))

    same = account(KEY, "bearer", "a")
    others = {
        account(KEY, "x-api-key", "a"),
        account(KEY, "bearer", "b"),
        account(b"l" * 32, "bearer", "a"),
    }

    assert same == account(KEY, "bearer", "a")
    assert 4 == len({same} | others)


@given(st.text(min_size=4))
def test_a_fingerprint_holds_nothing_of_the_credential(credential):
    account = KeyedFingerprints(KEY, Hands(), None).account("bearer", Secret(credential))

    assert set(account) <= set("0123456789abcdef")
    assert 32 == len(account)


def test_what_the_cloud_accepted_is_remembered_until_it_is_rejected(make):
    prints = make()
    account = prints.account("bearer", Secret("a"))

    assert not prints.remembered(account)
    prints.accepted(account)
    assert prints.remembered(account)
    prints.rejected(account)
    assert not prints.remembered(account)


def test_what_was_not_accepted_for_a_month_is_forgotten(make, clock):
    prints = make()
    account = prints.account("bearer", Secret("a"))
    prints.accepted(account)

    clock.at += 29 * DAY_S
    assert prints.remembered(account)
    prints.accepted(account)
    clock.at += 29 * DAY_S
    assert prints.remembered(account)
    clock.at += 2 * DAY_S
    assert not prints.remembered(account)


def test_a_clock_that_is_set_back_an_hour_forgets_nothing(make, clock):
    prints = make()
    account = prints.account("bearer", Secret("a"))
    prints.accepted(account)

    clock.at -= 3600

    assert prints.remembered(account)


def test_of_too_many_the_least_recently_used_goes(make):
    prints = make()
    accounts = [prints.account("bearer", Secret(str(number))) for number in range(65)]
    for account in accounts[:64]:
        prints.accepted(account)
    assert prints.remembered(accounts[0])

    prints.accepted(accounts[64])

    assert not prints.remembered(accounts[1])
    assert [True] * 64 == [prints.remembered(one) for one in (accounts[0], *accounts[2:])]


async def test_what_was_saved_is_remembered_by_the_next(make, clock):
    prints = make()
    kept, gone = (prints.account("x-api-key", Secret(name)) for name in "ab")
    prints.accepted(kept)
    prints.accepted(gone)
    await prints.flush()
    prints.rejected(gone)
    await prints.flush()
    clock.at += 1

    again = make()
    await again.load()

    assert again.remembered(kept)
    assert not again.remembered(gone)


async def test_on_disk_there_are_fingerprint_kind_and_times_and_nothing_else(make, tmp_path, clock):
    prints = make()
    account = prints.account("x-api-key", Secret(CANARY))
    prints.accepted(account)
    clock.at += 2 * 3600
    prints.accepted(account)

    await prints.flush()

    [path] = tmp_path.iterdir()
    text = path.read_text()
    assert {
        "accepted": [
            {
                "fingerprint": account,
                "kind": "x-api-key",
                "first": clock.at - 2 * 3600,
                "last": clock.at,
            }
        ]
    } == loads(text)
    assert not [at for at in range(len(CANARY) - 11) if CANARY[at : at + 12] in text]
    assert os.name != "posix" or path.stat().st_mode & 0o777 == 0o600


async def test_a_credential_in_use_is_written_once_an_hour_at_most(make, tmp_path, clock):
    prints = make()
    account = prints.account("bearer", Secret("a"))
    prints.accepted(account)
    await prints.flush()
    (tmp_path / "accepted.json").unlink()

    clock.at += 3000
    prints.accepted(account)
    await prints.flush()
    assert [] == [*tmp_path.iterdir()]

    clock.at += 700
    prints.accepted(account)
    await prints.flush()
    assert ["accepted.json"] == [path.name for path in tmp_path.iterdir()]


@pytest.mark.parametrize(
    "text", ["", "[", "[]", '{"accepted": 3}', '{"accepted": [3, {"fingerprint": "a"}]}']
)
async def test_a_file_that_cannot_be_read_is_an_empty_one(make, tmp_path, text):
    (tmp_path / "accepted.json").write_text(text)
    (tmp_path / "accepted.json").chmod(0o600)
    prints = make()

    await prints.load()

    account = prints.account("bearer", Secret("a"))
    prints.accepted(account)
    await prints.flush()
    again = make()
    await again.load()
    assert again.remembered(account)


@pytest.mark.skipif(os.name != "posix", reason="modes are of POSIX")
async def test_a_file_that_others_could_write_makes_nobody_known(make, tmp_path, caplog):
    prints = make()
    account = prints.account("bearer", Secret("a"))
    prints.accepted(account)
    await prints.flush()
    (tmp_path / "accepted.json").chmod(0o666)

    again = make()
    await again.load()

    assert not again.remembered(account)
    assert "forgotten" in caplog.text


async def test_a_disk_that_refuses_is_tried_again(clock, tmp_path, caplog):
    folder = tmp_path / "later"
    prints = KeyedFingerprints(KEY, clock, folder / "accepted.json")
    account = prints.account("bearer", Secret(CANARY))
    prints.accepted(account)

    await prints.flush()
    assert "could not be saved" in caplog.text
    assert CANARY not in caplog.text

    folder.mkdir()
    await prints.flush()
    assert (folder / "accepted.json").exists()


async def test_what_changes_is_saved_as_it_changes(make, tmp_path):
    prints = make()
    account = prints.account("bearer", Secret("a"))

    async def saved(true):
        async with asyncio.timeout(5):
            while not true():  # noqa: ASYNC110  # a file has no event
                await asyncio.sleep(0.005)

    async with asyncio.TaskGroup() as group:
        keeping = group.create_task(prints.keep())
        prints.accepted(account)
        path = tmp_path / "accepted.json"
        await saved(lambda: path.exists() and account in path.read_text())
        prints.rejected(account)
        await saved(lambda: account not in path.read_text())
        keeping.cancel()

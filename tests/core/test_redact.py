"""A secret leaves through one method only."""

import copy
import dataclasses
import io
import logging
import pickle
import pprint
import traceback

import pytest

from standby.core.redact import Secret
from standby.core.wire.json import dumps

CANARY = "canary-7f3a"


@dataclasses.dataclass
class Holder:
    secret: Secret


PRINTED = [
    repr,
    str,
    format,
    ascii,
    pprint.pformat,
    lambda secret: f"{secret}",
    lambda secret: f"{secret!r:>40}",
    lambda secret: "%s %r" % (secret, secret),  # noqa: UP031 - one of the ways
    "{0} {0!s:.3}".format,
    lambda secret: repr([{"key": secret}]),
    lambda secret: repr(Holder(secret)),
]


@pytest.mark.parametrize("way", PRINTED, ids=range(len(PRINTED)))
def test_a_secret_cannot_be_printed(way):
    shown = way(Secret(CANARY))

    assert "•" in shown or ascii("•")[1:-1] in shown
    assert CANARY not in shown


WRITTEN = [
    *(lambda secret, n=n: pickle.dumps(secret, n) for n in range(pickle.HIGHEST_PROTOCOL + 1)),
    copy.copy,
    copy.deepcopy,
    lambda secret: dataclasses.asdict(Holder(secret)),
    lambda secret: dumps({"key": secret}),
    vars,
    hash,
    lambda secret: {secret},
]


@pytest.mark.parametrize("way", WRITTEN, ids=range(len(WRITTEN)))
def test_a_secret_cannot_be_written_down(way):
    with pytest.raises(TypeError) as raised:
        way(Secret(CANARY))

    assert CANARY not in str(raised.value)


def test_a_secret_is_not_logged():
    said = io.StringIO()
    handler = logging.StreamHandler(said)
    record = logging.LogRecord("x", logging.ERROR, "", 0, "a %s %r", (Secret(CANARY),) * 2, None)
    handler.emit(record)

    assert "a ••• •••\n" == said.getvalue()


def test_a_traceback_with_locals_does_not_show_it():
    def fails(secret):
        raise RuntimeError(f"failed with {secret}")

    with pytest.raises(RuntimeError) as raised:
        fails(Secret(CANARY))

    shown = "".join(
        traceback.TracebackException.from_exception(raised.value, capture_locals=True).format()
    )
    assert "secret = •••" in shown
    assert f"'{CANARY}'" not in shown


def test_it_is_revealed_to_whoever_asks_by_name():
    assert CANARY == Secret(CANARY).reveal()


def test_an_empty_secret_is_none_at_all():
    assert not Secret("")
    assert Secret(CANARY)

"""The token and the key are made once, kept to ourselves and compared blindly."""

import os
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from standby.adapters.host.private import UnsafeFileError
from standby.adapters.host.secrets import installation_key, rotation, same_secret, token
from standby.core.redact import Secret


def test_a_token_is_made_once(tmp_path):
    first = token(tmp_path / "token")

    assert re.fullmatch(r"[A-Za-z0-9_-]{43}", first.reveal())
    assert first.reveal() == token(tmp_path / "token").reveal()


def test_two_machines_have_two_tokens(tmp_path):
    assert token(tmp_path / "a").reveal() != token(tmp_path / "b").reveal()


def test_a_rotated_token_takes_the_place_of_the_old_one(tmp_path):
    old = token(tmp_path / "token")
    with rotation(tmp_path / "token") as put:
        assert old.reveal() == token(tmp_path / "token").reveal()
        put()

    assert old.reveal() != token(tmp_path / "token").reveal()
    assert ["token"] == [path.name for path in tmp_path.iterdir()]


@pytest.mark.skipif(os.name != "posix", reason="modes are of POSIX")
def test_a_token_that_others_may_know_is_refused_until_it_is_replaced(tmp_path):
    token(tmp_path / "token")
    (tmp_path / "token").chmod(0o644)

    with pytest.raises(UnsafeFileError, match="must be 0600"):
        token(tmp_path / "token")

    with rotation(tmp_path / "token") as put:
        put()
    assert token(tmp_path / "token")


@pytest.mark.parametrize("held", [b"", b"short\n", b"x" * 42 + b"\xff", b"a" * 43 + b"\n\n"])
def test_what_is_no_token_is_none(tmp_path, held):
    (tmp_path / "token").write_bytes(held)
    (tmp_path / "token").chmod(0o600)

    with pytest.raises(UnsafeFileError, match="does not hold a token"):
        token(tmp_path / "token")


def test_a_key_is_made_once(tmp_path):
    first = installation_key(tmp_path / "key")

    assert 32 == len(first)
    assert first == installation_key(tmp_path / "key")


def test_what_is_no_key_is_none(tmp_path):
    (tmp_path / "key").write_bytes(b"short")
    (tmp_path / "key").chmod(0o600)

    with pytest.raises(UnsafeFileError, match="does not hold a key"):
        installation_key(tmp_path / "key")


@given(st.text(), st.text(alphabet=st.characters()))
def test_only_the_same_secret_is_the_same(secret, said):
    assert (secret == said and secret != "") == same_secret(Secret(secret), said)


@given(st.text(min_size=1))
def test_a_secret_is_the_same_as_itself(secret):
    assert same_secret(Secret(secret), secret)


def test_half_a_surrogate_is_no_reason_to_fail():
    assert not same_secret(Secret("a"), "\udc80")

"""Who asks, as each kind of client says it."""

import pytest

from standby.testing.accounts import API_KEY, EVERYBODY, SUBSCRIPTION, TOKEN, Denied, who

BETA = ("anthropic-beta", "a, oauth-2025-04-20")


def key(account):
    return ("X-Api-Key", account.credential)


def bearer(account):
    return ("Authorization", f"Bearer {account.credential}")


@pytest.mark.parametrize(
    ("headers", "account"),
    [
        ((key(API_KEY),), API_KEY),
        ((bearer(API_KEY),), API_KEY),
        ((bearer(API_KEY), key(API_KEY)), API_KEY),
        ((bearer(SUBSCRIPTION), BETA), SUBSCRIPTION),
        ((bearer(SUBSCRIPTION), ("anthropic-beta", "a"), BETA), SUBSCRIPTION),
        ((bearer(TOKEN),), TOKEN),
        ((bearer(TOKEN), ("x-api-key", "something else")), TOKEN),
        ((("authorization", f"bearer {TOKEN.credential}"),), TOKEN),
    ],
)
def test_an_account_is_known_by_what_its_clients_send(headers, account):
    assert account is who(headers, EVERYBODY)


@pytest.mark.parametrize(
    ("headers", "why"),
    [
        ((), "x-api-key header is required"),
        ((("x-api-key", ""),), "x-api-key header is required"),
        ((key(TOKEN),), "invalid x-api-key"),
        ((key(SUBSCRIPTION), BETA), "invalid x-api-key"),
        ((bearer(SUBSCRIPTION),), "OAuth authentication is currently not supported."),
        ((("authorization", f"Basic {TOKEN.credential}"),), "x-api-key header is required"),
        ((("authorization", "Bearer x"),), "Invalid bearer token"),
    ],
)
def test_anybody_else_is_denied(headers, why):
    assert Denied(why) == who(headers, EVERYBODY)


def test_a_credential_is_not_shown():
    assert API_KEY.credential not in repr(API_KEY)

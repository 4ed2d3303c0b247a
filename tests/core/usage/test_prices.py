import pytest

from standby.adapters.host.prices_file import shipped_prices
from standby.core.usage import Tokens
from standby.core.usage.prices import PricesError, prices_json, read_prices

MILLION = 1_000_000
LINE = {
    "model": "claude-a",
    "input": 4.0,
    "output": 20.0,
    "cache_write": 5.0,
    "cache_read": 0.2,
    "since": "2026-09-22",
    "source": "https://example.com",
}
TABLE = {"dated": "2026-11-28", "currency": "USD", "per_tokens": MILLION, "prices": [LINE]}


def test_each_kind_of_token_has_its_price():
    prices = read_prices(TABLE)

    assert 4.0 == prices.cost("claude-a", Tokens(input=MILLION))
    assert 20.0 == prices.cost("claude-a", Tokens(output=MILLION))
    assert 0.2 == prices.cost("claude-a", Tokens(cache_read=MILLION))
    assert 5.0 == prices.cost("claude-a", Tokens(cache_write=MILLION))
    assert 0.0 == prices.cost("claude-a", Tokens())


@pytest.mark.parametrize("name", ["claude-a", "Claude-A", "claude-a-20260922", "claude-a[1m]"])
def test_a_dated_release_and_the_long_window_cost_the_same(name):
    assert 4.0 == read_prices(TABLE).cost(name, Tokens(input=MILLION))


@pytest.mark.parametrize("name", ["claude-a-5", "claude", "local/coder", ""])
def test_a_model_that_is_not_in_the_table_has_no_price(name):
    assert read_prices(TABLE).cost(name, Tokens(input=MILLION)) is None


@pytest.mark.parametrize(
    "said",
    [
        None,
        {**TABLE, "currency": "EUR"},
        {**TABLE, "prices": [{**LINE, "input": -1.0}]},
        {**TABLE, "prices": [{**LINE, "source": None}]},
        {**TABLE, "prices": ["x"]},
    ],
)
def test_a_table_that_is_none_is_refused(said):
    with pytest.raises(PricesError):
        read_prices(said)


def test_the_shipped_table_is_dated_and_every_line_has_a_source():
    shipped = shipped_prices()

    assert 10 == len(shipped.dated)
    assert all("https://" in price.source for price in shipped.by_model.values())
    assert 4.0 == shipped.cost("claude-opus-5-5", Tokens(input=MILLION))
    assert prices_json(shipped) == prices_json(read_prices(prices_json(shipped)))

import csv
import io

from standby.cli.usage.sheet import sheet


def read(groups):
    return list(csv.DictReader(io.StringIO(sheet({"groups": groups}))))


def test_each_group_is_a_line_with_a_head():
    [one] = read([{"key": "opus", "requests": 5, "cloud_cost_usd": 1.5, "tokens_per_s": None}])

    assert ("opus", "5", "1.5", "", "") == (
        one["key"],
        one["requests"],
        one["cloud_cost_usd"],
        one["tokens_per_s"],
        one["ok"],
    )


def test_a_name_is_no_formula():
    assert ["'=1+1", "a,b"] == [one["key"] for one in read([{"key": "=1+1"}, {"key": "a,b"}])]

from standby.cli.usage.said import each, number, part, text, whole


def test_what_is_not_there_or_something_else_is_empty():
    for said in (None, [], "x", {}, {"a": None}, {"a": {}}, {"a": True}):
        assert ([], None, "", 0) == (
            each(said, "a"),
            number(said, "a"),
            text(said, "a"),
            whole(said, "a"),
        )


def test_what_is_there_is_told():
    said = {"list": [1], "number": 1.5, "text": "t", "part": {"a": 1}}

    assert ([1], 1.5, "t", 1, {"a": 1}) == (
        each(said, "list"),
        number(said, "number"),
        text(said, "text"),
        whole(said, "number"),
        part(said, "part"),
    )

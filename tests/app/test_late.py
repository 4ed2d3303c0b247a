"""Names that are found out late are found out once, and only if somebody wants them."""

from standby.app.late import Late


class Finds:
    def __init__(self, *names):
        self.names = names
        self.times = 0

    def __call__(self):
        self.times += 1
        return self.names


def test_the_first_are_there_without_the_others():
    finds = Finds("b")
    late = Late(("a",), finds)

    assert "a" in late
    assert "a" == next(iter(late))
    assert 0 == finds.times


def test_the_others_follow_and_are_found_out_once():
    finds = Finds("a", "c", "b")
    late = Late(("a",), finds)

    assert ["a", "c", "b"] == [*late] == [*late]
    assert "b" in late
    assert "d" not in late
    assert 3 == len(late)
    assert 1 == finds.times

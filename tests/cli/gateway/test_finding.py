import pytest

from standby.adapters.host.paths import paths
from standby.cli.gateway import Absent, GatewayError, Genuine, Impostor, find, genuine, status
from tests.fakes.gateway import running_gateway


@pytest.fixture
def where(tmp_path):
    return paths({"STANDBY_HOME": str(tmp_path)})


def test_where_nothing_was_announced_none_runs(where):
    assert find(where) == Absent()


def test_one_that_knows_the_token_is_believed_and_is_not_told_it_for_that(where):
    with running_gateway(where) as fake:
        found = find(where)

    assert isinstance(found, Genuine)
    assert fake.url == found.running.url
    assert fake.token.reveal() not in str(fake.requests)


def test_each_proof_is_asked_for_anew(where):
    with running_gateway(where) as fake:
        find(where)
        find(where)

    first, second = (path for path, _ in fake.requests)
    assert first != second


def test_one_that_does_not_know_the_token_is_an_impostor(where):
    with running_gateway(where, knows_token=False):
        assert isinstance(find(where), Impostor)


def test_without_a_token_of_our_own_nobody_is_believed_and_none_is_made(where):
    with running_gateway(where):
        where.token_file.unlink()

        assert isinstance(find(where), Impostor)
        assert not where.token_file.exists()


def test_a_secret_is_not_shown_with_what_was_found(where):
    with running_gateway(where) as fake:
        assert fake.token.reveal() not in repr(find(where))


def test_a_status_that_is_no_object_is_an_error_in_words(where):
    with running_gateway(where, says=["oops"]), pytest.raises(GatewayError, match="answered with"):
        status(genuine(where))

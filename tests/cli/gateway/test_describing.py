from standby.cli.gateway import Model, model_rows

PLAIN = ("embedded/x", "", 8192, None, None, False, "2 threads")


def test_a_model_that_is_run_as_it_would_be_by_itself_is_not_remarked_on():
    assert [] == list(model_rows(Model(*PLAIN)))


def test_what_is_particular_about_a_model_is_said_in_rows_of_its_own():
    rows = [*model_rows(Model(*PLAIN, "batches of 64", "a smaller window than it says"))]

    assert [
        ("", "tuned by measurement: batches of 64", "dim"),
        ("", "a smaller window than it says", "poor"),
    ] == rows

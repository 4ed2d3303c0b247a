from hypothesis import given
from hypothesis import strategies as st

from standby.app.client_environment import (
    BASE_URL,
    HEADERS,
    client_variables,
    elsewhere,
    foreign_base_url,
    overruled,
)
from standby.core.redact import Secret

URL = "http://127.0.0.1:8484"
CLOUD = "https://api.anthropic.com"
TOKEN = Secret("t0ken")
OURS = "x-standby-token: t0ken"
KNOWN = (
    BASE_URL,
    HEADERS,
    "API_TIMEOUT_MS",
    "API_FORCE_IDLE_TIMEOUT",
    "CLAUDE_STREAM_IDLE_TIMEOUT_MS",
    "CLAUDE_BYTE_STREAM_IDLE_TIMEOUT_MS",
    "CLAUDE_CODE_GATEWAY_HINT_HEADERS",
    "CLAUDE_CODE_ENABLE_GATEWAY_MODEL_DISCOVERY",
)
environments = st.dictionaries(st.sampled_from((*KNOWN, "PATH", "LANG")), st.text())
names = st.from_regex(r"[A-Za-z][A-Za-z0-9-]{0,20}", fullmatch=True)
lines = st.builds("{}: {}".format, names, st.from_regex(r"[ -~]{0,20}", fullmatch=True))
theirs = st.lists(lines.filter(lambda line: not line.lower().startswith("x-standby-token")))


@given(environments)
def test_only_variables_that_are_ours_to_set_are_set(environment):
    variables = client_variables(environment, url=URL, token=TOKEN)

    assert set(variables) <= set(KNOWN)
    assert URL == variables[BASE_URL]


@given(environments)
def test_what_the_user_has_set_stays_except_where_requests_go(environment):
    variables = client_variables(environment, url=URL, token=TOKEN)

    assert {BASE_URL, HEADERS} >= set(variables) & set(environment)
    assert set(KNOWN) == set(variables) | (set(environment) & set(KNOWN))


@given(theirs, st.sampled_from(["x-standby-token: old", "X-Standby-Token:older", ""]), st.data())
def test_the_users_headers_stay_in_order_and_ours_is_there_once(theirs, old, data):
    place = data.draw(st.integers(0, len(theirs)))
    said = "\n".join([*theirs[:place], *([old] if old else []), *theirs[place:]])

    variables = client_variables({HEADERS: said}, url=URL, token=TOKEN)

    assert [*theirs, OURS] == variables[HEADERS].split("\n")


def test_the_project_is_said_once_in_letters_that_a_header_can_hold():
    outer = client_variables({}, url=URL, token=TOKEN, project="/elsewhere")
    variables = client_variables(
        {HEADERS: f"X-A: b\n{outer[HEADERS]}"}, url=URL, token=TOKEN, project="/ü b\n\\c:%"
    )

    assert [
        *("X-A: b", OURS),
        "x-standby-project: /%C3%BC b%0A\\c:%25",
    ] == variables[HEADERS].split("\n")


def test_where_the_project_is_not_known_none_is_said():
    outer = client_variables({}, url=URL, token=TOKEN, project="/elsewhere")

    assert OURS == client_variables(outer, url=URL, token=TOKEN)[HEADERS]


@given(environments)
def test_setting_them_twice_is_setting_them_once(environment):
    once = {**environment, **client_variables(environment, url=URL, token=TOKEN)}
    twice = {**once, **client_variables(once, url=URL, token=TOKEN)}

    assert once == twice


def test_a_base_url_of_somebody_else_is_noticed_and_ours_is_not():
    def seen(said):
        return foreign_base_url({BASE_URL: said}, url=URL, cloud_url=CLOUD)

    assert "https://gateway.example.com" == seen("https://gateway.example.com/")
    assert [None] * 4 == [seen(""), seen(URL), seen(URL + "/"), seen(CLOUD)]


def test_settings_of_the_client_that_win_over_ours_are_noticed():
    variables = {BASE_URL: "https://elsewhere.example", HEADERS: "x-team: a"}

    assert [BASE_URL, HEADERS] == [one.variable for one in overruled("file", variables, url=URL)]


def test_settings_of_the_client_that_lead_to_us_are_in_order():
    variables = {BASE_URL: URL + "/", HEADERS: f"x-team: a\n{OURS}", "LANG": "C"}

    assert [] == list(overruled("file", variables, url=URL))


def test_another_provider_is_noticed_unless_it_is_switched_off():
    on = {"CLAUDE_CODE_USE_BEDROCK": "1", "CLAUDE_CODE_USE_VERTEX": "0"}

    assert ["CLAUDE_CODE_USE_BEDROCK"] == [one.variable for one in elsewhere("shell", on)]


def test_the_local_model_is_one_more_row_of_the_menu_unless_the_user_has_one():
    row = "ANTHROPIC_CUSTOM_MODEL_OPTION"
    words = "coder on desk · 64k"
    variables = client_variables({}, url=URL, token=TOKEN, stand_in=words)
    theirs = client_variables({row: "mine"}, url=URL, token=TOKEN, stand_in=words)

    assert ("claude-local", words) == (variables[row], variables[f"{row}_NAME"])
    assert not [name for name in theirs if name.startswith(row)]
    assert not [n for n in client_variables({}, url=URL, token=TOKEN) if n.startswith(row)]

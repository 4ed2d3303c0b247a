"""What must not stand in the source, whatever a linter thinks of it."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SOURCES = sorted((ROOT / "src").rglob("*.py"))
BANNED = {
    "a shell": r"shell\s*=\s*True|os\.(system|popen)\(|subprocess_shell",
    "code out of text": r"(?<![\w.\"'`])(eval|exec)\(",
    "objects out of bytes": r"^\s*(import|from) (pickle|marshal|shelve|dill|cloudpickle)\b",
    "tags that make objects": r"yaml\.(unsafe_)?load\(",
    "no verification": r"(verify|check_hostname)\s*=\s*False|CERT_NONE|_create_unverified",
    "tls that is switched off": r"ssl\s*=\s*False",
    "a secret compared letter by letter": (
        r"(==|!=)\s*(\w+\.)*(token|secret|credential)\b(?!\s*[.(\[=\w])"
        r"|\b(token|secret|credential)(\.reveal\(\))?\s*(==|!=)"
    ),
    "redirects that are followed": r"allow_redirects\s*=\s*True",
    "the environment of anybody": r"trust_env\s*=\s*True",
    "templates of a model": r"^\s*(import|from) (jinja2|torch|transformers)\b|trust_remote_code",
}
CAUGHT = {
    "a shell": "run(line, shell=True)",
    "code out of text": "value = eval(text)",
    "objects out of bytes": "import pickle",
    "tags that make objects": "yaml.load(text)",
    "no verification": "get(url, verify=False)",
    "tls that is switched off": "TCPConnector(ssl=False)",
    "a secret compared letter by letter": "if given == token:",
    "redirects that are followed": "get(url, allow_redirects=True)",
    "the environment of anybody": "ClientSession(trust_env=True)",
    "templates of a model": "from jinja2 import Template",
}


@pytest.mark.parametrize("name", BANNED)
def test_what_is_banned_is_nowhere(name):
    found = [
        f"{path.relative_to(ROOT)}:{number}: {line.strip()}"
        for path in SOURCES
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if re.search(BANNED[name], line)
    ]

    assert [] == found


@pytest.mark.parametrize("name", BANNED)
def test_what_is_banned_would_be_found(name):
    assert re.search(BANNED[name], CAUGHT[name])


def test_every_connection_to_a_peer_says_that_it_follows_no_redirect():
    """aiohttp follows them by default, and hands ``x-api-key`` to wherever they lead."""
    asks = re.compile(r"\b(client|http|session)\.(get|post|request)\(")
    loose = [
        f"{path.relative_to(ROOT)}: {found[0]}"
        for path in SOURCES
        for text in [path.read_text(encoding="utf-8")]
        for found in asks.finditer(text)
        if "allow_redirects=False" not in text[found.start() : found.start() + 500]
    ]

    assert [] == loose


def test_the_check_runs_bandit():
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    recipe = makefile.partition("\ncheck:")[2].partition("\n\n")[0]

    assert "bandit --recursive src" in recipe
    assert "pytest --quiet tests/security" in recipe

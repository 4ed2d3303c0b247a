"""Which use case a request is for."""

import pytest

from standby.core.request import Request
from standby.server.messages import MessagesDoor
from tests.fakes.line import KNOWN, Tape

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize(
    ("method", "target", "use_case"),
    [
        ("POST", "/v1/messages", "answer"),
        ("POST", "/v1/messages?beta=true", "answer"),
        ("POST", "/v1/messages/count_tokens", "count"),
        ("POST", "/v1/messages/count_tokens?beta=true", "count"),
        ("GET", "/v1/models", "models"),
        ("GET", "/v1/models?limit=1000", "models"),
        ("GET", "/v1/messages", "otherwise"),
        ("post", "/v1/messages", "otherwise"),
        ("POST", "/v1/messages/", "otherwise"),
        ("POST", "/v1//messages", "otherwise"),
        ("POST", "/v1/messages%3Fbeta=true", "otherwise"),
        ("POST", "/v1/messages/batches", "otherwise"),
        ("GET", "/v1/models/claude-opus-5-5", "model"),
        ("GET", "/v1/models/claude-local%2Fdesk%2Fcoder?x=1", "model"),
        ("DELETE", "/v1/models/claude-opus-5-5", "otherwise"),
        ("HEAD", "/v1/models", "otherwise"),
        ("HEAD", "/api/hello", "otherwise"),
        ("POST", "/x/../v1/messages", "otherwise"),
    ],
)
async def test_method_and_path_as_they_came_decide(method, target, use_case):
    came = []

    def noting(name):
        async def serve(request, caller, wire):
            came.append((name, request, caller, wire))

        return serve

    door = MessagesDoor(*map(noting, ("answer", "count", "models", "model", "otherwise")))
    request, tape = Request(method, target, (), b""), Tape()
    await door.serve(request, KNOWN, tape)

    assert [(use_case, request, KNOWN, tape)] == came

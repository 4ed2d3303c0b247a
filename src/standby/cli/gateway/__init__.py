"""The gateway as a command sees it: find it, prove that it is ours, start it, stop it.

What goes wrong is a :class:`GatewayError`, with words for a person.
"""

from standby.cli.gateway.describing import model_rows
from standby.cli.gateway.errors import NOT_RUNNING, GatewayError
from standby.cli.gateway.finding import (
    Absent,
    Found,
    Genuine,
    Impostor,
    Mute,
    at_home,
    find,
    genuine,
    page_link,
    policy,
    status,
    told,
    usage,
    use,
    warm,
    warmth,
)
from standby.cli.gateway.launching import launch
from standby.cli.gateway.offering import no_work_model, offer
from standby.cli.gateway.said import (
    Account,
    Chosen,
    Last,
    Model,
    Policy,
    Queue,
    Status,
    Tier,
    Window,
    policy_words,
    read_policy,
    read_status,
)
from standby.cli.gateway.serving import overridden, run_to_end, serve_in_front
from standby.cli.gateway.sessions import whole_session
from standby.cli.gateway.starting import check_room, ensure, halt, start, tail
from standby.cli.gateway.warming import Warming, read_warming, warming_rows

__all__ = [
    "NOT_RUNNING",
    "Absent",
    "Account",
    "Chosen",
    "Found",
    "GatewayError",
    "Genuine",
    "Impostor",
    "Last",
    "Model",
    "Mute",
    "Policy",
    "Queue",
    "Status",
    "Tier",
    "Warming",
    "Window",
    "at_home",
    "check_room",
    "ensure",
    "find",
    "genuine",
    "halt",
    "launch",
    "model_rows",
    "no_work_model",
    "offer",
    "overridden",
    "page_link",
    "policy",
    "policy_words",
    "read_policy",
    "read_status",
    "read_warming",
    "run_to_end",
    "serve_in_front",
    "start",
    "status",
    "tail",
    "told",
    "usage",
    "use",
    "warm",
    "warming_rows",
    "warmth",
    "whole_session",
]

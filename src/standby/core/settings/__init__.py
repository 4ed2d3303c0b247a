"""The settings as one value: :func:`parse` makes it of a mapping, or says all that is wrong."""

from standby.core.settings.about import Tables
from standby.core.settings.faults import Fault, Faults, Path, dotted, nearest
from standby.core.settings.local import OWN_ENGINES, SERVER_KINDS, Local, Server, Tiers
from standby.core.settings.page import settings_page
from standby.core.settings.parse import PREFIX, Known, changed, known, parse, with_environment
from standby.core.settings.policy import MODES, PRIVACIES, Policy, Project
from standby.core.settings.schema import settings_schema
from standby.core.settings.values import Client, Cloud, Gateway, Ledger, Log, Settings

__all__ = [
    "MODES",
    "OWN_ENGINES",
    "PREFIX",
    "PRIVACIES",
    "SERVER_KINDS",
    "Client",
    "Cloud",
    "Fault",
    "Faults",
    "Gateway",
    "Known",
    "Ledger",
    "Local",
    "Log",
    "Path",
    "Policy",
    "Project",
    "Server",
    "Settings",
    "Tables",
    "Tiers",
    "changed",
    "dotted",
    "known",
    "nearest",
    "parse",
    "settings_page",
    "settings_schema",
    "with_environment",
]

"""What the application needs from the world, as protocols. Adapters implement them.

One error class per boundary, with words for a person; whatever else an adapter raises is a bug.
"""

from standby.ports.answering import (
    Answerer,
    AnswererError,
    AtOnce,
    Coder,
    CodingError,
    Upstream,
    UpstreamError,
    Wire,
)
from standby.ports.engines import (
    Documents,
    Engine,
    EngineError,
    FetchError,
    Keeper,
    Loadable,
    Reader,
    Schemas,
)
from standby.ports.host import (
    Clock,
    Dice,
    Machine,
    Notifier,
)
from standby.ports.records import (
    Fingerprints,
    History,
    Ledger,
    QuotaStore,
    Records,
    RecordsError,
)

__all__ = [
    "Answerer",
    "AnswererError",
    "AtOnce",
    "Clock",
    "Coder",
    "CodingError",
    "Dice",
    "Documents",
    "Engine",
    "EngineError",
    "FetchError",
    "Fingerprints",
    "History",
    "Keeper",
    "Ledger",
    "Loadable",
    "Machine",
    "Notifier",
    "QuotaStore",
    "Reader",
    "Records",
    "RecordsError",
    "Schemas",
    "Upstream",
    "UpstreamError",
    "Wire",
]

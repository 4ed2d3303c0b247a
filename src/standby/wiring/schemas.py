"""What checks calls against schemas is there from the first check on, and not before.

Its library takes 2 MiB of memory and 30 ms of each start, and many gateways never need it.
"""

import logging
from functools import cached_property

from standby.core.wire.json import JSON
from standby.ports import Schemas

__all__ = ["SchemasOnDemand"]

log = logging.getLogger(__name__)


class SchemasOnDemand:
    """Holds values against schemas, once it is asked to."""

    @cached_property
    def _schemas(self) -> Schemas | None:
        try:
            from standby.adapters.schemas import JsonSchemas  # noqa: PLC0415 - not before
        except ImportError as error:  # it was replaced on disk while the gateway ran
            log.warning("calls are not checked, until `standby restart`: %s", error)
            return None
        return JsonSchemas()

    def faults(self, schema: JSON, value: JSON) -> tuple[str, ...]:
        """Return what is wrong with a value, in words; nothing where nobody can check it."""
        return self._schemas.faults(schema, value) if self._schemas is not None else ()

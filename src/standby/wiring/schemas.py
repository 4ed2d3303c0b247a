"""What checks calls against schemas is there from the first check on, and not before.

Its library takes 2 MiB of memory and 30 ms of each start, and many gateways never need it.
"""

from functools import cached_property

from standby.core.wire.json import JSON
from standby.ports import Schemas

__all__ = ["SchemasOnDemand"]


class SchemasOnDemand:
    """Holds values against schemas, once it is asked to."""

    @cached_property
    def _schemas(self) -> Schemas:
        from standby.adapters.schemas import JsonSchemas  # noqa: PLC0415 - not before

        return JsonSchemas()

    def faults(self, schema: JSON, value: JSON) -> tuple[str, ...]:
        """Return what is wrong with a value, in words."""
        return self._schemas.faults(schema, value)

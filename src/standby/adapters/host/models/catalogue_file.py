"""The catalogue of models as it was shipped."""

from pathlib import Path
from typing import Final

from standby.core.models.catalogue import Catalogue, read_catalogue
from standby.core.wire.json import loads

__all__ = ["CATALOGUE_FILE", "shipped_catalogue"]

CATALOGUE_FILE: Final = Path(__file__).with_name("catalogue.json")


def shipped_catalogue() -> Catalogue:
    """Return the catalogue that came with this version."""
    return read_catalogue(loads(CATALOGUE_FILE.read_bytes()))

"""What is particular about how a local model is run, in words for a person."""

from collections.abc import Iterator

from standby.cli.gateway.said import Model
from standby.cli.terminal import Row

__all__ = ["model_rows"]


def model_rows(model: Model) -> Iterator[Row]:
    """Yield what is not as it would be by itself; nothing where all is."""
    if model.tuned:
        yield "", f"tuned by measurement: {model.tuned}", "dim"
    if model.remark:
        yield "", model.remark, "poor"

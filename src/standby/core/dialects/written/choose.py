"""The formats that are known."""

from typing import Final

from standby.core.dialects.written.format import Format
from standby.core.dialects.written.formats import (
    deepseek,
    fenced,
    gemma,
    glm,
    granite,
    harmony,
    hermes,
    llama_json,
    llama_tag,
    mistral,
    qwen_xml,
)

__all__ = ["FORMATS"]

# The core may not walk a package: a test compares this table with the folder. No two of them take
# the same beginning for a call, so their order does not matter.
FORMATS: Final[tuple[Format, ...]] = (
    deepseek.FORMAT,
    fenced.FORMAT,
    gemma.FORMAT,
    glm.FORMAT,
    granite.FORMAT,
    harmony.FORMAT,
    hermes.FORMAT,
    llama_json.FORMAT,
    llama_tag.FORMAT,
    mistral.FORMAT,
    qwen_xml.FORMAT,
)

"""What there is of each kind that may be added to: routing rules, quota readers, engines.

They are found by walking their packages, so that adding one touches one file. What a package holds
is decided when Standby is installed, never by the folder it is started in.
"""

import importlib
import pkgutil
from collections.abc import Iterator
from types import ModuleType
from typing import Final, cast

from standby.adapters import engines as engine_files
from standby.adapters.engines.spec import EngineSpec
from standby.core.policy import rules
from standby.core.policy.verdicts import Rule
from standby.core.quota import readers
from standby.core.quota.classify import Reader

__all__ = ["ENGINES", "READERS", "RULES"]


def _modules(package: ModuleType) -> Iterator[tuple[str, ModuleType]]:
    for info in pkgutil.iter_modules(package.__path__):
        yield info.name, importlib.import_module(f"{package.__name__}.{info.name}")


# The casts say what tests/contract proves for every file.
RULES: Final = {name: cast("Rule", module.rule) for name, module in _modules(rules)}
READERS: Final = {
    name: Reader(name, module.RANK, module.read) for name, module in _modules(readers)
}
ENGINES: Final = {
    name: cast("EngineSpec", module.ENGINE)
    for name, module in _modules(engine_files)
    if hasattr(module, "ENGINE")
}
"""The kinds of local server, by name."""

"""What can be set is what there is."""

import importlib
import pkgutil

from standby.adapters import engines
from standby.core.settings import OWN_ENGINES, SERVER_KINDS


def test_every_engine_can_be_named_in_the_settings():
    modules = [
        importlib.import_module(f"{engines.__name__}.{info.name}")
        for info in pkgutil.iter_modules(engines.__path__)
    ]
    names = [module.ENGINE.name for module in modules if hasattr(module, "ENGINE")]

    assert sorted(names) == sorted((*SERVER_KINDS, *OWN_ENGINES))

"""Every reader and every rule there is, found as the composition root finds them."""

import importlib
import pkgutil

from standby.core.policy import rules
from standby.core.quota import readers
from standby.core.quota.classify import Reader


def modules(package):
    for info in pkgutil.iter_modules(package.__path__):
        yield info.name, importlib.import_module(f"{package.__name__}.{info.name}")


READERS = tuple(Reader(name, module.RANK, module.read) for name, module in modules(readers))
RULES = {name: module.rule for name, module in modules(rules)}

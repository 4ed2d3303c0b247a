"""Whoever needs something from the world finds it in one place."""

import pkgutil
from importlib import import_module

import pytest

from standby import ports

FILES = [f"standby.ports.{each.name}" for each in pkgutil.iter_modules(ports.__path__)]


@pytest.mark.parametrize("name", FILES)
def test_whatever_a_file_of_the_ports_has_is_in_the_package_too(name):
    file = import_module(name)
    own = {key for key, value in vars(file).items() if getattr(value, "__module__", "") == name}

    assert own <= set(file.__all__) <= set(ports.__all__)

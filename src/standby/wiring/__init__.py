"""The composition root: the only package that knows every adapter.

:mod:`~standby.wiring.gateway` puts the gateway together.
"""

from standby.wiring.gateway import ENGINES, READERS, RULES, StartError, serve

__all__ = ["ENGINES", "READERS", "RULES", "StartError", "serve"]

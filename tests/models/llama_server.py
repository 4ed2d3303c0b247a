"""A real ``llama-server`` out of the package ``xllamacpp``, as a script for a folder on PATH.

The package holds llama.cpp's whole server and its own reader of the command line and of the
environment, but no program that calls them. Python shows only the server; the reader is called by
its symbol, with the address of the parameters that the Python object holds.
"""

import sys

__all__ = ["EFFECT", "put_on_path"]

EFFECT = "effect.json"
"""The file beside the program that tells what came of the arguments and the environment."""

# b11549: ``llama_example::LLAMA_EXAMPLE_SERVER``, and the head of every Python object.
_SERVER, _HEAD_BYTES = 12, 16

_PARSE = "_Z19common_params_parseiPPcR13common_params13llama_examplePFviS0_E"

_PROGRAM = f"""#!{{python}}
import ctypes, json, os, pathlib, sys, threading
{{first}}
import xllamacpp
from xllamacpp import xllamacpp as native

given = ["llama-server", *sys.argv[{{skip}}:]]
parameters = xllamacpp.CommonParams()
words = (ctypes.c_char_p * (len(given) + 1))(*map(str.encode, given), None)
parse = ctypes.CDLL(native.__file__)[{_PARSE!r}]
parse.restype = ctypes.c_bool
where = ctypes.c_void_p(id(parameters) + {_HEAD_BYTES})
if not parse(len(given), words, where, {_SERVER}, None):
    sys.exit(1)
names = ("cache_idle_slots", "kv_unified", "n_parallel", "cache_ram_mib", "n_ctx_checkpoints",
         "cors_origins", "offline", "ui", "n_ctx", "port", "n_ubatch", "flash_attn_type",
         "cache_type_k")
effect = {{{{name: getattr(parameters, name) for name in names}}}}
effect["threads"] = parameters.cpuparams.n_threads
effect["drafts"] = [int(kind) for kind in parameters.speculative.types]
pathlib.Path(__file__).with_name({EFFECT!r}).write_text(json.dumps(effect))
server = xllamacpp.Server(parameters)
threading.Event().wait()
"""


def put_on_path(folder, name="llama-server", first=""):
    """Write the program into a folder; ``first`` is Python that it runs before all else."""
    program = folder / name
    skip = 1 if name == "llama-server" else 2  # `llama serve`
    program.write_text(_PROGRAM.format(python=sys.executable, skip=skip, first=first))
    program.chmod(0o755)
    return program

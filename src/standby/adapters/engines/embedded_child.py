"""The embedded engine's process: llama.cpp's own HTTP server, out of the ``xllamacpp`` package.

Run by :mod:`standby.adapters.engines.embedded` as ``python -m`` with five arguments: model file,
alias, window, slots, and the MiB that its cache of prompts may take. The key comes in the
environment, so that no list of processes shows it. One line of JSON on stdout says that it is ready
and where. It ends when its stdin closes, which happens also when its parent is killed.

It imports next to nothing: what it needs of the standard library, and the engine.
"""

import json
import os
import signal
import sys
import threading

__all__ = ["KEY_VARIABLE"]

KEY_VARIABLE = "STANDBY_ENGINE_KEY"


def _leave_with_parent() -> None:
    while os.read(0, 4096):
        pass
    os._exit(0)


def _die_with_parent() -> None:
    """Have Linux kill us with our parent: while a model loads, the watch on stdin stands still."""
    if not sys.platform.startswith("linux"):
        return
    import ctypes  # noqa: PLC0415 - only here

    pr_set_pdeathsig = 1
    ctypes.CDLL(None).prctl(pr_set_pdeathsig, signal.SIGKILL)


def _stdout_of_our_own() -> int:
    """Return stdout, and give the engine stderr in its place: it logs to both."""
    ours = os.dup(1)
    os.dup2(2, 1)
    return ours


def _no_core_dump() -> None:
    """A dump would hold prompts."""
    try:
        import resource  # noqa: PLC0415 - not on Windows
    except ImportError:
        return
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _serve(model: str, alias: str, context: int, slots: int, cache_mib: int) -> str:
    """Start the server; return its URL."""
    import xllamacpp  # noqa: PLC0415 - after stdout was put right, and never in the gateway

    wanted = {
        "hostnames": ["127.0.0.1"],
        "port": 0,
        "api_keys": [os.environ.pop(KEY_VARIABLE)],
        # Never the asking page's own origin, which is what it would answer by default.
        "cors_origins": "http://127.0.0.1",
        "cors_credentials": False,
        "ui": False,
        "offline": True,
        "endpoint_slots": False,
        "endpoint_metrics": False,
        "model_alias": {alias},
        "n_ctx": context,
        "n_parallel": slots,
        "kv_unified": True,  # or each slot gets only its share of the window
        "cache_ram_mib": cache_mib,
        "use_jinja": True,
        "sleep_idle_seconds": 900,  # gives its memory back; the next request wakes it
        "sse_ping_interval": 10,
    }
    parameters = xllamacpp.CommonParams()
    parameters.model.path = model
    for name, value in wanted.items():
        # Names follow llama.cpp's own and change between builds.
        if hasattr(parameters, name):
            setattr(parameters, name, value)
        else:
            print(f"this build has no parameter {name!r}", file=sys.stderr)  # noqa: T201
    _serve.server = xllamacpp.Server(parameters)  # type: ignore[attr-defined]  # keeps it alive
    return str(_serve.server.listening_address)  # type: ignore[attr-defined]


def main() -> None:
    """Serve until the parent lets go of stdin."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the parent, who decides
    stdout = _stdout_of_our_own()
    _no_core_dump()
    _die_with_parent()
    watch = threading.Thread(target=_leave_with_parent, name="watch", daemon=True)
    watch.start()
    model, alias, context, slots, cache_mib = sys.argv[1:6]
    try:
        url = _serve(model, alias, int(context), int(slots), int(cache_mib))
    except RuntimeError as error:  # all that the engine says; the reason is on stderr
        print(f"error: {error}", file=sys.stderr)  # noqa: T201
        sys.stderr.flush()
        os._exit(3)
    os.write(stdout, json.dumps({"url": url, "pid": os.getpid()}).encode() + b"\n")
    watch.join()


if __name__ == "__main__":
    main()

"""The embedded engine's process: llama.cpp's own HTTP server, out of the ``xllamacpp`` package.

Run by :mod:`standby.adapters.engines.embedded` as ``python -m`` with one argument, a JSON object:
``model`` (the file), ``alias``, ``memory_bytes`` (what it may allocate at most), and ``parameters``
by llama.cpp's own names, with a dot where one lies inside another. The key comes in the
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

# A little: it stands behind the person's programs, but the person waits for its answers, too. At 5
# it starved beside a few busy processes: a short answer took over a minute (seen on two cores).
_NICE = 2
# Of 1000. Among programs of a size it goes first; the next request starts it again.
_OOM_SCORE = 500
# Of a file: what it saves of a conversation, on a disk that others need, too.
_FILE_BYTES = 2 * 1024**3


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


def _modest(memory_bytes: int) -> None:
    """Stand behind the person's own programs: in the processor's queue, and when memory ends."""
    if hasattr(os, "nice"):
        os.nice(_NICE)
    try:
        with open("/proc/self/oom_score_adj", "w", encoding="ascii") as file:
            file.write(str(_OOM_SCORE))
    except OSError:
        pass  # no Linux
    try:
        import resource  # noqa: PLC0415 - not on Windows

        # Weights are mapped and do not count; what is allocated does.
        resource.setrlimit(resource.RLIMIT_DATA, (memory_bytes, memory_bytes))
        resource.setrlimit(resource.RLIMIT_FSIZE, (_FILE_BYTES, _FILE_BYTES))
    except (AttributeError, ImportError, OSError, ValueError):
        pass  # no such limit on this system, or a lower one is set


def _put(parameters: object, name: str, value: object) -> None:
    """Set a parameter. Names follow llama.cpp's own and change between builds."""
    first, _, rest = name.partition(".")
    if not hasattr(parameters, first):
        print(f"this build has no parameter {first!r}", file=sys.stderr)  # noqa: T201
    elif rest:
        _put(getattr(parameters, first), rest, value)
    else:
        setattr(parameters, first, value)


def _serve(model: str, alias: str, chosen: dict[str, object]) -> str:
    """Start the server; return its URL."""
    import xllamacpp  # noqa: PLC0415 - after stdout was put right, and never in the gateway

    wanted = {
        **chosen,
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
        "kv_unified": True,  # or each slot gets only its share of the window
        # Else what begins in one slot empties the idle ones, and a slot that is named is not filled
        # again: the conversation would be read anew after each subagent (measured).
        "cache_idle_slots": False,
        "use_jinja": True,
        "sse_ping_interval": 10,
    }
    parameters = xllamacpp.CommonParams()
    parameters.model.path = model
    for name, value in wanted.items():
        _put(parameters, name, value)
    _serve.server = xllamacpp.Server(parameters)  # type: ignore[attr-defined]  # keeps it alive
    return str(_serve.server.listening_address)  # type: ignore[attr-defined]


def _say_the_rest() -> None:
    """Write out what llama.cpp's log holds: it has a thread for that, which would end with us."""
    import ctypes  # noqa: PLC0415 - only here

    from xllamacpp import xllamacpp as built  # noqa: PLC0415 - it is loaded by now

    try:
        engine = ctypes.CDLL(built.__file__)
        # By the names that compilers for Linux and macOS give to common_log_main and _flush.
        log, flush = engine["_Z15common_log_mainv"], engine["_Z16common_log_flushP10common_log"]
    except (AttributeError, OSError):
        return  # another compiler, or another build
    log.restype = ctypes.c_void_p
    flush.argtypes, flush.restype = [ctypes.c_void_p], None
    flush(log())


def main() -> None:
    """Serve until the parent lets go of stdin."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the parent, who decides
    os.umask(0o077)  # what it saves is a conversation in another form
    stdout = _stdout_of_our_own()
    _no_core_dump()
    _die_with_parent()
    watch = threading.Thread(target=_leave_with_parent, name="watch", daemon=True)
    watch.start()
    told = json.loads(sys.argv[1])
    _modest(told["memory_bytes"])
    try:
        url = _serve(told["model"], told["alias"], told["parameters"])
    except RuntimeError as error:  # all that the engine says; the reason is on stderr
        _say_the_rest()
        print(f"error: {error}", file=sys.stderr)  # noqa: T201
        sys.stderr.flush()
        os._exit(3)
    os.write(stdout, json.dumps({"url": url, "pid": os.getpid()}).encode() + b"\n")
    watch.join()


if __name__ == "__main__":
    main()

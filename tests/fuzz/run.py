"""Run the readers under a fuzzer that is guided by what is executed. `make fuzz` runs it.

python -m tests.fuzz.run [--seconds 30] [--only NAME]

Each reader has a process of its own and so many seconds; what it finds on the way is kept in
`.cache/fuzz/corpus` and is where the next run begins. Bytes that made a reader fail lie beside it.
"""

import argparse
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
CACHE = ROOT / ".cache" / "fuzz"
DONE = re.compile(r"stat::number_of_executed_units:\s*(\d+)")
MOST_BYTES = 8192
MARGIN_S = 60


def main() -> int:
    """Fuzz each reader for a while; say how often it was run, and what was found."""
    from tests.fuzz.targets import TARGETS

    parser = argparse.ArgumentParser(description="Fuzz what reads the bytes of others.")
    parser.add_argument("--seconds", type=int, default=30, help="for each reader")
    parser.add_argument("--only", action="append", choices=sorted(TARGETS), help="these alone")
    parser.add_argument("--one", choices=sorted(TARGETS), help=argparse.SUPPRESS)
    options, rest = parser.parse_known_args()
    if options.one:
        fuzz(options.one, rest)
    found, executed = [], 0
    for name in options.only or TARGETS:
        done, said = tried(name, options.seconds)
        count = DONE.search(said)
        executed += int(count[1]) if count else 0
        print(f"{name:<12} {int(count[1]) if count else 0:>10,} runs", flush=True)  # noqa: T201
        if done or not count:
            found.append(name)
            print(said[-3000:], file=sys.stderr, flush=True)  # noqa: T201
    print(f"{executed:,} runs in all; found: {', '.join(found) or 'nothing'}")  # noqa: T201
    return bool(found)


def tried(name: str, seconds: int) -> tuple[int, str]:
    """Fuzz one reader in a process of its own; return its exit code and what it said."""
    corpus = CACHE / "corpus" / name
    corpus.mkdir(parents=True, exist_ok=True)
    sow(name, corpus)
    command = [sys.executable, "-m", "tests.fuzz.run", "--one", name, str(corpus)]
    flags = [f"-max_total_time={seconds}", f"-max_len={MOST_BYTES}", "-print_final_stats=1"]
    flags += ["-timeout=10", "-rss_limit_mb=2048", f"-artifact_prefix={CACHE}/{name}-"]
    done = subprocess.run(
        [*command, *flags],
        cwd=ROOT,
        capture_output=True,
        text=True,
        errors="replace",
        check=False,
        timeout=seconds + MARGIN_S,
    )
    return done.returncode, done.stdout + done.stderr


def sow(name: str, corpus: Path) -> None:
    """Lay sound bytes out to begin with, and recorded ones where there are any."""
    from tests.fuzz.recorded import bodies
    from tests.fuzz.targets import SEEDS

    for number, data in enumerate((*SEEDS[name], *bodies(name, MOST_BYTES))):
        (corpus / f"seed-{number:03}").write_bytes(data)


def fuzz(name: str, flags: list[str]) -> None:
    """Fuzz one reader in this process, which ends with it."""
    import atheris

    with atheris.instrument_imports(include=["standby"]):
        from tests.fuzz.targets import TARGETS
    atheris.Setup([sys.argv[0], *flags], TARGETS[name])
    atheris.Fuzz()


if __name__ == "__main__":
    sys.exit(main())

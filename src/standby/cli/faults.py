"""``standby faults``: fakes that fail, and what a gateway makes of it."""

import asyncio
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from standby.cli import gateway, terminal

if TYPE_CHECKING:
    from standby.testing.kit import Fakes, Gateway, Result, Rules
    from standby.testing.matrix import Matrix

__all__ = ["command"]

_TOKEN: Final = "STANDBY_FAULTS_TOKEN"  # noqa: S105  # a name, not a token


@click.group(
    "faults",
    epilog=terminal.examples(
        "standby faults run                          every failure mode against standby itself",
        "standby faults run --only 'cloud/five_hour' modes with this in their name",
        "standby faults list                         every mode, and what is right in it",
        "standby faults serve --form five_hour       a cloud at its limit, for any program",
    ),
)
def command() -> None:
    """Test a gateway against every known failure.

    A fake cloud and a fake local engine on this machine, usable against any gateway. Nothing
    leaves the machine, and no quota is spent.
    """


@command.command("list", epilog=terminal.examples("standby faults list --only engine"))
@click.option(
    "--only", multiple=True, metavar="PATTERN", help="Only modes whose names contain this."
)
def list_(only: tuple[str, ...]) -> None:
    """Print every mode, and what a client may get in it."""
    from standby.testing.matrix import rights
    from standby.testing.modes import chosen

    if not (modes := chosen(only)):
        raise terminal.Problem("no mode has such a name", "`standby faults list` shows them all.")
    for mode in modes:
        terminal.data(f"{mode.name:<44} {rights(mode)}")


@command.command(
    "serve",
    epilog=terminal.examples(
        "standby faults serve",
        "standby faults serve --form credit_400",
        "standby faults serve --fault reset_after_text --times 3",
        "standby faults serve --engine-fault loading_503",
    ),
)
@click.option("--form", metavar="NAME", help="The cloud refuses every request in this way.")
@click.option("--seconds", default=18_000.0, show_default=True, help="How many seconds it does so.")
@click.option("--fault", metavar="NAME", help="The cloud's next answers go wrong in this way.")
@click.option(
    "--engine-fault", metavar="NAME", help="The engine's next answers go wrong in this way."
)
@click.option("--times", default=1, show_default=True, help="How many answers go wrong.")
@click.option("--cloud-port", default=0, help="The cloud's port; 0 picks a free one.")
@click.option("--engine-port", default=0, help="The engine's port; 0 picks a free one.")
def serve(
    form: str | None,
    seconds: float,
    fault: str | None,
    engine_fault: str | None,
    times: int,
    cloud_port: int,
    engine_port: int,
) -> None:
    """Serve the fake cloud and the fake engine until Ctrl-C.

    Prints one JSON object: their URLs, and the credentials that the cloud knows.
    """
    gateway.run_to_end(_serve(form, seconds, fault, engine_fault, times, cloud_port, engine_port))


@command.command(
    "run",
    epilog=terminal.examples(
        "standby faults run",
        "standby faults run --only engine --only cloud/gzip_bomb",
        "standby faults run --target http://127.0.0.1:4000 --token KEY \\",
        "    --cloud-port 9001 --engine-port 9002",
    ),
)
@click.option("--target", metavar="URL", help="Test this gateway instead of standby.")
@click.option(
    "--token",
    envvar=_TOKEN,
    metavar="KEY",
    help=f"The key that this gateway expects from its clients. [{_TOKEN}]",
)
@click.option("--pid", type=int, help="Its process, to watch its memory.")
@click.option("--cloud-port", default=0, help="The port where it expects its cloud.")
@click.option("--engine-port", default=0, help="The port where it expects its engine.")
@click.option("--deadline", type=float, help="Seconds that any answer may take.")
@click.option("--back", type=float, help="Seconds from a reset to the cloud's first answer.")
@click.option(
    "--only", multiple=True, metavar="PATTERN", help="Only modes whose names contain this."
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.option(
    "--write",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="Write the matrix between the marks of this page.",
)
def run(
    target: str | None,
    token: str | None,
    pid: int | None,
    cloud_port: int,
    engine_port: int,
    deadline: float | None,
    back: float | None,
    only: tuple[str, ...],
    as_json: bool,
    write: Path | None,
) -> None:
    """Run the failure modes against a gateway and judge the answers.

    Without --target, the gateway of this installation is started in a folder of its own, with short
    time limits. With it, the fakes listen on the two ports, and that gateway must be set up to use
    them: the cloud takes the key `sk-ant-api03-rehearsal`, the engine any key. The exit code is 1
    when something is wrong.
    """
    from standby.testing import matrix, our_gateway  # noqa: F401  # see _Run
    from standby.testing.kit import Gateway
    from standby.testing.modes import chosen

    modes = chosen(only)
    if not modes:
        raise terminal.Problem("no mode has such a name", "`standby faults list` shows them all.")
    if target and not (cloud_port and engine_port):
        raise terminal.Problem(
            "--target needs --cloud-port and --engine-port",
            "They are the ports where that gateway expects its cloud and its engine.",
            terminal.USAGE,
        )
    place = None
    if target:
        headers = {"x-api-key": token, "Authorization": f"Bearer {token}"} if token else {}
        place = Gateway(target.rstrip("/"), headers, passes_credentials=False, pid=pid)
    run_ = _Run(place, (cloud_port, engine_port), deadline, back, as_json)
    code = gateway.run_to_end(run_.all([mode.name for mode in modes], write))
    raise click.exceptions.Exit(code)


class _Run:
    """One run of the kit. What it needs is imported before the loop runs: that takes a while."""

    def __init__(
        self,
        place: "Gateway | None",
        ports: tuple[int, int],
        deadline: float | None,
        back: float | None,
        as_json: bool,
    ) -> None:
        from importlib.metadata import version

        self._place = place
        self._ports = ports
        self._deadline = deadline
        self._back = back
        self._as_json = as_json
        self._who = f"standby {version('standby')}" if place is None else place.url

    async def all(self, names: Sequence[str], write: Path | None) -> int:
        """Run the modes; return the exit code."""
        from standby.testing.kit import fakes
        from standby.testing.our_gateway import RULES, GatewayLostError, our_gateway

        if self._place is not None:
            async with fakes(*self._ports) as two:
                return await self._against(self._place, two, names, write)
        # Of our own gateway more is to be seen with an engine that can go on with an answer.
        async with fakes(*self._ports, style="llamacpp") as two:
            try:
                async with our_gateway(two) as ours:
                    return await self._against(ours, two, names, write, RULES)
            except GatewayLostError as error:
                raise terminal.Problem(str(error), "`standby doctor` may know why.") from error

    async def _against(
        self,
        place: "Gateway",
        two: "Fakes",
        names: Sequence[str],
        write: Path | None,
        rules: "Rules | None" = None,
    ) -> int:
        import time
        from dataclasses import replace

        from standby.testing.kit import Kit, Rules
        from standby.testing.matrix import Matrix
        from standby.testing.modes import MODES

        rules = rules or Rules()
        if self._deadline is not None:
            rules = replace(rules, deadline_s=self._deadline)
        if self._back is not None:
            rules = replace(rules, back_s=self._back)
        wanted = [mode for mode in MODES if mode.name in set(names)]
        results: list[Result] = []
        began, at = time.monotonic(), time.time()
        async with Kit(two, place, rules) as kit:
            for number, mode in enumerate(wanted, 1):
                _progress(number, len(wanted), mode.name)
                result = await kit.run(mode)
                results.append(result)
                if not self._as_json:
                    _clear()
                    terminal.data(_line(result))
        _clear()
        matrix = Matrix(self._who, tuple(results), time.monotonic() - began, at)
        return await self._tell(matrix, write)

    async def _tell(self, matrix: "Matrix", write: Path | None) -> int:
        from standby.core.wire.json import dumps
        from standby.testing.matrix import UnmarkedError, placed

        if self._as_json:
            terminal.data(dumps(matrix.as_json()).decode())
        else:
            terminal.data(f"\n{matrix.verdict}")
        if write is not None:
            page = await asyncio.to_thread(write.read_text, encoding="utf-8")
            try:
                await asyncio.to_thread(write.write_text, placed(page, matrix), encoding="utf-8")
            except UnmarkedError as error:
                raise terminal.Problem(str(error)) from error
        return 1 if matrix.wrong else 0


def _line(result: "Result") -> str:
    sign = terminal.paint("right", "good", sys.stdout)
    if not result.right:
        sign = terminal.paint("WRONG", "bad", sys.stdout)
    told = "; ".join(result.wrongs) or result.finding.saw.value
    return f"{sign}  {result.mode.name:<40} {terminal.printable(told)}"


def _progress(number: int, of: int, name: str) -> None:
    """Say on a terminal what runs now, on a line that goes away."""
    if terminal.is_terminal(sys.stderr):
        click.echo(f"\r\x1b[K{number}/{of}  {name}", nl=False, err=True)


def _clear() -> None:
    if terminal.is_terminal(sys.stderr):
        click.echo("\r\x1b[K", nl=False, err=True)


async def _serve(
    form: str | None,
    seconds: float,
    fault: str | None,
    engine_fault: str | None,
    times: int,
    cloud_port: int,
    engine_port: int,
) -> None:
    from standby.core.wire.json import JSON, dumps
    from standby.testing.accounts import EVERYBODY
    from standby.testing.kit import fakes

    async with fakes(cloud_port, engine_port) as two:
        try:
            for account in EVERYBODY if form else ():
                two.cloud.exhaust(account, form or "", seconds=seconds)
            if fault:
                two.cloud.break_next(fault, times)
            if engine_fault:
                two.engine.break_next(engine_fault, times)
        except ValueError as error:
            raise terminal.Problem(str(error), code=terminal.USAGE) from error
        said: dict[str, JSON] = {
            "cloud": two.cloud.url,
            "engine": f"{two.engine.url}/v1",
            "credentials": {account.name: account.credential for account in EVERYBODY},
        }
        terminal.data(dumps(said).decode())
        sys.stdout.flush()
        terminal.say("Ctrl-C ends it")
        await asyncio.Event().wait()

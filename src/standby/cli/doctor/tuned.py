"""Whether what was adopted from a bench is in force."""

from collections.abc import Iterator

from standby.adapters.host.paths import Paths
from standby.cli import gateway
from standby.cli.doctor.findings import Finding, ok, warn

__all__ = ["run_as_measured"]


def run_as_measured(model: gateway.Model, where: Paths) -> Iterator[Finding]:
    """Say what a model is run with that was measured; warn of what was adopted and is not used."""
    from standby.wiring.tuned import adopted

    check = "tuned"
    if model.tuned:
        yield ok(check, f"{model.key} runs with what was measured to be faster: {model.tuned}")
        return
    mine = [one for one in adopted(where) if one.model == model.key]
    if mine:
        one = mine[-1]
        yield warn(
            check,
            f"{one.name} was adopted for {model.key}, measured with {one.engine_version} on"
            f" {one.machine}, and is not in force: the engine or the machine is another now, or it"
            " did not start so",
            "`standby bench local --compare --adopt` measures again; `--forget` gives it up.",
        )

"""The engines of this machine, out of the settings and of what the user keeps and chose."""

import logging
import os
from collections.abc import Callable
from functools import cache, partial
from pathlib import Path

from aiohttp import ClientSession

from standby.adapters.engines import embedded, on_path
from standby.adapters.engines.chat import ChatServer, Patience
from standby.adapters.engines.drafting import drafters_of
from standby.adapters.engines.tuner import Tuner
from standby.adapters.host.hardware import read_hardware
from standby.adapters.host.models import downloads
from standby.adapters.host.models.files import ModelFiles
from standby.adapters.host.paths import Paths
from standby.adapters.host.private import UnsafeFileError
from standby.adapters.host.slot_files import SlotFiles
from standby.app.fetching import Fetch
from standby.app.local.engines import Engines, Preference
from standby.app.local.kept_slots import KeptSlots
from standby.core.models.drafting import room_bytes
from standby.core.models.facts import LocalModel
from standby.core.models.fit import Hardware
from standby.core.redact import Secret
from standby.core.settings import Settings
from standby.ports import Clock, Engine, FetchError
from standby.wiring.kinds import ENGINES
from standby.wiring.tuned import Adopted

__all__ = ["drafters_for", "engines_of", "fetch_of", "kept_of", "preference_of", "slots_of"]

log = logging.getLogger(__name__)


def preference_of(settings: Settings, where: Paths) -> Preference:
    """Return what the user named, in the settings or with ``models use``."""
    local = settings.local
    model = local.model or _chosen(where)
    names = frozenset(server.name for server in local.servers)
    return Preference(local.engine, model, names, context=local.context, manage=local.manage)


def engines_of(
    settings: Settings,
    where: Paths,
    client: ClientSession,
    tuner: Tuner | None = None,
    kept: SlotFiles | None = None,
) -> list[Engine]:
    """Return the engines in order: named servers, those that are looked for, and our own.

    ``tuner`` says how our own are run; what was adopted by default. ``kept`` is where what they
    have read is kept.
    """
    local = settings.local
    patience = Patience(first_byte_s=local.first_byte_s, silence_s=local.idle_s)
    named: list[Engine] = [
        ChatServer(
            ENGINES[server.kind],
            client,
            name=server.name,
            urls=(server.url,),
            key=_key(server.key_env),
            only=server.model,
            patience=patience,
        )
        for server in local.servers
    ]
    kinds = sorted(ENGINES.values(), key=lambda spec: spec.order)
    found: list[Engine] = [
        ChatServer(spec, client, patience=patience) for spec in kinds if spec.urls
    ]
    file = _named(settings)
    choose = partial(_model_file, file, where)
    # Once: the makers' tools may take seconds. What is free now is looked at when one is started.
    hardware = cache(partial(read_hardware, where.models))
    tuner = tuner or Adopted(where, hardware)
    ours: list[Engine] = [
        on_path.engine(
            client,
            partial(_work_file, file, where),
            context=local.context,
            slots=local.slots,
            hardware=hardware,
            tuner=tuner,
            stop_s=local.stop_after_s,
            patience=patience,
            kept=kept,
            files=partial(_files, file, where),
        )
    ]
    if local.embedded:
        rests = embedded.Rests(local.sleep_after_s, local.stop_after_s)
        ours.append(
            embedded.engine(
                client,
                choose,
                context=local.context,
                slots=local.slots,
                rests=rests,
                hardware=hardware,
                patience=patience,
                tuner=tuner,
                kept=kept,
                files=partial(_files, file, where),
            )
        )
    return [*named, *(found if local.discover else ()), *ours]


def drafters_for(
    settings: Settings, where: Paths, model: LocalModel, hardware: Hardware
) -> tuple[str, ...]:
    """Return the small models here that may guess for one of an engine of ours, by name. Blocks."""
    named = _named(settings)
    chosen = _model_file(named, where)
    if chosen is None or chosen.id != model.id or chosen.rehearsal:
        return ()
    window, room = model.context_tokens or 0, room_bytes(hardware)
    return tuple(drafters_of(chosen.path, _files(named, where), window, room))


def slots_of(settings: Settings, where: Paths, key: bytes) -> SlotFiles | None:
    """Return where what engines have read is kept; ``None``: nowhere, and what was is deleted."""
    files = SlotFiles(where.slots, key)
    try:
        if settings.local.keep_warm:
            files.open()
            return files
        files.clear()
    except (OSError, UnsafeFileError) as error:
        log.warning("what local models have read is not kept: %s", error)
    return None


def kept_of(
    slots: SlotFiles | None, settings: Settings, engines: Engines, clock: Clock
) -> KeptSlots | None:
    """Return who saves what engines have read; ``None`` where it is kept nowhere."""
    if slots is None:
        return None
    local = settings.local
    rests = {"sleep_s": local.sleep_after_s, "stop_s": local.stop_after_s}
    return KeptSlots(engines, clock, slots.tidy, **rests)


def _named(settings: Settings) -> Path | None:
    """Return the model file that the settings name."""
    return Path(settings.local.model_path) if settings.local.model_path else None


def _model_file(named: Path | None, where: Paths) -> embedded.ModelFile | None:
    """Return the file that an engine of ours should serve: named, kept by `models`, or found."""
    kept = None if named else _kept(where)
    if kept is not None:
        return embedded.ModelFile(kept)
    return embedded.choose_file(named, where.models)


def _work_file(named: Path | None, where: Paths) -> Path | None:
    """Return the file for a llama.cpp of the user's own: not one for rehearsals."""
    return named or _kept(where)


def _files(named: Path | None, where: Paths) -> list[Path]:
    """Return all model files that are known here."""
    beside = [] if named is None else sorted(named.parent.glob("*.gguf"))
    try:
        return [*ModelFiles(where.models).every(), *beside]
    except (FetchError, UnsafeFileError, OSError) as error:
        log.warning("%s", error)
        return beside


def _kept(where: Paths) -> Path | None:
    try:
        return ModelFiles(where.models).served()
    except (FetchError, UnsafeFileError) as error:
        log.warning("%s", error)
        return None


def _chosen(where: Paths) -> str:
    """Return what a person chose with ``models use``, which a setting outweighs."""
    try:
        return ModelFiles(where.models).chosen()
    except (FetchError, UnsafeFileError) as error:
        log.warning("%s", error)
        return ""


def fetch_of(settings: Settings, where: Paths) -> Fetch | None:
    """Return what fetches the rehearsal model; ``None`` where the user wants none."""
    local = settings.local
    if not (local.embedded and local.fetch) or local.model_path:
        return None

    async def fetch(tell: Callable[[str], None]) -> None:
        def progress(at: downloads.Progress) -> None:
            tell(f"{at.step}, {at.done // 1_000_000} of {at.whole // 1_000_000} MB")

        try:
            await downloads.fetch(where.models, progress)
        except downloads.DownloadError as error:
            raise FetchError(str(error)) from error

    return fetch


def _key(variable: str) -> Secret | None:
    value = os.environ.get(variable, "") if variable else ""
    return Secret(value) if value else None

"""An engine that reads prompts in portions, and knows what it has read: a sign is a token."""

import asyncio
from dataclasses import replace

from standby.core.models.facts import LocalModel
from standby.core.warming import Load
from standby.core.wire.json import dumps
from standby.ports import EngineError
from tests.fakes.engines import FakeEngine

MODEL = LocalModel("desk", "coder", "http://127.0.0.1:1", context_tokens=32_768, slots=2, pins=True)


class ReadingEngine(FakeEngine):
    """Takes ``token_s`` of a clock for each token that is new to it."""

    def __init__(self, clock, token_s=0.001, model=MODEL, **facts):
        super().__init__(model.engine, replace(model, **facts))
        self.clock = clock
        self.token_s = token_s
        self.slots = {}
        """By number, what was read there last."""
        self.portions = []
        """For each portion: the slot, how many tokens it had, and how many were new."""
        self.asked_for = []
        self.error = None
        self.before = None
        """Is called before each portion."""

    async def prompt(self, model, body):
        return tuple(ord(sign) for sign in dumps(body["messages"]).decode())

    async def read(self, model, tokens, slot):
        await asyncio.sleep(0)
        if self.before is not None:
            await self.before()
        if self.error is not None:
            raise EngineError(self.error)
        had = self.slots.get(slot, ())
        known = 0
        while known < min(len(had), len(tokens) - 1) and had[known] == tokens[known]:
            known += 1
        new = len(tokens) - known
        self.slots[slot] = tuple(tokens)
        self.portions.append((slot, len(tokens), new))
        self.clock.passes(new * self.token_s)
        return new

    async def chat(self, model, body):
        self.asked_for.append(body)
        yield b"data: [DONE]\n\n"


class Calm:
    """A machine that has nothing else to do, until it has."""

    def __init__(self):
        self.now = Load()

    async def load(self):
        return self.now


class KeepingEngine(ReadingEngine):
    """Brings to a disk what it has read, and back."""

    def __init__(self, clock, disk=None, **facts):
        super().__init__(clock, **facts)
        self.disk = {} if disk is None else disk
        """By session."""
        self.saves = 0
        self.restores = []
        self.took_s = 0.0
        self.error_of_slots = None

    async def save_slot(self, _model, number, session):
        self.saves += 1
        self.clock.passes(self.took_s)
        if self.error_of_slots is not None:
            raise self.error_of_slots
        self.disk[session] = self.slots[number]
        return len(self.slots[number])

    async def restore_slot(self, _model, number, session):
        self.restores.append(session)
        if self.error_of_slots is not None:
            raise self.error_of_slots
        if session not in self.disk:
            return ()
        self.slots[number] = self.disk[session]
        return self.disk[session]

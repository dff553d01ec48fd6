"""Relays: the gateway's outputs move the breakers, the breakers' contacts report back.

A file stands for a wire: its first byte is "1" or "0". Output "1": the coil is energised and the
stage closed. No file, an empty one or anything else: the coil is not energised, and the stage open.
So every stage is open before the gateway runs.
"""

from __future__ import annotations

from pathlib import Path
from random import Random

from simulator.plant import SitePlant

OPERATE_TIME_S = (0.03, 0.06)


class Relay:
    """One stage's breaker with its auxiliary contact."""

    def __init__(
        self, plant: SitePlant, stage_id: int, output: Path, contact: Path, rng: Random
    ) -> None:
        self._plant = plant
        self._stage_id = stage_id
        self._output = output
        self._contact = contact
        self._rng = rng
        self._moves_at_s: float | None = None
        self.closed = False
        self._report()

    def poll(self, now_s: float) -> None:
        """Follow the coil; a change shorter than the operate time moves nothing."""
        if self._coil_energised() == self.closed:
            self._moves_at_s = None
        elif self._moves_at_s is None:
            self._moves_at_s = now_s + self._rng.uniform(*OPERATE_TIME_S)
        elif now_s >= self._moves_at_s:
            self._moves_at_s = None
            self.closed = not self.closed
            self._plant.advance(now_s)
            self._plant.set_breaker(self._stage_id, closed=self.closed)
            self._report()

    def _coil_energised(self) -> bool:
        try:
            return self._output.read_bytes()[:1] == b"1"
        except FileNotFoundError:
            return False

    def _report(self) -> None:
        # Replaced, not rewritten: the gateway never sees the file empty.
        fresh = self._contact.with_name(self._contact.name + ".new")
        fresh.write_bytes(b"1" if self.closed else b"0")
        fresh.replace(self._contact)

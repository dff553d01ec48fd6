"""Relays: the gateway's outputs move the breakers, the breakers' contacts report back.

A file stands for a wire: its first byte is "1" or "0". Output "1": the coil is energised. No file,
an empty one or anything else: it is not. Every stage is open before the gateway runs, unless the
scenario says that its breaker was left closed.
"""

from __future__ import annotations

from pathlib import Path
from random import Random
from typing import Literal

from simulator.plant import SitePlant

OPERATE_TIME_S = (0.03, 0.06)

Fault = Literal["stuck", "welded"]
"""Stuck: it moves no more. Welded: its contacts do not open; a coil may close them."""


class Relay:
    """One stage's contactor with its auxiliary contact: closed while its coil is energised."""

    def __init__(
        self,
        plant: SitePlant,
        stage_id: int,
        output: Path,
        contact: Path,
        rng: Random,
        *,
        closed: bool = False,
        soft_stop: Path | None = None,
    ) -> None:
        self._plant = plant
        self._stage_id = stage_id
        self._output = output
        self._contact = contact
        self._soft_stop = soft_stop
        self._rng = rng
        self._moves_at_s: float | None = None
        self.fault: Fault | None = None
        self.closed = closed
        plant.set_breaker(stage_id, closed=closed)
        self._report()

    def poll(self, now_s: float) -> None:
        """Follow the coil; a change shorter than the operate time moves nothing."""
        if self._soft_stop is not None:
            self._plant.stages[self._stage_id].may_run = is_energised(self._soft_stop)
        if self._wanted() == self.closed or not self._can_move():
            self._moves_at_s = None
        elif self._moves_at_s is None:
            self._moves_at_s = now_s + self._rng.uniform(*OPERATE_TIME_S)
        elif now_s >= self._moves_at_s:
            self._move(now_s)

    def operate_by_hand(self, now_s: float, *, closed: bool) -> None:
        """A person at the stage; ValueError when it does not obey."""
        if closed and not self._can_be_closed():
            raise ValueError(f"stage {self._stage_id} cannot be closed by hand now")
        if closed != self.closed:
            if not self._can_move():
                raise ValueError(f"stage {self._stage_id} is {self.fault}")
            self._move(now_s)

    def _wanted(self) -> bool:
        """The position that its coil drives it to."""
        return is_energised(self._output)

    def _can_be_closed(self) -> bool:
        return is_energised(self._output)

    def _can_move(self) -> bool:
        return self.fault is None or (self.fault == "welded" and not self.closed)

    def _move(self, now_s: float) -> None:
        self._moves_at_s = None
        self.closed = not self.closed
        self._plant.advance(now_s)
        self._plant.set_breaker(self._stage_id, closed=self.closed)
        self._report()

    def _report(self) -> None:
        # Replaced, not rewritten: the gateway never sees the file empty.
        fresh = self._contact.with_name(self._contact.name + ".new")
        fresh.write_bytes(b"1" if self.closed else b"0")
        fresh.replace(self._contact)


class UndervoltageBreaker(Relay):
    """Trips when its release is not energised; a person closes it while that is."""

    def _wanted(self) -> bool:
        return self.closed and is_energised(self._output)


class ShuntTripBreaker(Relay):
    """Trips when its coil is energised; a person closes it while that is not."""

    def _wanted(self) -> bool:
        return self.closed and not is_energised(self._output)

    def _can_be_closed(self) -> bool:
        return not is_energised(self._output)


KINDS: dict[str, type[Relay]] = {
    "contactor": Relay,
    "undervoltage_release": UndervoltageBreaker,
    "shunt_trip": ShuntTripBreaker,
}


def is_energised(wire: Path) -> bool:
    try:
        return wire.read_bytes()[:1] == b"1"
    except FileNotFoundError:
        return False

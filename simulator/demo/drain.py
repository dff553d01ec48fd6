"""The end of the demo: one last reading, and everything handed over."""

import time
from collections.abc import Callable, Mapping
from typing import Any

from simulator.demo.programs import ProgramError, esep
from simulator.demo.world import World

Facts = Callable[[float], Mapping[str, Any] | None]
"""The collector's next fact within so many seconds, or None."""

_READ_S = 30
_HEARD_S = 15


def freeze_and_read(world: World, facts: Facts) -> list[dict[str, Any]]:
    """Stop the simulated time, have every meter read once more; the simulator's own energies."""
    world.simulator.ask({"cmd": "freeze"})
    sites: list[dict[str, Any]] = world.simulator.ask({"cmd": "energy"})["sites"]
    waiting = {
        esep("collector", "read", world.evidence, gateway).strip() for gateway in world.gateways
    }
    until = time.monotonic() + _READ_S
    while waiting and time.monotonic() < until:
        fact = facts(0.2)
        if fact and fact["event"] == "gateway.command" and fact["phase"] == "applied":
            waiting.discard(fact["order"])
    if waiting:
        raise ProgramError(f"{len(waiting)} gateways did not make the last reading")
    return sites


def hand_over(world: World, facts: Facts) -> dict[str, dict[str, Any]]:
    """End the gateways; the last status of each, with the frames it made and still holds."""
    world.stop_gateways()
    last: dict[str, dict[str, Any]] = {}
    until = time.monotonic() + _HEARD_S
    while len(last) < len(world.gateways) and time.monotonic() < until:
        fact = facts(0.2)
        if fact and fact["event"] == "gateway.status" and _is_farewell(fact["status"]):
            last[fact["gateway"]] = fact["status"]
    silent = [site for gateway, site in world.gateways.items() if gateway not in last]
    if silent:
        raise ProgramError(f"{', '.join(silent)} ended without a farewell; see {world.logs}")
    return last


def _is_farewell(status: Mapping[str, Any]) -> bool:
    """A gateway's own last word; a last will says nothing of the journal."""
    return not status.get("online") and "last" in status

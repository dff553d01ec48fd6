"""A feeder with a site on it, in the register; quarters laid down at once."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from collector_world import REAL, SITE, World, meter_record
from sqlalchemy import insert

from collector.model.energy import IMPORT
from collector.model.records import Feeder, Site
from collector.storage.tables import snapshot

DAY_MS, HOUR_MS, QUARTER_MS = 86_400_000, 3_600_000, 900_000
START_MS = 1_795_374_000_000  # 2026-11-23 00:00:00 in Astana, a Monday
HEAD, DELIVERY = "head-1", "feeder"


def feeder(name: str, **fields: Any) -> Feeder:
    return Feeder(name=name, zone="north", substation="PS-7", valid_from=0, **fields)


def town(directory: Path, *feeders: Feeder) -> World:
    """The site hangs on `F-1`, whose head has a meter of class 0.5S, as has the delivery point."""
    world = World.make(directory, REAL)
    view = world.registry.view()
    site = view.one(Site, SITE).model_copy(update={"feeder": "F-1"})
    delivery = view.all(type(meter_record(world.gateway, "x", 0, 1)))[DELIVERY]
    head = meter_record(world.gateway, HEAD, 5, "delivery", "substation")
    classes = {"accuracy_class": "0.5S", "ct": (1, 1), "vt": (1, 1)}
    known = feeders or (feeder("F-1", meters=(HEAD,), loss_permille=20),)
    records = [
        site,
        delivery.model_copy(update=classes),
        head.model_copy(update=classes),
        *known,
    ]
    world.registry.record(records, bytes(32), START_MS)
    return world


def lay_down(world: World, meter: str, registers: Mapping[int, int]) -> None:
    """Registers in Wh by time; they show whole Wh."""
    rows = [
        {
            "meter": meter,
            "quantity": IMPORT,
            "at_ms": at_ms,
            "kind": "interval",
            "count": energy_wh,
            "quantum": "1",
            "offset_ms": 0,
            "clock": "S",
            "position": at_ms // 1000,
        }
        for at_ms, energy_wh in registers.items()
    ]
    with world.engine.begin() as connection:
        connection.execute(insert(snapshot), rows)


def steady(wh_a_quarter: int, days: int = 1, start_ms: int = START_MS) -> dict[int, int]:
    """A register that counts the same in every quarter."""
    return {start_ms + n * QUARTER_MS: n * wh_a_quarter for n in range(days * 96 + 1)}

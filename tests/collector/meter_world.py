"""What a PM5560 says over Modbus: its registers, and who it is."""

import struct
from typing import Any

from collector_world import NOW_MS, World, event, interval, meter_record, sample
from sqlalchemy import select

from collector.intervals.snapshots import Snapshot, snapshot_at
from collector.ledger.identities import Standing
from collector.model.energy import IMPORT
from collector.model.records import Meter
from collector.registry.profiles import load_profile
from collector.storage import reading
from collector.storage.tables import snapshot

PROFILE = load_profile("schneider-pm5560")
_FORMATS = {"int64": ">q", "float32": ">f"}
METER, SERIAL, OTHER = "04711", 4711, 4712
"""The delivery meter as a person wrote it, as the instrument says it, and another one's."""
STEP_MS = 5000
IMPORT_AT = [entry.name for entry in PROFILE.registers].index(IMPORT)


def configure(world: World, **fields: Any) -> None:
    """Another delivery meter: its serial is one that the instrument can hold."""
    known = world.registry.view().all(Meter)["feeder"]
    meter = meter_record(world.gateway, METER, 0, "delivery").model_copy(update=fields)
    world.registry.record(
        [known.model_copy(update={"site": "elsewhere"}), meter], bytes(32), NOW_MS
    )
    world.gateway.configuration = world.configure(world.gateway)


def at(number: int) -> int:
    return NOW_MS + number * STEP_MS


def raw_of(*, interval_only: bool = True, **values: float) -> bytes:
    """Registers by the profile's names, as the instrument counts; those not named are zero."""
    return b"".join(
        struct.pack(_FORMATS[entry.type], values.get(entry.name, 0))
        for entry in PROFILE.of(interval=interval_only)
    )


def energy(at_ms: int, energy_wh: int, slot: int = 0, offset_ms: int = 0) -> Any:
    return interval(slot, at_ms, raw_of(active_energy_import=energy_wh), offset_ms)


def power(at_ms: int, power_kw: float, slot: int = 0, energy_wh: int = 0) -> Any:
    raw = raw_of(interval_only=False, active_power=power_kw, active_energy_import=energy_wh)
    return sample(slot, at_ms, raw)


def identity(
    serial: int, *, ct: int = 1, slot: int = 0, at_ms: int = NOW_MS, unread: tuple[str, ...] = ()
) -> Any:
    """An identity event; `unread` are the entries that the instrument refused."""
    plate = {
        "serial": struct.pack(">I", serial),
        "model": b"PM5560".ljust(40, b"\0"),
        "firmware": struct.pack(">H", 20),
        "vt_primary": struct.pack(">f", 100),
        "vt_secondary": struct.pack(">H", 100),
        "ct_primary": struct.pack(">H", 5 * ct),
        "ct_secondary": struct.pack(">H", 5),
    }
    names = [entry.name for entry in PROFILE.identity]
    quality = bytes(3 if name in unread else 0 for name in names)
    raw = b"".join(plate[name] for name in names if name not in unread)
    return event(10, {0: slot, 1: quality if unread else None, 2: raw}, at_ms)


def went_back(before_wh: int, after_wh: int, at_ms: int, slot: int = 0) -> Any:
    counts = [struct.pack(">q", count) for count in (before_wh, after_wh)]
    return event(11, {0: slot, 1: IMPORT_AT, 2: counts[0], 3: counts[1]}, at_ms)


def standings(world: World, meter: str) -> dict[int, Standing | None]:
    """Of the kept snapshots of imported energy, by boundary."""
    query = select(snapshot.c.at_ms, snapshot.c.standing).where(
        snapshot.c.meter == meter, snapshot.c.quantity == IMPORT
    )
    with reading(world.engine) as connection:
        return {
            at_ms: None if standing is None else Standing(standing)
            for at_ms, standing in connection.execute(query.order_by(snapshot.c.at_ms))
        }


def billed(world: World, meter: str, at_ms: int) -> Snapshot | None:
    with reading(world.engine) as connection:
        return snapshot_at(connection, meter, at_ms)

"""How fast quarters are closed: `python tests/collector/bench_intervals.py [METERS] [QUARTERS]`.

A synthetic ledger: signed frames of gateways with 60 meters each, followed and closed quarter by
quarter as they would come. Figures are of this process's time on a processor, per meter and quarter
(import and export, and a fourth of their hours).
"""

import json
import logging
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import structlog
from collector_world import (
    NOW_MS,
    REAL,
    TestGateway,
    World,
    gateway_record,
    meter_record,
    site_record,
)
from interval_world import LATE_MS, at
from meter_world import raw_of
from sqlalchemy import func, select

from collector.evidence.cose import message_hash
from collector.evidence.frame import read_frame
from collector.intervals.closed.closer import Closer
from collector.intervals.closed.rules import read_rules
from collector.intervals.follower import IntervalFollower
from collector.ledger.followers import advance
from collector.ledger.ledger import Admitted, Ledger
from collector.model.records import Record
from collector.storage import reading
from collector.storage.tables import interval_energy

A_GATEWAY = 60
A_FRAME = 12
DAY = 96


def gateways(world: World, meters: int) -> list[TestGateway]:
    made = [TestGateway() for _ in range(-(-meters // A_GATEWAY))]
    records: list[Record] = []
    for number, gateway in enumerate(made):
        site = f"site-{number}"
        records += [site_record(gateway, site), gateway_record(gateway, site, REAL)]
        for slot in range(min(A_GATEWAY, meters - number * A_GATEWAY)):
            serial = f"{1_000_000 + number * A_GATEWAY + slot}"
            records.append(meter_record(gateway, serial, slot, slot or "delivery", site))
    world.registry.record(records, bytes(32), NOW_MS - 10**9)
    for gateway in made:
        gateway.configuration = world.configure(gateway)
    return made


def frames(chain: Any, quarter: int, meters: int) -> list[Admitted]:
    """Of one gateway for one boundary."""
    raw = raw_of(active_energy_import=100 * quarter, active_energy_export=quarter)
    records = [[1, slot, at(quarter), 20, None, raw] for slot in range(meters)]
    found = []
    for first in range(0, meters, A_FRAME):
        message = chain.next(*records[first : first + A_FRAME], at_ms=at(quarter))
        found.append(Admitted.of(message, message_hash(message), read_frame(message)[1]))
    return found


def main(meters: int, quarters: int) -> None:
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    with TemporaryDirectory() as directory:
        world = World.make(Path(directory), REAL)
        sites = gateways(world, meters)
        chains = [gateway.chain() for gateway in sites]
        follower = IntervalFollower(world.configurations)
        closer = Closer(world.engine, world.registry, read_rules())
        closer.run(NOW_MS - 10**9)
        followed_s = closed_s = 0.0
        for quarter in range(quarters + 1):
            for number, chain in enumerate(chains):
                there = min(A_GATEWAY, meters - number * A_GATEWAY)
                with world.engine.begin() as connection:
                    Ledger(world.engine).append(
                        connection, frames(chain, quarter, there), at(quarter) + 100
                    )
            started = time.process_time()
            while advance(world.engine, follower):
                pass
            between = time.process_time()
            while closer.run(at(quarter) + 1000):
                pass
            if quarter:
                followed_s += between - started
                closed_s += time.process_time() - between
        closer.run(at(quarters) + LATE_MS)
        with reading(world.engine) as connection:
            columns = interval_energy.c
            query = select(columns.quality, func.count()).group_by(columns.quality)
            rows: dict[str, int] = dict(connection.execute(query).all())
    made = meters * quarters
    print(
        json.dumps(
            {
                "meters": meters,
                "quarters": quarters,
                "intervals": rows,
                "follow_ms": round(1000 * followed_s / made, 3),
                "close_ms": round(1000 * closed_s / made, 3),
                "closed_per_s": round(made / closed_s),
                "a_day_of_10000_meters_follow_min": round(followed_s / made * 10_000 * DAY / 60, 1),
                "a_day_of_10000_meters_close_min": round(closed_s / made * 10_000 * DAY / 60, 1),
            },
            indent=2,
        )
    )


if __name__ == "__main__":
    main(*(int(word) for word in sys.argv[1:3] or ("1200", "12")))

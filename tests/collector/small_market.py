"""A licensee with some meters, in the demo's market of 20 s: what comes of their registers."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

from collector_run import CollectorRun
from collector_world import (
    DEMO,
    LICENCE,
    LICENSEE,
    NOW_MS,
    POLICY,
    TestGateway,
    World,
    allocation,
    database,
    gateway_record,
    meter_record,
    site_record,
)
from meter_world import at, energy
from sqlalchemy import delete, select

from collector.checks import periods
from collector.checks.allocation import PeriodResult
from collector.checks.life import State
from collector.checks.members import TAKEN_BACK
from collector.evidence.keys import PrivateKey
from collector.intervals.closed.interval import ClosedInterval
from collector.intervals.closed.table import of_register
from collector.model.energy import IMPORT
from collector.model.records import Record
from collector.registry.configurations import Configurations
from collector.registry.store import Registry
from collector.storage import reading
from collector.storage.tables import (
    finding,
    finding_member,
    finding_step,
    interval_energy,
    metadata,
    period_result,
)

KEPT = (interval_energy, period_result, finding, finding_member, finding_step)
SETTLE_MS = 30_000
A_PERIOD = DEMO.period_s // DEMO.interval_s
"""Intervals of a period."""
Message = tuple[TestGateway, bytes]


class SmallMarket:
    """`sites`: of each its delivery meters. It may be begun anew any number of times."""

    def __init__(self, directory: Path, sites: Mapping[str, Sequence[str]]) -> None:
        engine = database(directory)
        registry, root = Registry(engine), PrivateKey.generate()
        known = Configurations(engine, root.public)
        self.meters = {serial: site for site, serials in sites.items() for serial in serials}
        self._sites = {site: tuple(serials) for site, serials in sites.items()}
        self._gateways = {site: TestGateway() for site in sites}
        self._world = World(engine, registry, root, next(iter(self._gateways.values())), known)
        registry.record(self._records(), bytes(32), NOW_MS - 10**9)
        for gateway in self._gateways.values():
            gateway.configuration = self._world.configure(gateway)
        with reading(engine) as connection:
            self._filled = [
                table
                for table in metadata.sorted_tables
                if connection.execute(select(table).limit(1)).first() is None
            ]
        self.run = CollectorRun(self._world, directory)

    def begin(self, bought_wh: Sequence[int]) -> "SmallMarket":
        """Forget everything but the register; `bought_wh`: for the periods from NOW_MS on."""
        with self._world.engine.begin() as connection:
            for table in self._filled:
                connection.execute(delete(table))
        for period, bought in enumerate(bought_wh):
            self.buy(period, bought, NOW_MS - 10**9)
        self.run.start()
        self.run.look(NOW_MS - SETTLE_MS)
        return self

    def _records(self) -> list[Record]:
        licence = LICENCE.model_copy(update={"sites": tuple(self._sites)})
        found: list[Record] = [DEMO, POLICY, LICENSEE, licence]
        for site, gateway in self._gateways.items():
            record = site_record(gateway, site).model_copy(update={"stages": ()})
            found += [record, gateway_record(gateway, site)]
            for slot, serial in enumerate(self._sites[site]):
                meter = meter_record(gateway, serial, slot, "delivery", site)
                found.append(meter.model_copy(update={"ct": (2000, 5)}))
        return found

    def buy(self, period: int, bought_wh: int, known_ms: int) -> None:
        bought = allocation(at(period * A_PERIOD), str(Decimal(bought_wh) / 10**6))
        self._world.registry.record([bought], bytes(32), known_ms)

    def frames(self, registers_wh: Mapping[str, Sequence[int]]) -> list[Message]:
        """Of each gateway one for each boundary from NOW_MS on, with all its meters."""
        found: list[Message] = []
        for site, gateway in self._gateways.items():
            chain, serials = gateway.chain(), self._sites[site]
            for number in range(len(registers_wh[serials[0]])):
                read = [
                    energy(at(number), registers_wh[serial][number], slot)
                    for slot, serial in enumerate(serials)
                ]
                found.append((gateway, chain.next(*read, at_ms=at(number))))
        return found

    def settle(self, now_ms: int) -> int:
        """Look until nothing is waited for any more; the last look."""
        for look in range(1, 5):
            self.run.look(now_ms + look * SETTLE_MS)
        return now_ms + 4 * SETTLE_MS

    def closings(self, known_ms: int | None = None) -> list[PeriodResult]:
        with reading(self._world.engine) as connection:
            return periods.known(connection, 0, 2**62, known_ms)

    def judged(self) -> list[PeriodResult]:
        """What closings say, without which closing it was and when, and by which frames."""
        return [
            replace(each, version=0, closed_ms=None, positions=(), versions={})
            for each in self.closings()
        ]

    def intervals(self) -> dict[tuple[str, int], ClosedInterval]:
        """What stands of each meter, without the places of frames in the ledger."""
        with reading(self._world.engine) as connection:
            return {
                (serial, version.closed.start_ms): replace(
                    version.closed, start_position=None, end_position=None
                )
                for serial in self.meters
                for length_ms in (DEMO.interval_s * 1000,)
                for version in of_register(connection, (serial, IMPORT), length_ms, 0, 2**62)
            }

    def standing(self) -> list[tuple[Any, ...]]:
        """What findings that are not closed say now: code, subject, from, until, what is missing.

        Of a run each period that was not taken back: when the run began is history, and depends on
        what was known then.
        """
        found: list[tuple[Any, ...]] = []
        with reading(self._world.engine) as connection:
            for row in connection.execute(select(finding).where(finding.c.state != State.CLOSED)):
                same = select(finding_member).where(finding_member.c.finding == row.id)
                for each in connection.execute(same).all() or [row]:
                    details = json.loads(each.body)
                    if TAKEN_BACK not in details:
                        times = (each.first_ms, each.last_ms)
                        found.append((row.code, each.subject, *times, details["missing"]))
        return sorted(found)

    def kept(self) -> dict[str, list[Any]]:
        """Everything that was closed and found, row by row."""
        with reading(self._world.engine) as connection:
            return {table.name: list(connection.execute(select(table))) for table in KEPT}

"""A collector's database with three sites, filled through the rooms' own functions."""

import json
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, insert

from collector.checks.runner import Checks
from collector.evidence.errors import Reason
from collector.evidence.frame import Stream
from collector.evidence.keys import PrivateKey
from collector.intake import quarantine
from collector.intake.admission import Delivery
from collector.model.energy import IMPORT
from collector.model.order import DropResult, Step
from collector.model.records import (
    Allocation,
    Authority,
    Gateway,
    GatewayKey,
    Licence,
    Licensee,
    Market,
    Meter,
    OrderReason,
    Policy,
    Record,
    Site,
    Stage,
    TcpBus,
    Timing,
)
from collector.orders import rules, store
from collector.orders.order import Order, StepRecord
from collector.registry.store import Registry
from collector.series.embedded import EmbeddedSeries
from collector.series.store import Point
from collector.storage import open_database
from collector.storage.tables import chain, chain_fault, frame, gateway_fact, snapshot

NOW_MS = 1_795_424_412_000  # 2026-11-23 14:00:12 in Astana
PERIOD_MS = 20_000
START_MS = NOW_MS - NOW_MS % PERIOD_MS

ALATAU, STEPPE, MINERS = "100240000017", "140840000928", "190140000555"
SITES = {"ekibastuz-1": ALATAU, "pavlodar-2": STEPPE, "temirtau-3": MINERS}
EVIL_NAME = "ТОО <script>alert('Қазмайн')</script> & Co"
_PROFILES = ("schneider-pm5560", "eastron-sdm630", "carlo-gavazzi-em24")


@dataclass
class ControlRoom:
    engine: Engine
    registry: Registry
    series: EmbeddedSeries
    statuses: dict[str, dict[str, Any]]

    def gateway(self, site: str) -> str:
        return next(
            gateway.id
            for gateway in self.registry.view().all(Gateway).values()
            if gateway.site == site
        )

    def run_site(
        self, site: str, watts: dict[int, int], *, periods: int, until_ms: int = NOW_MS
    ) -> None:
        """Meters over closed periods and the running one; `watts` from each time (ms) on.

        The first stage takes 60 % of the site's power and the second 30 %.
        """
        shares = {"delivery": 10, 1: 6, 2: 3}
        for meter in self.registry.view().meters_of(site, NOW_MS):
            powers = {at_ms: power * shares[meter.point] // 10 for at_ms, power in watts.items()}
            self.run_meter(meter.serial, powers, START_MS - periods * PERIOD_MS, until_ms)

    def run_meter(self, serial: str, watts: dict[int, int], start_ms: int, until_ms: int) -> None:
        """A reading every second and a snapshot every five."""
        register_mws = 48_215_000_000 * 3_600_000
        points, counts = [], {}
        for at_ms in range(start_ms, until_ms + 1, 1_000):
            power_w = next(watts[from_ms] for from_ms in sorted(watts)[::-1] if from_ms <= at_ms)
            energy_wh = register_mws // 3_600_000
            if at_ms % 5_000 == 0:
                counts[at_ms] = energy_wh
            values = {"active_power": float(power_w)}
            points.append(Point(serial, at_ms, values, 1, Fraction(energy_wh)))
            register_mws += power_w * 1_000
        self.series.write(points)
        self.add_snapshots(serial, counts)

    def add_snapshots(self, serial: str, counts: dict[int, int], quantum_wh: str = "1") -> None:
        """Register counts by boundary (ms)."""
        rows = [
            {
                "meter": serial,
                "quantity": IMPORT,
                "at_ms": at_ms,
                "kind": "interval",
                "count": count,
                "quantum": quantum_wh,
                "offset_ms": 20,
                "clock": "S",
                "position": 1,
            }
            for at_ms, count in counts.items()
        ]
        with self.engine.begin() as connection:
            connection.execute(insert(snapshot), rows)

    def check(self, now_ms: int = NOW_MS) -> None:
        Checks(self.engine, self.registry, self.series).run(now_ms)

    def draft(self, site: str, now_ms: int) -> Order:
        """The order that the findings call for at a site."""
        with self.engine.begin() as connection:
            orders = store.load_all(connection)
            terms = rules.wanted(connection, self.registry.view(), orders, now_ms)
            return store.draft(
                connection, next(entry for entry in terms if entry.sites == (site,)), now_ms
            )

    def take(
        self,
        order: Order,
        step: Step,
        at_ms: int,
        result: DropResult | None = None,
        position: int | None = None,
        number: int | None = None,
        **details: Any,
    ) -> Order:
        record = StepRecord(step, at_ms, at_ms, position, details)
        with self.engine.begin() as connection:
            return store.take_step(connection, order, record, number, result)

    def verify_drop(self, order: Order, at_ms: int) -> Order:
        """From drafted to a full measured drop, in seven seconds."""
        order = self.take(order, Step.APPROVED, at_ms)
        order = self.take(order, Step.NOTIFIED, at_ms, to="licensee")
        order = self.take(order, Step.ISSUED, at_ms + 2_000, counter=1, until_ms=at_ms + 602_000)
        order = self.take(order, Step.RECEIVED, at_ms + 2_400, counter=1, position=318)
        order = self.take(order, Step.APPLIED, at_ms + 2_700, counter=1, position=319)
        return self.take(
            order,
            Step.VERIFIED,
            at_ms + 7_000,
            DropResult.FULL,
            stage_before_w=2_160_412.4,
            stage_after_w=812.0,
            site_before_w=3_600_118.9,
            site_after_w=1_440_377.1,
        )

    def add_frames(self, count: int) -> None:
        rows = [
            {
                "position": position,
                "gateway": bytes(8),
                "epoch": 1,
                "stream": 0,
                "seq": position,
                "hash": position.to_bytes(32),
                "received_ms": NOW_MS,
                "raw": b"",
            }
            for position in range(1, count + 1)
        ]
        with self.engine.begin() as connection:
            connection.execute(insert(frame), rows)

    def add_chain(self, site: str, stream: Stream, upto: int, highest: int) -> None:
        row = {
            "gateway": bytes.fromhex(self.gateway(site)),
            "epoch": 1,
            "stream": int(stream),
            "upto": upto,
            "highest": highest,
        }
        with self.engine.begin() as connection:
            connection.execute(insert(chain), [row])

    def add_fork(self, site: str) -> None:
        row = {
            "gateway": bytes.fromhex(self.gateway(site)),
            "epoch": 1,
            "stream": 0,
            "seq": 7,
            "fault": "fork",
            "position": 9,
        }
        with self.engine.begin() as connection:
            connection.execute(insert(chain_fault), [row])

    def add_boot(self, site: str) -> None:
        row = {
            "gateway": bytes.fromhex(self.gateway(site)),
            "name": "boot",
            "at_ms": NOW_MS - 190_000,
            "position": 1,
            "body": json.dumps(
                {"implementation": "micropython", "firmware": "0.1.0", "epoch": 1, "seq": 1}
            ),
        }
        with self.engine.begin() as connection:
            connection.execute(insert(gateway_fact), [row])

    def add_release(self, site: str) -> None:
        body = {"step": 4, "number": 7, "bundle": "00" * 8, "why": "ended by watchdog"}
        place = {"epoch": 1, "seq": 2, "received_ms": NOW_MS}
        row = {
            "gateway": bytes.fromhex(self.gateway(site)),
            "name": "firmware",
            "at_ms": NOW_MS,
            "position": 2,
            "body": json.dumps(body | place),
        }
        with self.engine.begin() as connection:
            connection.execute(insert(gateway_fact), [row])

    def add_health(self, site: str) -> None:
        """Not well."""
        detail = [60, 58_272, 1_386, [9, 2], [2, None], 31, -71, [[200, 1], [40, 10]], -12_340]
        row = {
            "gateway": bytes.fromhex(self.gateway(site)),
            "name": "health",
            "at_ms": NOW_MS - 100_000,
            "position": 2,
            "body": json.dumps({"detail": detail, "before": None, "epoch": 1, "seq": 2}),
        }
        fault = {"name": "fault", "body": json.dumps({"task": "samples", "what": EVIL_NAME})}
        with self.engine.begin() as connection:
            connection.execute(insert(gateway_fact), [row, row | fault])

    def refuse(self, reason: Reason, count: int) -> None:
        refused = [(Delivery.of("esep/v1/x/frame", b"noise"), reason)] * count
        with self.engine.begin() as connection:
            quarantine.store(connection, refused, NOW_MS)

    def hear(self, site: str, *, age_ms: int, **status: Any) -> None:
        self.statuses[self.gateway(site)] = {"received_ms": NOW_MS - age_ms} | status


def empty(directory: Path) -> ControlRoom:
    engine = open_database(directory, create=True)
    return ControlRoom(engine, Registry(engine), EmbeddedSeries(directory), {})


def registered(directory: Path) -> ControlRoom:
    """Three sites of three licensees in the register; nothing read yet."""
    room = empty(directory)
    room.registry.record(_records(), bytes(32), NOW_MS - 600_000)
    return room


def _records() -> list[Record]:
    names = {
        ALATAU: "ТОО «Alatau Hash»",
        STEPPE: EVIL_NAME,
        MINERS: "ТОО «Сарыарқа Майнинг»",
    }
    records: list[Record] = [
        Market(label="Demo market, time run 180 times as fast", period_s=20, interval_s=5),
        _policy(),
        _authority(),
        *(Licensee(bin=number, name=name) for number, name in names.items()),
    ]
    for index, (site, licensee) in enumerate(SITES.items()):
        records += _site(index, site, licensee)
        records += [
            Allocation(
                licensee=licensee, zone="north", start=START_MS + step * PERIOD_MS, energy_mwh=mwh
            )
            for step in range(-20, 3)
            for mwh in [Decimal("0.020")]
        ]
    return records


def _site(index: int, site: str, licensee: str) -> list[Record]:
    key = PrivateKey.generate().public
    gateway = key.kid.hex()
    ended = site == "temirtau-3"
    until_ms = START_MS - 5_000 if ended else NOW_MS + 400 * 86_400_000
    meters: list[Record] = [
        Meter(
            serial=f"{['SE', 'EA', 'CG'][index]}-{4711 + 10 * index + slot}",
            site=site,
            gateway=gateway,
            slot=slot,
            profile=_PROFILES[index],
            bus=0,
            unit=slot + 1,
            ct=(1000, 5),
            vt=(1, 1),
            point="delivery" if slot == 0 else slot,
        )
        for slot in range(3)
    ]
    return [
        Site(
            name=site,
            licensee=licensee,
            zone="north",
            gateway=gateway,
            stages=tuple(
                Stage(
                    id=number,
                    name=f"hall {number}",
                    output=number,
                    min_off_ms=0,
                    min_on_ms=0,
                    confirm_ms=2000,
                )
                for number in (1, 2)
            ),
        ),
        Gateway(
            id=gateway,
            keys=(GatewayKey(x=key.raw[:32].hex(), y=key.raw[32:].hex()),),
            site=site,
            buses=(TcpBus(kind="tcp", host="127.0.0.1", port=5020),),
            timing=Timing(interval_ms=5000, sample_ms=1000, frame_ms=1000),
        ),
        Licence(
            number=f"KZ{74 + index}RYS0000{index}",
            licensee=licensee,
            subtype="I",
            sites=(site,),
            valid_from=NOW_MS - 500 * 86_400_000,
            valid_until=until_ms,
        ),
        *meters,
    ]


def _policy() -> Policy:
    return Policy(
        receipt_s=Decimal(1),
        checkpoint_s=Decimal(20),
        late_s=Decimal(10),
        command_ttl_s=20,
        repeat_s=5,
        max_repeats=3,
        hold_s=600,
        settle_s=Decimal(1),
        before_window_s=10,
        verify_timeout_s=30,
        min_samples=3,
        full_permille=900,
        partial_permille=300,
        return_margin_permille=1050,
        ramp_offset_ms=1000,
        ramp_step_ms=1000,
    )


def _authority() -> Authority:
    return Authority(
        id="example-2026-11",
        title="Example order of the system operator",
        document_sha256="ab" * 32,
        official="example official",
        valid_from=NOW_MS - 86_400_000,
        valid_until=NOW_MS + 86_400_000,
        reasons=(OrderReason.OVER_ALLOCATION, OrderReason.LICENCE),
        notice_s=2,
        example=True,
    )


def busy(directory: Path) -> ControlRoom:
    """A night: one site within, one held down after a breach, one mining without a licence."""
    room = registered(directory)
    cut_ms = START_MS - 20_000
    room.run_site("ekibastuz-1", {0: 3_240_000}, periods=6)
    room.run_site("pavlodar-2", {0: 3_700_000, cut_ms + 4_000: 1_480_000}, periods=6)
    room.run_site("temirtau-3", {0: 2_800_000}, periods=6)
    room.check()
    order = room.draft("pavlodar-2", cut_ms + 1_000)
    room.verify_drop(order, cut_ms + 1_000)
    order = room.draft("temirtau-3", START_MS + 11_000)
    order = room.take(order, Step.APPROVED, START_MS + 11_000)
    room.take(order, Step.NOTIFIED, START_MS + 11_000)
    room.add_frames(1_284)
    room.refuse(Reason.BAD_SIGNATURE, 3)
    room.refuse(Reason.UNKNOWN_GATEWAY, 1)
    for site in SITES:
        room.add_boot(site)
        room.add_chain(site, Stream.BILLING, 88, 88)
        room.add_chain(site, Stream.TELEMETRY, 190, 190)
    room.hear("ekibastuz-1", age_ms=4_000, online=True, pending=[0, 2])
    room.hear("pavlodar-2", age_ms=12_000, online=True, pending=[1, 3])
    room.hear("temirtau-3", age_ms=8_000, online=True, pending=[0, 1])
    return room

"""A gateway that signs, and the register, configuration and database it is known by."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from sqlalchemy import Engine

from collector.evidence.cose import ContentType, message_hash, seal
from collector.evidence.downlink import Role, Signer, certify
from collector.evidence.frame import ZERO_HASH, Stream
from collector.evidence.keys import PrivateKey
from collector.intake.admission import Admission, Delivery
from collector.intake.intake import Intake, Pending
from collector.ledger.ledger import Admitted, Ledger
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
from collector.registry.configuration import compile_configuration
from collector.registry.configurations import Configurations
from collector.registry.store import Registry
from collector.storage import appending, open_database, settings
from collector.storage.engine import FILE_NAME

BILLING, TELEMETRY = Stream.BILLING, Stream.TELEMETRY
NOW_MS = 1_795_424_400_000  # 2026-11-23 14:00:00 in Astana
DEMO = Market(label="demo", period_s=20, interval_s=5)
REAL = Market(label="real", period_s=3600, interval_s=900)
BIN, ZONE, SITE = "100240000017", "north", "ekibastuz-1"
PROFILE = "schneider-pm5560"


def signer_for(root: PrivateKey, role: Role) -> Signer:
    key = PrivateKey.generate()
    return Signer(key, certify(root, role, key.public, 0, 2**63))


@dataclass
class Chain:
    """One stream of one epoch; `next` makes the frames of an honest gateway."""

    gateway: "TestGateway"
    stream: Stream
    epoch: int = 1
    seq: int = 0
    last: bytes = ZERO_HASH

    def next(self, *records: list[Any], **changes: Any) -> bytes:
        self.seq += 1
        message = self.gateway.frame(
            self.stream, self.seq, records, epoch=self.epoch, prev=self.last, **changes
        )
        self.last = message_hash(message)
        return message


@dataclass
class TestGateway:
    __test__ = False

    key: PrivateKey = field(default_factory=PrivateKey.generate)
    configuration: bytes = bytes(32)

    @property
    def id(self) -> bytes:
        return self.key.public.kid

    @property
    def topic(self) -> str:
        return f"esep/v1/{self.id.hex()}/frame"

    def chain(self, stream: Stream = BILLING, epoch: int = 1) -> Chain:
        return Chain(self, stream, epoch)

    def frame(
        self,
        stream: Stream = BILLING,
        seq: int = 1,
        records: Sequence[list[Any]] = (),
        *,
        epoch: int = 1,
        prev: bytes = ZERO_HASH,
        at_ms: int = NOW_MS,
        letter: str = "S",
        configuration: bytes | None = None,
    ) -> bytes:
        default = [clock_event()] if stream is BILLING else [sample(0, at_ms, b"")]
        body = {
            0: 1,
            1: self.id,
            2: epoch,
            3: int(stream),
            4: seq,
            5: prev,
            6: self.configuration if configuration is None else configuration,
            7: [at_ms, letter, 1],
            8: list(records) or default,
        }
        return seal(self.key, ContentType.FRAME, body)


def event(code: int, detail: dict[int, Any], at_ms: int = NOW_MS) -> list[Any]:
    return [3, at_ms, code, detail]


def clock_event(note: str = "test") -> list[Any]:
    return event(2, {0: 1, 1: 2, 2: note})


def epoch_event(before: int | None = 1) -> list[Any]:
    return event(8, {0: before, 1: "counter lost"})


def dropped_event(epoch: int, first: int, last: int) -> list[Any]:
    return event(7, {0: 1, 1: epoch, 2: first, 3: last})


def boot_event(at_ms: int = NOW_MS, firmware: str = "0.1.0", *, is_safe: bool = False) -> list[Any]:
    mode = {4: "safe"} if is_safe else {}
    return event(1, {0: "power", 1: "micropython", 2: firmware, 3: bytes(32)} | mode, at_ms)


def health_event(at_ms: int = NOW_MS, **changes: Any) -> list[Any]:
    """Of a gateway that does well, unless changed; its fields by name."""
    names = ("uptime_s", "free", "stall_ms", "pending", "days", "erasures", "dbm", "buses", "drift")
    well = (60, 30_000, 40, [1, 6], [400, 12], 7, None, [[900, 3]], -2_100)
    said = dict(zip(names, well, strict=True)) | changes
    return event(14, dict(enumerate(said.values())), at_ms)


def command_event(
    order: bytes, counter: int, phase: int, at_ms: int = NOW_MS, **more: Any
) -> list[Any]:
    names = {"reason": 3, "stages": 4, "last": 5}
    return event(
        4, {0: order, 1: counter, 2: phase} | {names[key]: more[key] for key in more}, at_ms
    )


def interval(slot: int, at_ms: int, raw: bytes, offset_ms: int = 20, quality: Any = None) -> Any:
    return [1, slot, at_ms, offset_ms, quality, raw]


def sample(slot: int, at_ms: int, raw: bytes, quality: bytes | None = None) -> list[Any]:
    return [2, slot, at_ms, quality, raw]


POLICY = Policy(
    receipt_s=Decimal(2),
    checkpoint_s=Decimal(20),
    late_s=Decimal(8),
    command_ttl_s=60,
    repeat_s=5,
    max_repeats=2,
    hold_s=600,
    settle_s=Decimal(3),
    before_window_s=30,
    verify_timeout_s=30,
    min_samples=3,
    full_permille=900,
    partial_permille=200,
    return_margin_permille=1200,
    ramp_offset_ms=2000,
    ramp_step_ms=1000,
)
AUTHORITY = Authority(
    id="authority-1",
    title="Example",
    document_sha256="ab" * 32,
    official="an official",
    valid_from=NOW_MS - 10**9,
    valid_until=NOW_MS + 10**9,
    reasons=(OrderReason.OVER_ALLOCATION, OrderReason.LICENCE),
    notice_s=2,
    example=True,
)
LICENSEE = Licensee(bin=BIN, name="Alatau")
LICENCE = Licence(
    number="L-1",
    licensee=BIN,
    subtype="I",
    sites=(SITE,),
    valid_from=NOW_MS - 10**9,
    valid_until=NOW_MS + 10**10,
)


def gateway_record(gateway: TestGateway, site: str = SITE, market: Market = DEMO) -> Gateway:
    point = gateway.key.public.raw
    ms = market.interval_s * 1000
    return Gateway(
        id=gateway.id.hex(),
        keys=(GatewayKey(x=point[:32].hex(), y=point[32:].hex()),),
        site=site,
        buses=(TcpBus(kind="tcp", host="127.0.0.1", port=502),),
        timing=Timing(interval_ms=ms, sample_ms=1000, frame_ms=1000),
    )


def site_record(gateway: TestGateway, name: str = SITE, licensee: str = BIN) -> Site:
    stages = tuple(
        Stage(id=i, name=f"hall {i}", output=i, min_off_ms=0, min_on_ms=0, confirm_ms=1000)
        for i in (1, 2)
    )
    return Site(name=name, licensee=licensee, zone=ZONE, gateway=gateway.id.hex(), stages=stages)


def meter_record(
    gateway: TestGateway, serial: str, slot: int, point: Any, site: str = SITE
) -> Meter:
    return Meter(
        serial=serial,
        site=site,
        gateway=gateway.id.hex(),
        slot=slot,
        profile=PROFILE,
        bus=0,
        unit=slot + 1,
        ct=(1, 1),
        vt=(1, 1),
        point=point,
    )


def allocation(start_ms: int, energy_mwh: str) -> Allocation:
    return Allocation(licensee=BIN, zone=ZONE, start=start_ms, energy_mwh=Decimal(energy_mwh))


def site_records(gateway: TestGateway, market: Market = DEMO) -> list[Record]:
    """One licensed site: the delivery meter and a meter for each of its two stages."""
    return [
        market,
        POLICY,
        AUTHORITY,
        LICENSEE,
        LICENCE,
        site_record(gateway),
        gateway_record(gateway, market=market),
        meter_record(gateway, "feeder", 0, "delivery"),
        meter_record(gateway, "stage-1", 1, 1),
        meter_record(gateway, "stage-2", 2, 2),
    ]


@cache
def _empty_database() -> bytes:
    with TemporaryDirectory() as directory:
        open_database(Path(directory), create=True).dispose()
        return (Path(directory) / FILE_NAME).read_bytes()


def database(directory: Path) -> Engine:
    """A new database, migrated once for all tests; that of `collector.toml` where there is one."""
    if not (directory / settings.FILE_NAME).exists():
        (directory / FILE_NAME).write_bytes(_empty_database())
    return open_database(directory)


@dataclass
class World:
    """A collector's database with one registered, configured gateway."""

    engine: Engine
    registry: Registry
    root: PrivateKey
    gateway: TestGateway
    configurations: Configurations

    @classmethod
    def make(cls, directory: Path, market: Market = DEMO) -> "World":
        engine = database(directory)
        registry = Registry(engine)
        root = PrivateKey.generate()
        gateway = TestGateway()
        registry.record(site_records(gateway, market), bytes(32), NOW_MS - 10**9)
        world = cls(engine, registry, root, gateway, Configurations(engine, root.public))
        gateway.configuration = world.configure(gateway)
        return world

    def configure(self, gateway: TestGateway, issued_ms: int = NOW_MS - 10**9) -> bytes:
        signer = signer_for(self.root, Role.CONFIGURATION)
        message = compile_configuration(self.registry.view(), gateway.id.hex(), issued_ms, signer)
        return self.configurations.store(message, issued_ms)

    def admission(self) -> Admission:
        return Admission(
            lambda gateway: self.registry.view().knows(gateway),
            lambda kid, frame: self.registry.view().gateway_key(kid, frame),
        )

    def admission_now(self) -> Admission:
        """By the register as it is, which is looked up once for many frames."""
        view = self.registry.view()
        return Admission(view.knows, view.gateway_key)

    def intake(self, now_ms: int = NOW_MS) -> Intake:
        return Intake(self.engine, self.admission(), lambda: now_ms)

    def admitted(self, message: bytes, gateway: TestGateway | None = None) -> Admitted:
        topic = (gateway or self.gateway).topic
        return self.admission().judge(Delivery.of(topic, message))

    def append(
        self, messages: Iterable[bytes], now_ms: int = NOW_MS, gateway: TestGateway | None = None
    ) -> None:
        """Frames of the world's gateway, or of another that is registered."""
        topic, admission = (gateway or self.gateway).topic, self.admission_now()
        frames = [admission.judge(Delivery.of(topic, message)) for message in messages]
        with appending(self.engine) as connection:
            Ledger(self.engine).append(connection, frames, now_ms)


def pending(topic: str, payload: bytes, acknowledged: list[Any]) -> Pending:
    return Pending(Delivery.of(topic, payload), lambda: acknowledged.append(payload))

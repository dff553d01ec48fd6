"""What the registry holds: one frozen class a kind, as files and the database state them."""

from decimal import Decimal
from enum import StrEnum
from typing import Annotated, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from collector.model.instant import Instant

Hex8 = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{16}$")]
Hex32 = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
Name = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,62}$")]
Ratio = tuple[Annotated[int, Field(gt=0)], Annotated[int, Field(gt=0)]]


class Record(BaseModel):
    """`key` names the thing across its versions."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    kind: ClassVar[str]

    @property
    def key(self) -> str:
        raise NotImplementedError


class Market(Record):
    """The market's clock. The real one: delivery hours of 3,600 s, intervals of 900 s."""

    kind: ClassVar[str] = "market"
    label: str
    period_s: Annotated[int, Field(gt=0)]
    interval_s: Annotated[int, Field(gt=0)]

    @property
    def key(self) -> str:
        return "market"

    @property
    def period_ms(self) -> int:
        return self.period_s * 1000

    def period_start(self, instant_ms: int) -> int:
        return instant_ms - instant_ms % self.period_ms


class Licensee(Record):
    kind: ClassVar[str] = "licensee"
    bin: Annotated[str, StringConstraints(pattern=r"^\d{12}$")]
    name: str

    @property
    def key(self) -> str:
        return self.bin


class Licence(Record):
    """A mining licence, in force from `valid_from` until just before `valid_until`."""

    kind: ClassVar[str] = "licence"
    number: Name
    licensee: str
    subtype: Literal["I", "II"]
    sites: tuple[Name, ...]
    valid_from: Instant
    valid_until: Instant

    @property
    def key(self) -> str:
        return self.number


class Stage(BaseModel):
    """A part of a site that one relay can cut."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    id: Annotated[int, Field(ge=1, le=32)]
    name: str
    output: int
    min_off_ms: Annotated[int, Field(ge=0)]
    min_on_ms: Annotated[int, Field(ge=0)]
    confirm_ms: Annotated[int, Field(gt=0)]


class Site(Record):
    """Stages stand in the order in which they are shed.

    `auxiliary_w`: the most that the site may draw without mining, declared by the licensee; an
    unlicensed site that draws more is mining. Nothing declared is nothing allowed.
    """

    kind: ClassVar[str] = "site"
    name: Name
    licensee: str
    zone: Name
    gateway: Hex8
    stages: tuple[Stage, ...]
    auxiliary_w: Annotated[int, Field(ge=0)] = 0

    @property
    def key(self) -> str:
        return self.name


class Line(BaseModel):
    """How a serial line is set."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    baud: Annotated[int, Field(ge=300, le=115_200)]
    parity: Literal["none", "even", "odd"]
    stop_bits: Literal[1, 2]


class RtuBus(Line):
    kind: Literal["rtu"]


class TcpBus(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")
    kind: Literal["tcp"]
    host: str
    port: Annotated[int, Field(gt=0, lt=65536)]


class Timing(BaseModel):
    """How often a gateway snapshots, samples and closes telemetry frames."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    interval_ms: Annotated[int, Field(gt=0)]
    sample_ms: Annotated[int, Field(gt=0)]
    frame_ms: Annotated[int, Field(gt=0)]


class Bound(BaseModel):
    """A place in a gateway's two chains: the first frame of each stream from here on."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    epoch: Annotated[int, Field(ge=1)] = 1
    billing: Annotated[int, Field(ge=1)] = 1
    telemetry: Annotated[int, Field(ge=1)] = 1


class GatewayKey(BaseModel):
    """A public key, valid for the frames from `start` up to but not including `end`."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    x: Hex32
    y: Hex32
    start: Bound = Bound()
    end: Bound | None = None

    @property
    def point(self) -> bytes:
        """x || y"""
        return bytes.fromhex(self.x + self.y)


class Gateway(Record):
    kind: ClassVar[str] = "gateway"
    id: Hex8
    keys: Annotated[tuple[GatewayKey, ...], Field(min_length=1)]
    site: Name
    buses: tuple[Annotated[RtuBus | TcpBus, Field(discriminator="kind")], ...]
    timing: Timing

    @property
    def key(self) -> str:
        return self.id


class Meter(Record):
    """`point` is `delivery` or the id of the stage that it measures.

    `line`, `timeout_ms` and `gap_ms` are this installation's, where they are not the bus's and the
    profile's; `retries` is how often a request is repeated. It hangs there from `valid_from` until
    just before `valid_until`: another one may take its slot before or after.
    """

    kind: ClassVar[str] = "meter"
    serial: Name
    site: Name
    gateway: Hex8
    slot: Annotated[int, Field(ge=0, le=63)]
    profile: Name
    bus: int
    unit: Annotated[int, Field(ge=1, le=247)]
    ct: Ratio
    vt: Ratio
    point: Literal["delivery"] | int
    line: Line | None = None
    timeout_ms: Annotated[int, Field(gt=0, le=60_000)] | None = None
    gap_ms: Annotated[int, Field(ge=0, le=60_000)] | None = None
    retries: Annotated[int, Field(ge=0, le=5)] = 1
    valid_from: Instant = 0
    valid_until: Instant | None = None

    @property
    def key(self) -> str:
        return self.serial

    def hangs_between(self, start_ms: int, end_ms: int) -> bool:
        """Whether it does at any time from the one until just before the other."""
        return self.valid_from < end_ms and (
            self.valid_until is None or start_ms < self.valid_until
        )


class Allocation(Record):
    """Energy bought for one delivery period, per licensee and zone."""

    kind: ClassVar[str] = "allocation"
    licensee: str
    zone: Name
    start: Instant
    energy_mwh: Annotated[Decimal, Field(ge=0)]

    @property
    def key(self) -> str:
        return f"{self.licensee}/{self.zone}/{self.start}"


class OrderReason(StrEnum):
    OVER_ALLOCATION = "over_allocation"
    LICENCE = "licence"
    MANUAL = "manual"


class Authority(Record):
    """A document that allows orders. Without a valid one nothing is cut."""

    kind: ClassVar[str] = "authority"
    id: Name
    title: str
    document_sha256: Hex32
    official: str
    valid_from: Instant
    valid_until: Instant
    reasons: tuple[OrderReason, ...]
    notice_s: Annotated[int, Field(ge=0)]
    example: bool

    @property
    def key(self) -> str:
        return self.id


class Policy(Record):
    """Timers and thresholds of orders, receipts and checkpoints, as data."""

    kind: ClassVar[str] = "policy"
    receipt_s: Annotated[Decimal, Field(gt=0)]
    checkpoint_s: Annotated[Decimal, Field(gt=0, le=86_400)]  # one a day at least
    late_s: Annotated[Decimal, Field(gt=0)]
    command_ttl_s: Annotated[int, Field(gt=0)]
    repeat_s: Annotated[int, Field(gt=0)]
    max_repeats: Annotated[int, Field(ge=0)]
    hold_s: Annotated[int, Field(gt=0)]
    settle_s: Annotated[Decimal, Field(ge=0)]
    before_window_s: Annotated[int, Field(gt=0)]
    verify_timeout_s: Annotated[int, Field(gt=0)]
    min_samples: Annotated[int, Field(ge=3)]
    full_permille: Annotated[int, Field(gt=0, le=1000)]
    partial_permille: Annotated[int, Field(gt=0, le=1000)]
    return_margin_permille: Annotated[int, Field(ge=1000)]
    ramp_offset_ms: Annotated[int, Field(ge=0)]
    ramp_step_ms: Annotated[int, Field(ge=0)]
    # when the collector raises an alarm about itself
    disk_free_mib: Annotated[int, Field(ge=0)] = 1024
    certificate_days: Annotated[int, Field(ge=0)] = 30
    lag_s: Annotated[int, Field(gt=0)] = 300
    clock_s: Annotated[int, Field(gt=0)] = 10

    @property
    def key(self) -> str:
        return "policy"


KINDS: dict[str, type[Record]] = {
    record.kind: record
    for record in (
        Market,
        Policy,
        Authority,
        Licensee,
        Licence,
        Site,
        Gateway,
        Meter,
        Allocation,
    )
}

"""What hangs at a site: gateways with their keys, meters with all that their word rests on."""

from typing import Annotated, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field

from collector.model.instant import Instant
from collector.model.records.base import Dated, Hex8, Hex32, Name, Ratio, Record

AccuracyClass = Literal["0.2S", "0.2", "0.5S", "0.5", "1", "2"]
"""IEC 62053-21 and -22."""


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
    """`point` is `delivery`, the id of the stage that it measures, `floor`: what must never be
    cut, or `generation`: behind the delivery point, what the site generates is its import.

    `line`, `timeout_ms` and `gap_ms` are this installation's, where they are not the bus's and the
    profile's; `retries` is how often a request is repeated. It hangs there from `valid_from` until
    just before `valid_until`: another one may take its slot before or after. An `operational` meter
    may warn, and never bills; `state_register` is its type's number in the state register of
    measuring instruments.
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
    point: Literal["delivery", "generation", "floor"] | int
    line: Line | None = None
    timeout_ms: Annotated[int, Field(gt=0, le=60_000)] | None = None
    gap_ms: Annotated[int, Field(ge=0, le=60_000)] | None = None
    retries: Annotated[int, Field(ge=0, le=5)] = 1
    valid_from: Instant = 0
    valid_until: Instant | None = None
    status: Literal["commercial", "operational"] = "commercial"
    accuracy_class: AccuracyClass | None = None
    state_register: str | None = None

    @property
    def key(self) -> str:
        return self.serial

    def hangs_between(self, start_ms: int, end_ms: int) -> bool:
        """Whether it does at any time from the one until just before the other."""
        return self.valid_from < end_ms and (
            self.valid_until is None or start_ms < self.valid_until
        )


class Verification(Dated):
    """A meter, or its transformers, was verified at `valid_from`, for a time."""

    kind: ClassVar[str] = "verification"
    meter: Name
    part: Literal["meter", "ct", "vt"]
    certificate: str
    document_sha256: Hex32 | None = None

    @property
    def key(self) -> str:
        return f"{self.meter}/{self.part}/{self.valid_from}"


class Seal(Dated):
    """A seal on a meter or its wiring, from when it was set until it was taken off."""

    kind: ClassVar[str] = "seal"
    number: Name
    meter: Name
    place: str

    @property
    def key(self) -> str:
        return self.number


class RatioCorrection(Dated):
    """A meter's transformers had these ratios all along; its configuration said others."""

    kind: ClassVar[str] = "ratio_correction"
    meter: Name
    ct: Ratio
    vt: Ratio
    reason: str
    document_sha256: Hex32

    @property
    def key(self) -> str:
        return f"{self.meter}/{self.valid_from}"

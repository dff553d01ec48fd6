"""Where power is drawn: zones, feeders, sites with their stages, delivery points."""

from decimal import Decimal
from typing import Annotated, ClassVar, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from collector.model.records.base import Dated, Hex8, Hex32, Name, Record


class Zone(Record):
    """An energy zone. `auction`: the zone in which its electricity is sold; North and South are
    sold in one (KOREM).
    """

    kind: ClassVar[str] = "zone"
    name: Name
    auction: Name

    @property
    def key(self) -> str:
        return self.name


class ZoneRamp(Dated):
    """How much load may move in a zone at once, by orders and when it returns.

    Shed: `shed_step_w` in any `shed_step_s`; with `shed_every_s` so much each so many seconds from
    the first on, whenever answers come. Returning: `return_w_per_min` in any minute, of which
    `slots_w_per_min`, or half, is the share of gateways that return by themselves, and the rest
    that of orders; and by orders none while a meter there measures less than `hold_below_mhz`
    (thousandths of 1 Hz), or the zone's sites draw more than `hold_above_w`. None: no such limit.
    """

    kind: ClassVar[str] = "zone_ramp"
    zone: Name
    shed_step_w: Annotated[int, Field(gt=0)] | None = None
    shed_step_s: Annotated[int, Field(gt=0, le=3600)] = 60
    shed_every_s: Annotated[int, Field(gt=0, le=3600)] | None = None
    return_w_per_min: Annotated[int, Field(gt=1)] | None = None
    slots_w_per_min: Annotated[int, Field(gt=0)] | None = None
    hold_below_mhz: Annotated[int, Field(gt=0, lt=50_000)] | None = None
    hold_above_w: Annotated[int, Field(gt=0)] | None = None

    @property
    def by_itself_w_per_min(self) -> int | None:
        """Of what returns in a minute, the share of gateways that nobody asked."""
        if self.return_w_per_min is None or self.slots_w_per_min is not None:
            return self.slots_w_per_min
        return self.return_w_per_min // 2

    @property
    def ordered_w_per_min(self) -> int | None:
        """Of what returns in a minute, the share of orders that end or are released."""
        if self.return_w_per_min is None or self.by_itself_w_per_min is None:
            return None
        return self.return_w_per_min - self.by_itself_w_per_min

    @model_validator(mode="after")
    def _leaves_a_share_to_orders(self) -> Self:
        if self.slots_w_per_min is not None and self.slots_w_per_min >= (
            self.return_w_per_min or 0
        ):
            raise ValueError(
                "slots_w_per_min is a part of return_w_per_min: state less, so that orders can"
                " give something back"
            )
        return self

    @model_validator(mode="after")
    def _no_faster_than_its_bound(self) -> Self:
        if self.shed_every_s is None:
            return self
        if self.shed_step_w is None:
            raise ValueError("shed_every_s without shed_step_w: say how much is a step")
        if self.shed_every_s < self.shed_step_s:
            raise ValueError(
                f"steps each {self.shed_every_s} s are more than one in any {self.shed_step_s} s:"
                " shed_every_s must be at least shed_step_s"
            )
        return self

    @property
    def key(self) -> str:
        return f"{self.zone}/{self.valid_from}"


class Feeder(Dated):
    """A line. `meters`: serials of the meters at its head; `loss_permille`: what is lost on it at
    most, of what goes in; `licensed` load on it is what its sites' delivery points say.
    `has_others`: consumers whom no site, no child and no file accounts for, so that what is left
    over is no finding; it is judged by its shape.
    """

    kind: ClassVar[str] = "feeder"
    name: Name
    zone: Name
    substation: str
    parent: Name | None = None
    meters: tuple[Name, ...] = ()
    loss_permille: Annotated[int, Field(ge=0, lt=1000)] = 0
    has_others: bool = False

    @property
    def key(self) -> str:
        return self.name


class Inputs(BaseModel):
    """Contacts of the board, beside those of the stages, which bear the numbers of their outputs.

    The selector's is closed in REMOTE, the others when they say so.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")
    selector: int | None = None
    lock_out: int | None = None
    trip: int | None = None
    reset: int | None = None

    @property
    def wired(self) -> tuple[int | None, ...]:
        return self.selector, self.lock_out, self.trip, self.reset


class SoftStop(BaseModel):
    """`output` is energised while the miners may run; they stop within the run-down."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    output: int
    run_down_ms: Annotated[int, Field(ge=0, le=3_600_000)]


class Cooling(BaseModel):
    """The stage's own, which runs on after the stage has opened."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    output: int
    run_on_ms: Annotated[int, Field(ge=0, le=3_600_000)]


class Stage(BaseModel):
    """A part of a site that one actuator can cut, a file of hardware/actuators.

    Without `actuator` it is a coil that closes it. `permission`: the output that lets a person
    close it, where a pulse opens it.
    `feeder`: it opens a whole line, and with it every site on it.
    `rated_w`: the most that it draws.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")
    id: Annotated[int, Field(ge=1, le=32)]
    name: str
    output: int
    min_off_ms: Annotated[int, Field(ge=0)]
    min_on_ms: Annotated[int, Field(ge=0)]
    confirm_ms: Annotated[int, Field(gt=0)]
    feeder: Name | None = None
    actuator: Name | None = None
    inputs: Inputs = Inputs()
    soft_stop: SoftStop | None = None
    cooling: Cooling | None = None
    permission: int | None = None
    rated_w: Annotated[int, Field(gt=0)] | None = None

    @property
    def outputs(self) -> tuple[int, ...]:
        """Every one that is its own."""
        parts = [part.output for part in (self.soft_stop, self.cooling) if part is not None]
        return (self.output, *parts, *(() if self.permission is None else (self.permission,)))


class FrequencyRelay(BaseModel):
    """A relay under whose `certificate` the site's gateway opens `stages` while the frequency is
    low: slowly, which is no under-frequency load shedding (docs/limiter.md).

    `well` and `low` are contacts of the board, of which the relay closes one or the other.
    `enforce` acts only by an authority for a system deficit.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")
    certificate: Name
    well: Annotated[int, Field(ge=0)]
    low: Annotated[int, Field(ge=0)]
    delay_s: Annotated[int, Field(ge=5, le=4_000_000)]
    restored_s: Annotated[int, Field(ge=0, le=4_000_000)]
    stages: Annotated[tuple[int, ...], Field(min_length=1, max_length=32)]
    mode: Literal["observe", "enforce"] = "observe"


class Site(Record):
    """Stages stand in the order in which they are shed.

    `auxiliary_w`: the most that the site may draw without mining, declared by the licensee; an
    unlicensed site that draws more is mining. Nothing declared is nothing allowed.
    `protected_floor`: what must never be cut, on a circuit with a meter of its own (`point` is
    `floor`) and no output. `gateway_circuit`: what feeds the gateway; a stage must not.
    """

    kind: ClassVar[str] = "site"
    name: Name
    licensee: str
    zone: Name
    gateway: Hex8
    stages: tuple[Stage, ...]
    auxiliary_w: Annotated[int, Field(ge=0)] = 0
    feeder: Name | None = None
    protected_floor: tuple[Literal["ventilation", "pumps", "fire", "frost"], ...] = ()
    gateway_circuit: Literal["floor", "separate"] | int | None = None
    frequency_relay: FrequencyRelay | None = None

    @property
    def key(self) -> str:
        return self.name


class DeliveryPoint(Dated):
    """What a site may draw at all: the capacity of its connection and the power it contracted."""

    kind: ClassVar[str] = "delivery_point"
    name: Name
    site: Name
    capacity_w: Annotated[int, Field(gt=0)]
    contracted_w: Annotated[int, Field(gt=0)]
    document_sha256: Hex32 | None = None

    @property
    def key(self) -> str:
        return f"{self.name}/{self.valid_from}"


class LossFactor(Dated):
    """Energy at the delivery point is the meter's × transformer × line."""

    kind: ClassVar[str] = "loss_factor"
    meter: Name
    transformer: Annotated[Decimal, Field(gt=0)] = Decimal(1)
    line: Annotated[Decimal, Field(gt=0)] = Decimal(1)
    document_sha256: Hex32
    example: bool

    @property
    def key(self) -> str:
        return f"{self.meter}/{self.valid_from}"

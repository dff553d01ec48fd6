"""What is prescribed: the market's clock, tolerances, hours, authorities, the operator's policy."""

from decimal import Decimal
from enum import StrEnum
from typing import Annotated, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from collector.model.instant import Instant
from collector.model.records.base import Bin, Hex32, Name, Record, Ruling
from collector.model.records.drop import DropThresholds
from collector.model.records.escalation import ESCALATION, Escalation
from collector.model.records.quality import DataThresholds


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


class Tolerance(Ruling):
    """By how much a licensee may exceed what he bought: whichever is more; `zone` None: any."""

    kind: ClassVar[str] = "tolerance"
    zone: Name | None = None
    permille: Annotated[int, Field(ge=0, le=1000)]
    energy_wh: Annotated[int, Field(ge=0)] = 0

    @property
    def key(self) -> str:
        return f"{self.zone or '*'}/{self.valid_from}"


Weekday = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
ClockTime = Annotated[str, StringConstraints(pattern=r"^([01]\d|2[0-3]):[0-5]\d$|^24:00$")]


class Span(BaseModel):
    """Of each of these days, from one time of day in Astana until just before another."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    days: Annotated[tuple[Weekday, ...], Field(min_length=1)] = (
        "mon", "tue", "wed", "thu", "fri", "sat", "sun"
    )  # fmt: skip
    start: ClockTime
    end: ClockTime


class PermittedHours(Ruling):
    """When those whom it names may draw power to mine: only inside `spans`. None: any."""

    kind: ClassVar[str] = "permitted_hours"
    name: Name
    zone: Name | None = None
    licensee: Bin | None = None
    source: Name | None = None
    spans: tuple[Span, ...]

    @property
    def key(self) -> str:
        return f"{self.name}/{self.valid_from}"


Day = Annotated[str, StringConstraints(pattern=r"^\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])$")]
"""A day of the calendar, as 2026-12-16."""


class PeakCalendar(Ruling):
    """The hours of peaks in a zone, None: in any; not on `holidays`.

    `cap_permille`: of its contracted power a site may draw then. None: its stages are off.
    """

    kind: ClassVar[str] = "peak_calendar"
    name: Name
    zone: Name | None = None
    spans: Annotated[tuple[Span, ...], Field(min_length=1)]
    holidays: tuple[Day, ...] = ()
    cap_permille: Annotated[int, Field(gt=0, lt=1000)] | None = None

    @property
    def key(self) -> str:
        return f"{self.name}/{self.valid_from}"


class OrderReason(StrEnum):
    """Why load is cut. `emergency`: the system operator's mode «Авария»."""

    EMERGENCY = "emergency"
    SYSTEM_DEFICIT = "system_deficit"
    LICENCE = "licence"
    OVER_ALLOCATION = "over_allocation"
    PERMITTED_HOURS = "permitted_hours"
    PEAK = "peak"
    MANUAL = "manual"


class NoticeChannel(StrEnum):
    """How a licensee is told. Only the page is this program's own; a person uses the others."""

    PAGE = "page"
    TELEPHONE = "telephone"
    MESSAGE = "message"
    LETTER = "letter"


class Authority(Record):
    """A document that allows orders. Without a valid one nothing is cut.

    `notice_proof`: no order goes on before a person has recorded how the notice was delivered, and
    `notice_s` counts from then. `max_hold_s`: the longest cut; None: until the authority ends.
    `allows_upstream`: to open what feeds other sites too.
    """

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
    notice_channel: NoticeChannel = NoticeChannel.PAGE
    notice_proof: bool = False
    max_hold_s: Annotated[int, Field(gt=0)] | None = None
    allows_upstream: bool = False

    @property
    def key(self) -> str:
        return self.id

    def is_valid(self, at_ms: int) -> bool:
        return self.valid_from <= at_ms < self.valid_until


Seconds = Annotated[int, Field(ge=0, le=4_000_000)]
"""In milliseconds they fit into 32 bits."""


class FailSafe(BaseModel):
    """What a licensee may draw without a heartbeat for so long, or without a schedule: a share of
    the power that each of his sites contracted. `licensee` None: any who has none of his own.

    A site that nobody measured for `blind_s` is taken to be above its limit; 0 s: not asked for.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")
    name: Name
    licensee: Bin | None = None
    power_permille: Annotated[int, Field(ge=0, le=1000)] = 0
    heartbeat_s: Seconds = 21_600
    blind_s: Seconds = 900


class LimitPolicy(BaseModel):
    """How gateways limit their sites by themselves (docs/limiter.md).

    They enforce only by an authority too. Where nothing is known of a period, from the cut-off on,
    `default_permille` of the contracted power may be drawn. A schedule ends `expires_s` after its
    cut-off, and is issued anew `renew_s` before.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")
    mode: Literal["observe", "enforce"] = "observe"
    periods: Annotated[int, Field(ge=1, le=48)] = 48
    expires_s: Annotated[int, Field(gt=0, le=4_000_000)] = 86_400
    renew_s: Annotated[int, Field(gt=0, le=4_000_000)] = 43_200
    default_permille: Annotated[int, Field(ge=0, le=1000)] = 0
    over_s: Seconds = 60
    emergency_over_s: Seconds = 5
    under_s: Seconds = 300
    margin_permille: Annotated[int, Field(ge=1000, le=10_000)] = 1200
    clock_s: Seconds = 900
    fail_safe: Annotated[tuple[FailSafe, ...], Field(min_length=1)] = (FailSafe(name="nothing"),)

    def fail_safe_of(self, licensee: str) -> FailSafe | None:
        """His own before anybody's."""
        found = [each for each in self.fail_safe if each.licensee in (licensee, None)]
        return min(found, key=lambda each: each.licensee is None, default=None)


class Policy(Record):
    """Timers and thresholds of orders, receipts and checkpoints, as data."""

    kind: ClassVar[str] = "policy"
    receipt_s: Annotated[Decimal, Field(gt=0)] = Decimal(60)
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
    # of orders
    peak_ahead_s: Annotated[int, Field(ge=0)] = 3600
    """So long before its notice must be given an order for a peak is drafted."""
    handover_s: Annotated[int, Field(ge=0)] = 30
    """So long before one of two orders for a stage ends, the other takes it over."""
    one_person_sites: Annotated[int, Field(ge=0)] = 3
    """An order of more sites needs two people."""
    max_operations: Annotated[int, Field(ge=1)] = 2
    """Of a stage's contact in a delivery hour, by orders that are limited."""
    overshoot_permille: Annotated[int, Field(ge=0, le=1000)] = 20
    """Choices for a target are equals within so much of it; of equals fairness decides."""
    fairness_days: Annotated[int, Field(gt=0)] = 30
    """So far back is looked for who was cut how long."""
    escalation: tuple[Escalation, ...] = ESCALATION
    """When a step does not come."""
    drop: DropThresholds = DropThresholds()
    # when the collector raises an alarm about itself
    disk_free_mib: Annotated[int, Field(ge=0)] = 1024
    certificate_days: Annotated[int, Field(ge=0)] = 30
    lag_s: Annotated[int, Field(gt=0)] = 300
    clock_s: Annotated[int, Field(gt=0)] = 10
    # of the register and the market
    licence_warning_days: tuple[Annotated[int, Field(gt=0)], ...] = (90, 30, 7, 1)
    two_persons: tuple[Name, ...] = ()
    """Kinds of records that a second person must approve."""
    data: DataThresholds = DataThresholds()
    # of findings
    dispute_days: Annotated[int, Field(gt=0)] | None = None
    """How long a licensee may dispute one; None: no limit is prescribed."""
    storm_sites: Annotated[int, Field(ge=2)] = 10
    """So many sites that fall silent within `storm_window_s` are one finding."""
    storm_window_s: Annotated[int, Field(gt=0)] = 60
    limits: LimitPolicy | None = None
    """None: no schedules are issued."""

    @property
    def key(self) -> str:
        return "policy"

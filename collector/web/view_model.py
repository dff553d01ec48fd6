"""What the control room shows, as data. Times are Unix ms; powers W and energies Wh, rounded.

The exact figures and the frames they rest on are in the ledger; this is a display of them.
"""

from enum import StrEnum

from pydantic import BaseModel, ConfigDict, Field, SkipValidation

from collector.checks.allocation import PeriodOutcome
from collector.checks.codes import Code, Severity
from collector.checks.findings import Finding
from collector.checks.meters import IdentityState
from collector.checks.rollouts import Told
from collector.ledger.chain import Fault
from collector.model.continuity import Verdict
from collector.model.health import Ailment
from collector.model.order import DropCause, DropResult, Step
from collector.model.plausibility import DoubtCode
from collector.model.records import NoticeChannel, OrderReason


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True)


class Condition(StrEnum):
    """A site in one word, the gravest first."""

    UNLICENSED_LOAD = "unlicensed_load"
    UNLICENSED = "unlicensed"
    OVER = "over"
    WILL_EXCEED = "will_exceed"
    UNREAD = "unread"
    CURTAILED = "curtailed"
    WITHIN = "within"
    NO_MARKET = "no_market"


class LicenceState(StrEnum):
    VALID = "valid"
    ENDED = "ended"
    NOT_YET = "not_yet"
    SUSPENDED = "suspended"
    REVOKED = "revoked"
    OTHER_HOLDER = "other_holder"
    NOT_NAMED = "not_named"
    NONE = "none"


class StageState(StrEnum):
    """What the orders say of a stage; its contact is not read for this."""

    NO_ORDER = "no_order"
    ANNOUNCED = "announced"
    ORDERED_OPEN = "ordered_open"
    APPLIED = "applied"
    OPEN = "open"
    CLOSING = "closing"
    RESTORED = "restored"
    UNKNOWN = "unknown"


class MarketPart(_Part):
    label: str
    is_real: bool = Field(description="delivery hours of 3600 s in intervals of 900 s")
    period_s: int
    interval_s: int
    period_start_ms: int
    period_end_ms: int


class LicencePart(_Part):
    state: LicenceState
    number: str | None = None
    subtype: str | None = None
    from_ms: int | None = Field(None, description="when the state began, or the licence will")
    until_ms: int | None = Field(None, description="when the state ends, as is known now, or ended")


class AllowancePart(_Part):
    """A licensee's energy for the running period in a zone; all his sites there share it."""

    sites: tuple[str, ...]
    allowed_wh: int
    allowed_w: int = Field(description="allowed energy by the period's length")
    used_wh: int | None = Field(description="null while a delivery meter cannot tell")
    power_w: int | None
    projected_wh: int | None = Field(description="at the period's end if the draw stays as it is")
    exceeds_at_ms: int | None = Field(description="when it will be used up, within the period")
    is_over: bool


class PeriodPart(_Part):
    start_ms: int
    end_ms: int
    allowed_wh: int
    measured_wh: int | None
    margin_wh: int | None = Field(description="measured less allowed, rounded up")
    error_wh: int = Field(description="what late readings may have moved, rounded up")
    boundary_error_wh: int = Field(description="what all its boundaries may have, rounded up")
    quantum_wh: int = Field(description="one step of each of its registers, rounded up")
    outcome: PeriodOutcome
    breaks: tuple[Verdict, ...] = Field(description="why a meter that was read measured nothing")


class IdentityPart(_Part):
    """Who answered when it was last asked who it is; ratios as exact fractions."""

    state: IdentityState
    serial: str | None = Field(description="as read")
    ct: str | None
    vt: str | None
    read_ms: int | None
    position: int | None = Field(description="the signed frame in the ledger that shows it")


class MeterPart(_Part):
    serial: str
    profile: str
    instrument: str = Field(description="vendor and model, by the profile")
    is_confirmed: bool = Field(description="whether the profile is proven")
    point: str
    stage: int | None
    read_ms: int | None = Field(description="the gateway's time of the newest reading")
    age_ms: int | None
    is_fresh: bool = Field(description="false: the values are the last known, not the present")
    power_w: int | None
    energy_wh: int | None
    doubts: tuple[DoubtCode, ...] = Field(description="what the last values say against each other")
    identity: IdentityPart


class StagePart(_Part):
    id: int
    name: str
    state: StageState
    since_ms: int | None
    order: str | None
    interlocks: tuple[str, ...] = Field(
        default=(), description="that no order overrides, as its gateway last said"
    )


class SetpointPart(_Part):
    """An order by which the site, or these of its stages together, may draw no more."""

    order: str
    cap_w: int
    stages: tuple[str, ...] = Field(description="none: the whole site")
    step: Step
    is_in_force: bool = Field(description="its gateway said so, and it has not ended")
    until_ms: int | None
    measured_w: int | None = Field(description="what it is for draws now; null: not known")
    is_above: bool


class LimiterPart(_Part):
    """The gateway's own limit, as its last signed event says."""

    permit: str
    load: str
    cause: str
    since_ms: int
    acts: bool = Field(description="else it tells what it would do, and does nothing")
    limit_w: int | None
    limit_wh: int | None


class BlockPart(_Part):
    """No load returns in the zone, null: anywhere, until that is lifted."""

    zone: str | None
    since_ms: int
    person: str
    reason: str
    reference: str | None
    lift_asked_by: str | None = Field(description="the first of the two who must")


class ChainPart(_Part):
    stream: str
    epoch: int
    upto: int = Field(description="every frame 1…upto is in the ledger")
    highest: int


class ConfigurationPart(_Part):
    """Versions. One that is issued comes into force when the gateway says so in a signed event."""

    issued: int | None = Field(description="the highest that was issued here")
    in_force: int | None
    refused: str | None = Field(description="what the gateway says of one that it refused since")


class HealthPart(_Part):
    at_ms: int
    free_bytes: int
    stall_ms: int
    days: tuple[int | None, int | None] = Field(description="of room: billing, telemetry")
    erasures: int
    signal_dbm: int | None
    bus_failures: tuple[float, ...] = Field(description="share of each bus's requests, of late")
    drift_ppm: float | None


class CommissioningPart(_Part):
    """The last act that the gateway bound into its chain."""

    at_ms: int
    act: str = Field(description="SHA-256 of the act")
    signers: tuple[str, ...] = Field(description="key-ids of the technicians")


class GatewayPart(_Part):
    id: str
    online: bool | None = Field(description="by its last status, which is not evidence")
    status_age_ms: int | None
    is_status_old: bool
    pending: dict[str, int] = Field(description="frames on the device without receipt, by stream")
    chains: tuple[ChainPart, ...]
    faults: dict[Fault, int]
    firmware: str | None
    release: str | None = Field(
        default=None,
        description="what it told last of a release: its number, and what became of it",
    )
    told: SkipValidation[Told | None] = Field(
        default=None, exclude=True, description="the same, for the page's own words"
    )
    commissioning: CommissioningPart | None = Field(
        default=None, description="null: it never told of one"
    )
    booted_ms: int | None
    configuration: ConfigurationPart
    health: HealthPart | None = Field(description="by its own signed words, of this start")
    ailments: tuple[Ailment, ...]
    fault: str | None = Field(description="the last that failed there: its task, and what")
    fault_ms: int | None


class SparkPart(_Part):
    """Drawn in a box of 600 by 100; `power` is broken where the meters were not read."""

    power: tuple[str, ...] = Field(description="points of polylines")
    allowed: str
    periods: tuple[int, ...] = Field(description="x where a period begins")
    top_w: int
    window_s: int


class SitePart(_Part):
    name: str
    licensee: str
    zone: str
    condition: Condition
    licence: LicencePart
    power_w: int | None = Field(description="null unless every delivery meter has a fresh value")
    last_power_w: int | None
    last_read_ms: int | None
    allowance: AllowancePart | None
    spark: SparkPart
    periods: tuple[PeriodPart, ...] = Field(description="newest first")
    meters: tuple[MeterPart, ...]
    stages: tuple[StagePart, ...]
    setpoint: SetpointPart | None
    limiter: LimiterPart | None
    is_blocked: bool = Field(description="no load returns here until a block is lifted")
    gateways: tuple[GatewayPart, ...]


class ZonePart(_Part):
    """Where electricity is sold, in the running period; all its miners share the quota."""

    name: str
    power_w: int | None = Field(description="of the sites that can be read")
    unread_sites: int
    bought_wh: int = Field(description="at the auction, by all licensees together")
    quota_wh: int | None = Field(description="null: none published that is known here")
    is_over_quota: bool


class StepPart(_Part):
    step: Step
    at_ms: int
    elapsed_ms: int = Field(description="since the order was drafted")
    position: int | None = Field(description="the signed frame in the ledger that shows it")


class DropPart(_Part):
    """Medians of measured power, before the order was issued and after the contacts settled."""

    stage_before_w: int
    stage_after_w: int
    site_before_w: int
    site_after_w: int


class OrderPart(_Part):
    """Site, stages, steps and drop are those of the part that has come least far."""

    id: str
    site: str
    reason: OrderReason
    rule: str = Field(description="the rule, or what the person said")
    reference: str | None = Field(description="the call or letter that asked for it")
    stages: tuple[str, ...]
    parts: int = Field(description="how many gateways it is for")
    parts_by_step: dict[Step, int]
    upstream: tuple[str, ...] = Field(description="lines that it opens")
    touched: int = Field(description="sites that lose power with a line")
    authority: str
    official: str
    drafted_by: str | None = Field(description="null: by the rule")
    approved_by: str | None
    needs_another: bool = Field(description="another person than who drafted it must approve it")
    is_example: bool = Field(description="the authority is an example document, not a real one")
    step: Step
    is_over: bool
    steps: tuple[StepPart, ...]
    notice_until_ms: int | None = Field(description="null: nothing told, or its proof is wanting")
    notice_channel: NoticeChannel
    is_notice_proven: bool
    cap_w: int | None = Field(description="a setpoint: what all its sites may draw together")
    from_ms: int | None = Field(description="it is not issued before")
    is_blocked: bool = Field(description="no release is sent while a block stands there")
    until_ms: int | None = Field(description="when the cut ends if nobody renews it")
    result: DropResult | None
    cause: DropCause | None = Field(description="why its drop is not full, or what else was seen")
    drop: DropPart | None
    failure: str | None


class FindingPart(_Part):
    code: Code
    severity: Severity
    subject: str
    sites: tuple[str, ...]
    first_ms: int
    last_ms: int
    is_present: bool = Field(description="still so at the last check")
    text: str = Field(description="in English")
    kept: SkipValidation[Finding] = Field(exclude=True, description="for the page's own words")


class Board(_Part):
    at_ms: int
    market: MarketPart | None = Field(description="null before a market is in the register")
    power_w: int | None = Field(description="of the sites that can be read")
    allowed_w: int | None
    unread_sites: int
    frames: int
    refused: dict[str, int]
    blocks: tuple[BlockPart, ...]
    zones: tuple[ZonePart, ...]
    sites: tuple[SitePart, ...]
    orders: tuple[OrderPart, ...] = Field(description="running ones first, then the newest")
    findings: tuple[FindingPart, ...] = Field(description="present ones first, then the newest")

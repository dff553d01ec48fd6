"""A board on which everything is told that a board can tell; what it tells in a family of words."""

from itertools import cycle

from collector.checks.allocation import PeriodOutcome
from collector.checks.codes import Code
from collector.checks.findings import Finding
from collector.checks.meters import IdentityState
from collector.checks.rollouts import Step as ReleaseStep
from collector.checks.rollouts import Told
from collector.evidence.errors import Reason
from collector.evidence.frame import INTERLOCKS, Stream
from collector.ledger.chain import Fault
from collector.model.continuity import Verdict
from collector.model.health import Ailment
from collector.model.order import DropCause, DropResult, Step
from collector.model.plausibility import DoubtCode
from collector.model.records import NoticeChannel, OrderReason
from collector.orders.permit.schedule_store import LOADS, PERMITS
from collector.orders.rules import RENEWAL, RULES
from collector.web.view_model import (
    AllowancePart,
    BlockPart,
    Board,
    ChainPart,
    Condition,
    ConfigurationPart,
    DropPart,
    FindingPart,
    GatewayPart,
    HealthPart,
    IdentityPart,
    LicencePart,
    LicenceState,
    LimiterPart,
    MarketPart,
    MeterPart,
    OrderPart,
    PeriodPart,
    SetpointPart,
    SitePart,
    SparkPart,
    StagePart,
    StageState,
    StepPart,
    ZonePart,
)

NOW_MS = 1_795_424_412_000  # 2026-11-23 14:00:12 in Astana
DAY_MS = 86_400_000
BREAKS = (
    Verdict.RESET,
    Verdict.JUMP,
    Verdict.SWAP,
    Verdict.RATIO_CHANGED,
    Verdict.EXCHANGED,
)
FAILURES = (None, "no answer", "77: так сказано иначе")
NAME = "ТОО «Алатау»"
AGES_MS = (None, -5_000, 4_000, 190_000, 7_500_000, 200_000_000)


def board() -> Board:
    return Board(
        at_ms=NOW_MS,
        market=MarketPart(
            label="рынок", is_real=False, period_s=20, interval_s=5,
            period_start_ms=NOW_MS - 12_000, period_end_ms=NOW_MS + 8_000,
        ),
        power_w=3_240_000,
        allowed_w=3_600_000,
        unread_sites=2,
        frames=1_284,
        refused={reason.value: 3 for reason in Reason},
        blocks=(_block(None), _block("Юг")),
        zones=(_zone(None), _zone(9_000), _zone(90_000)),
        sites=tuple(_site(number, each) for number, each in enumerate(Condition)),
        orders=tuple(_orders()),
        findings=tuple(_finding(code) for code in Code),
    )  # fmt: skip


def _block(zone: str | None) -> BlockPart:
    return BlockPart(
        zone=zone, since_ms=NOW_MS, person="Омаров", reason="авария", reference=None,
        lift_asked_by="Ерлан",
    )  # fmt: skip


def _zone(quota_wh: int | None) -> ZonePart:
    return ZonePart(
        name="Юг", power_w=None, unread_sites=2, bought_wh=20_000, quota_wh=quota_wh,
        is_over_quota=quota_wh is not None and quota_wh < 20_000,
    )  # fmt: skip


def _site(number: int, condition: Condition) -> SitePart:
    licences, permits, loads = list(LicenceState), cycle(PERMITS), cycle(LOADS)
    permit = [next(permits) for _ in range(number + 1)][-1]
    load = [next(loads) for _ in range(number + 1)][-1]
    is_read = condition is not Condition.UNREAD
    return SitePart(
        name=f"Площадка {number}",
        licensee=NAME,
        zone="Юг",
        condition=condition,
        licence=_licence(licences[number], number),
        power_w=3_240_000 if is_read else None,
        last_power_w=3_240_000,
        last_read_ms=NOW_MS - 11_000,
        allowance=None if condition is Condition.NO_MARKET else _allowance(condition),
        spark=SparkPart(power=(), allowed="", periods=(), top_w=1, window_s=180),
        periods=tuple(_periods()) if number else (),
        meters=tuple(_meters()) if number else (),
        stages=tuple(_stages()) if number else (),
        setpoint=_setpoint(number),
        limiter=LimiterPart(
            permit=permit, load=load, cause="limit", since_ms=NOW_MS, acts=number % 2 == 0,
            limit_w=2_000_000, limit_wh=None,
        ),
        is_blocked=True,
        gateways=tuple(_gateways()) if number == 0 else (),
    )  # fmt: skip


def _licence(state: LicenceState, number: int) -> LicencePart:
    if state is LicenceState.NONE:
        return LicencePart(state=state)
    return LicencePart(
        state=state, number="1234", subtype="I", from_ms=NOW_MS - DAY_MS,
        until_ms=None if number == 3 else NOW_MS + DAY_MS // 2,
    )  # fmt: skip


def _allowance(condition: Condition) -> AllowancePart:
    is_over = condition is Condition.OVER
    exceeds_ms = NOW_MS + 5_000 if condition is Condition.WILL_EXCEED else None
    return AllowancePart(
        sites=("А", "Б") if condition is Condition.CURTAILED else ("А",),
        allowed_wh=0 if condition is Condition.UNLICENSED else 20_000,
        allowed_w=3_600_000,
        used_wh=None if condition is Condition.UNREAD else 21_000 if is_over else 10_000,
        power_w=3_240_000,
        projected_wh=22_000,
        exceeds_at_ms=exceeds_ms,
        is_over=is_over,
    )


def _periods() -> list[PeriodPart]:
    return [
        PeriodPart(
            start_ms=NOW_MS - DAY_MS, end_ms=NOW_MS, allowed_wh=20_000, measured_wh=20_600,
            margin_wh=600, error_wh=0, boundary_error_wh=41, quantum_wh=1_000, outcome=outcome,
            breaks=BREAKS,
        )
        for outcome in PeriodOutcome
    ]  # fmt: skip


def _meters() -> list[MeterPart]:
    points = cycle([("delivery", None), ("generation", None), ("floor", None), ("Зал 1", 1)])
    identities = cycle(IdentityState)
    return [
        MeterPart(
            serial="4711", profile="77", instrument="77", is_confirmed=False, point=point,
            stage=stage, read_ms=NOW_MS, age_ms=age_ms,
            is_fresh=age_ms is not None and age_ms < 10_000, power_w=1, energy_wh=1,
            doubts=tuple(DoubtCode),
            identity=IdentityPart(
                state=state, serial="12", ct="200", vt=None, read_ms=NOW_MS, position=1
            ),
        )
        for age_ms, (point, stage), state in zip(AGES_MS, points, identities, strict=False)
    ]  # fmt: skip


def _stages() -> list[StagePart]:
    return [
        StagePart(
            id=1, name="Зал 1", state=state, since_ms=NOW_MS, order="12", interlocks=INTERLOCKS
        )
        for state in StageState
    ]


def _setpoint(number: int) -> SetpointPart | None:
    return SetpointPart(
        order="1234567890", cap_w=2_000_000, stages=("Зал 1",) if number % 2 else (),
        step=Step.APPLIED, is_in_force=number != 0, until_ms=NOW_MS + 5_000,
        measured_w=None if number > 4 else 3_000_000, is_above=number == 1,
    )  # fmt: skip


def _gateways() -> list[GatewayPart]:
    said = [(None, None), (True, 4_000), (False, 4_000), (True, 100_000), (False, 100_000)]
    return [
        _gateway(online, age_ms, step)
        for (online, age_ms), step in zip(said, ReleaseStep, strict=True)
    ]


def _gateway(online: bool | None, age_ms: int | None, step: ReleaseStep) -> GatewayPart:
    streams = [stream.name.lower() for stream in Stream]
    return GatewayPart(
        id="0" * 16,
        online=online,
        status_age_ms=age_ms,
        is_status_old=age_ms == 100_000,
        pending=dict.fromkeys(streams, 3),
        chains=() if online is None else (
            ChainPart(stream=streams[0], epoch=2, upto=88, highest=88),
            ChainPart(stream=streams[1], epoch=1, upto=88, highest=90),
        ),
        faults=dict.fromkeys(Fault, 2),
        firmware="0.1.0",
        release=f"release 7 {Told(step, 7, '', '77', 0).words}",
        told=Told(step, 7, "", "77", 0),
        booted_ms=NOW_MS,
        configuration=ConfigurationPart(issued=3, in_force=2, refused="77"),
        health=HealthPart(
            at_ms=NOW_MS, free_bytes=58_272, stall_ms=1_386, days=(2, None), erasures=31,
            signal_dbm=-71, bus_failures=(0.005,), drift_ppm=-12.34,
        ),
        ailments=tuple(Ailment),
        fault="77",
        fault_ms=NOW_MS,
    )  # fmt: skip


def _orders() -> list[OrderPart]:
    rules = cycle([*(rule.name for rule in RULES.values()), RENEWAL.name, "так решено"])
    reasons, channels = cycle(OrderReason), cycle(NoticeChannel)
    results, causes = cycle([*DropResult, None]), cycle(DropCause)
    failures, flags = cycle(FAILURES), cycle([True, False, True])
    return [
        OrderPart(
            id="1234567890", site="А", reason=next(reasons), rule=next(rules),
            reference="журнал 17", stages=("Зал 1",) if number % 2 else (), parts=number + 1,
            parts_by_step={step: 2}, upstream=("Л-1",), touched=number, authority="Приказ",
            official="Ерлан", drafted_by="Омаров", approved_by="Ерлан", needs_another=next(flags),
            is_example=True, step=step, is_over=False,
            steps=(StepPart(step=step, at_ms=NOW_MS, elapsed_ms=2_400, position=318),),
            notice_until_ms=NOW_MS if number % 2 else None, notice_channel=next(channels),
            is_notice_proven=next(flags), cap_w=2_000_000, from_ms=NOW_MS, is_blocked=True,
            until_ms=NOW_MS, result=next(results), cause=cause,
            drop=DropPart(stage_before_w=1, stage_after_w=1, site_before_w=1, site_after_w=1),
            failure=next(failures),
        )
        for (number, step), cause in zip(
            enumerate([*Step, Step.DRAFTED, Step.NOTIFIED, Step.NOTIFIED]), causes, strict=False
        )
    ]  # fmt: skip


def _finding(code: Code) -> FindingPart:
    finding = Finding(code, "А", NOW_MS - DAY_MS, NOW_MS, {})
    return FindingPart(
        code=code, severity=finding.severity, subject="А", sites=("А",), first_ms=finding.first_ms,
        last_ms=NOW_MS, is_present=True, text="", kept=finding,
    )  # fmt: skip

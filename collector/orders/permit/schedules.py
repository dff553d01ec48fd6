"""Issues each site's schedule to its gateway, and anew when it is no longer what holds."""

from collections.abc import Mapping
from functools import lru_cache

import structlog
from sqlalchemy import Connection, Engine

from collector.evidence.cose import ContentType, parse
from collector.evidence.downlink import Signer
from collector.evidence.schedule import (
    MAX_PERIOD_MS,
    MAX_UINT32,
    FailSafe,
    Limit,
    Manners,
    Reduction,
    Schedule,
    read_body,
)
from collector.model.records import Authority, FrequencyRelay, LimitPolicy, OrderReason, Site
from collector.orders.loads import can_measure
from collector.orders.permit import permits, schedule_store
from collector.orders.permit.schedule_store import Issued, LimiterState
from collector.registry import entitlements
from collector.registry.configurations import keep_issued
from collector.registry.store import Registry
from collector.registry.store import newest_version as newest_of_register
from collector.registry.view import View
from collector.storage import deciding, reading

log = structlog.get_logger()

_LOOK_MS = 60_000
_AGAIN_MS = 600_000
"""One that its gateway did not take is published again."""
_WAITING = ("failsafe", "beating")


class Schedules:
    """Stateless but for the database and what it published."""

    def __init__(self, engine: Engine, registry: Registry, signer: Signer) -> None:
        self._engine = engine
        self._registry = registry
        self._signer = signer
        self._seen: tuple[int, ...] = ()
        self._published: dict[str, tuple[int, int]] = {}
        """By gateway: serial number and when."""

    def run(self, now_ms: int) -> int:
        """Issue what is due; how many. Nothing is looked at again before something changed."""
        view = self._registry.view()
        policy = view.policy.limits
        if policy is None or view.market.period_ms > MAX_PERIOD_MS:
            return 0
        with reading(self._engine) as connection:
            seen = (
                newest_of_register(connection),
                entitlements.newest_version(connection),
                schedule_store.newest_event(connection),
                now_ms // _LOOK_MS,
                now_ms // view.market.period_ms,
            )
            if seen == self._seen:
                return 0
            wanted = wanted_now(connection, view, policy, now_ms)
        count = deciding(self._engine, lambda open_: self._issue(open_, wanted, policy, now_ms))
        self._seen = seen
        return count

    def _issue(
        self,
        connection: Connection,
        wanted: Mapping[str, Schedule],
        policy: LimitPolicy,
        now_ms: int,
    ) -> int:
        newest = schedule_store.newest(connection)
        states = schedule_store.limiter_states(connection)
        count = 0
        for site, schedule in wanted.items():
            gateway = schedule.gateway.hex()
            last = newest.get(gateway)
            why = _why(connection, schedule, last, states.get(gateway), policy, now_ms)
            if why is None:
                continue
            serial = 1 if last is None else last.serial + 1
            if serial > MAX_UINT32:
                log.error("schedule.exhausted", gateway=gateway, serial=serial)
                continue
            message = schedule.numbered(serial).seal(self._signer)
            digest = keep_issued(connection, schedule_store.KIND, message, now_ms)
            schedule_store.keep(connection, gateway, serial, site, digest, now_ms)
            log.info("schedule.issued", gateway=gateway, site=site, serial=serial, why=why)
            count += 1
        return count

    def due(self, now_ms: int) -> list[tuple[str, int, bytes]]:
        """Gateway, serial number and message of what is to be published now."""
        with reading(self._engine) as connection:
            return [
                (gateway, each.serial, schedule_store.message(connection, each.hash))
                for gateway, each in schedule_store.newest(connection).items()
                if each.hash is not None and self._is_due(each, now_ms)
            ]

    def _is_due(self, issued: Issued, now_ms: int) -> bool:
        serial, at_ms = self._published.get(issued.gateway, (0, 0))
        if serial != issued.serial:
            return True
        return issued.taken_ms is None and now_ms >= at_ms + _AGAIN_MS

    def published(self, gateway: str, serial: int, now_ms: int) -> None:
        self._published[gateway] = (serial, now_ms)


def wanted_now(
    connection: Connection, view: View, policy: LimitPolicy, now_ms: int
) -> dict[str, Schedule]:
    """By site, what would be issued now; without a serial number.

    Not for a site that its gateway cannot measure.
    """
    first_ms = view.market.period_start(now_ms)
    margin = policy.margin_permille
    limits = permits.limits(connection, view, first_ms, policy.periods, margin)
    authority = view.authority_for(OrderReason.OVER_ALLOCATION, now_ms)
    return {
        name: _schedule(view, policy, site, limits[name], authority, first_ms, now_ms)
        for name, site in view.all(Site).items()
        if is_measured(view, name, now_ms)
    }


def is_measured(view: View, site: str, at_ms: int) -> bool:
    """Whether the site's gateway reads all its delivery meters, and can count what they say."""
    return can_measure(view, site, "delivery", at_ms)


def _schedule(
    view: View,
    policy: LimitPolicy,
    site: Site,
    limits: tuple[Limit | None, ...],
    authority: Authority | None,
    first_ms: int,
    now_ms: int,
) -> Schedule:
    period_ms = view.market.period_ms
    known = max((number for number, limit in enumerate(limits, 1) if limit is not None), default=0)
    cut_off_ms = first_ms + known * period_ms
    expires_ms = max(cut_off_ms, now_ms) + policy.expires_s * 1000
    opens_lines = any(stage.feeder is not None for stage in site.stages)  # a person orders that
    enforces = policy.mode == "enforce" and authority is not None and not opens_lines
    if enforces and authority is not None:
        expires_ms = min(expires_ms, authority.valid_until)
    relay = site.frequency_relay
    deficit = view.authority_for(OrderReason.SYSTEM_DEFICIT, now_ms)
    if relay is None or relay.mode == "observe":
        deficit = None
    if deficit is not None:
        expires_ms = min(expires_ms, deficit.valid_until)
    contracted_w = permits.contracted_w(view, site.name, now_ms) or 0
    fail_safe = policy.fail_safe_of(site.licensee)
    return Schedule(
        gateway=bytes.fromhex(site.gateway),
        serial=0,
        issued_ms=now_ms,
        expires_ms=expires_ms,
        enforces=enforces,
        authority=None if authority is None else bytes.fromhex(authority.document_sha256),
        first_ms=first_ms,
        period_ms=period_ms,
        limits=limits,
        cut_off_ms=cut_off_ms,
        default=_share(contracted_w, policy.default_permille, period_ms),
        fail_safe=FailSafe("nothing", Limit(0, 0), 0, 0)
        if fail_safe is None
        else FailSafe(
            fail_safe.name,
            _share(contracted_w, fail_safe.power_permille, period_ms),
            fail_safe.heartbeat_s * 1000,
            fail_safe.blind_s * 1000,
        ),
        manners=Manners(
            policy.over_s * 1000,
            policy.emergency_over_s * 1000,
            policy.under_s * 1000,
            policy.margin_permille,
            policy.clock_s * 1000,
        ),
        reduction=None if relay is None else _reduction(relay, deficit),
    )


def _reduction(relay: FrequencyRelay, authority: Authority | None) -> Reduction:
    """Without an authority it only observes."""
    return Reduction(
        None if authority is None else bytes.fromhex(authority.document_sha256),
        relay.well,
        relay.low,
        relay.delay_s * 1000,
        relay.restored_s * 1000,
        relay.stages,
    )


def _share(power_w: int, permille: int, period_ms: int) -> Limit:
    power_w = min(power_w * permille // 1000, MAX_UINT32)
    return Limit(min(power_w * period_ms // 3_600_000, MAX_UINT32), power_w)


def _why(
    connection: Connection,
    schedule: Schedule,
    last: Issued | None,
    state: LimiterState | None,
    policy: LimitPolicy,
    now_ms: int,
) -> str | None:
    """Why this one takes the place of the last; None: it need not."""
    if last is None or last.hash is None:
        return "none is known"
    before = _read(schedule_store.message(connection, last.hash))
    if before.terms() != schedule.terms():
        return "its terms changed"
    for number in range(len(schedule.limits)):
        at_ms = max(now_ms, schedule.first_ms + number * schedule.period_ms)
        if at_ms < before.expires_ms and before.allowed(at_ms) != schedule.allowed(at_ms):
            return "what it allows changed"
    if (
        before.expires_ms - now_ms < policy.renew_s * 1000
        and before.expires_ms < schedule.expires_ms
    ):
        return "it ends soon"
    if state is not None and state.permit in _WAITING and state.received_ms > last.issued_ms:
        return "its gateway waits for a fresh one"
    return None


@lru_cache(maxsize=10_000)
def _read(message: bytes) -> Schedule:
    """One of ours, which was verified when it was made."""
    return read_body(parse(message, ContentType.SCHEDULE).payload)

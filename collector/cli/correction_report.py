"""What a ratio correction touches, as a document: by what was done, or by trying it."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Engine, delete, select
from structlog.testing import capture_logs

from collector.checks import closing, corrections, findings
from collector.checks import periods as periods_room
from collector.checks.allocation import Holder
from collector.checks.codes import Code
from collector.checks.findings import Finding
from collector.checks.prescribed import holder_of
from collector.cli.correction_rows import (
    Changed,
    Pair,
    correction_row,
    interval_row,
    period_row,
    sums,
)
from collector.intervals import ratios
from collector.intervals.closed import table
from collector.intervals.closed.closer import Closer, Times
from collector.intervals.closed.grid import Grid
from collector.intervals.closed.rules import Rules
from collector.intervals.due import FRESH, QUANTITIES
from collector.intervals.follower import IntervalFollower
from collector.ledger.followers import followed_until
from collector.model.delivery import moment_text
from collector.model.records import Meter, RatioCorrection, Site
from collector.orders import store
from collector.registry.store import Registry
from collector.registry.view import View
from collector.storage import reading
from collector.storage.tables import boundary_changed, interval_due, period_due


@dataclass(frozen=True)
class Tried:
    """What a correction can be tried on: in a transaction that is taken back."""

    engine: Engine
    registry: Registry
    rules: Rules
    now_ms: int

    def changes(
        self, view: View, meter: str, records: Iterable[RatioCorrection]
    ) -> tuple[Changed, list[Pair]]:
        """Intervals and periods that would be other than they are, by the register of `view`."""
        with self.engine.connect() as connection, connection.begin() as transaction:
            connection.execute(delete(interval_due).where(interval_due.c.meter != meter))
            self._close(connection, view)
            closed = table.closed_at(connection, self.now_ms)
            periods = _judged_again(connection, view, meter, list(records))
            transaction.rollback()
        changed = [
            (quantity, before, after)
            for serial, quantity, before, after in closed
            if serial == meter and before is not None and before != after
        ]
        return changed, periods

    def _close(self, connection: Connection, view: View) -> None:
        known_ms = followed_until(connection, IntervalFollower.name, self.now_ms)
        late_ms = int(view.policy.late_s * 1000)
        times = Times(self.now_ms, known_ms, 0, late_ms, is_settled=True)
        closer = Closer(self.engine, self.registry, self.rules)
        while closer.run_within(connection, view, times):
            pass


def supposed(tried: Tried, record: RatioCorrection) -> dict[str, Any]:
    """As if the register held a correction."""
    view = tried.registry.view().with_records([record])
    with capture_logs():  # nothing of it happens
        changed, periods = tried.changes(view, record.meter, [record])
    state = "supposed: nothing is changed"
    return _document(tried, view, record.meter, state, [record], changed, periods)


def by_register(tried: Tried, view: View, meter: str) -> dict[str, Any]:
    """By the register's corrections of a meter: what was done, or what will be."""
    with reading(tried.engine) as connection:
        known = corrections.known(connection, meter)
        is_done = _is_done(connection, view, meter)
        if is_done:
            periods = corrections.touched(connection, known)
            recorded_ms = min(each.recorded_ms for each in known)
            changed = _since(connection, view, meter, [each.record for each in known], recorded_ms)
    records = [each.record for each in known]
    if not is_done:
        with capture_logs():
            changed, periods = tried.changes(view, meter, records)
    state = "done" if is_done else "not done yet: the collector does it when it runs"
    newest = {each.record.key: each.record for each in known}
    return _document(tried, view, meter, state, list(newest.values()), changed, periods)


def _since(
    connection: Connection,
    view: View,
    meter: str,
    records: Collection[RatioCorrection],
    recorded_ms: int,
) -> Changed:
    """What stood when the first correction was recorded, and what stands."""
    grid = Grid.of(view.market)
    start_ms = grid.hour(min(record.valid_from for record in records))
    ends = [record.valid_until for record in records]
    end_ms = 2**62 if None in ends else max(end for end in ends if end is not None)
    changed: Changed = []
    for quantity in QUANTITIES:
        for length_ms in (grid.quarter_ms, grid.hour_ms):
            span = (length_ms, start_ms, end_ms)
            versions = table.of_register(connection, (meter, quantity), *span, all_versions=True)
            stood = {
                each.closed.start_ms: each.closed
                for each in versions
                if each.closed_ms < recorded_ms
            }
            stands = {each.closed.start_ms: each.closed for each in versions}
            changed += [
                (quantity, stood[start], closed)
                for start, closed in stands.items()
                if start in stood and stood[start] != closed
            ]
    return changed


def _is_done(connection: Connection, view: View, meter: str) -> bool:
    """Whether energies are told by the register, and nothing that rests on them waits."""
    if not ratios.is_taken_over(connection, view, meter):
        return False
    marked = select(interval_due.c.meter).where(
        interval_due.c.meter == meter, interval_due.c.due_ms == FRESH
    )
    changed = select(boundary_changed.c.meter).where(boundary_changed.c.meter == meter)
    queries = [marked, changed]
    holder = _holder(view, meter)
    if holder is not None:
        queries.append(
            select(period_due.c.licensee).where(period_due.c.licensee == holder.licensee)
        )
    return all(connection.execute(query.limit(1)).first() is None for query in queries)


def _holder(view: View, meter: str) -> Holder | None:
    """None for a meter at no site: one at the head of a feeder."""
    site = view.all(Site).get(view.one(Meter, meter).site)
    return None if site is None else holder_of(view, site)


def _judged_again(
    connection: Connection, view: View, meter: str, records: Sequence[RatioCorrection]
) -> list[Pair]:
    """Periods of the meter's holder that come out otherwise; nothing is kept."""
    holder = _holder(view, meter)
    if holder is None:
        return []
    start_ms, end_ms = corrections.span_of(records)
    due = [
        (holder, each.start_ms)
        for each in periods_room.stored(connection)
        if (each.licensee, each.zone) == (holder.licensee, holder.zone)
        and meter in each.meters
        and each.start_ms < end_ms
        and each.end_ms > start_ms
    ]
    return [
        (closed.earlier, closed.result)
        for closed in closing.judge_again(connection, view, due)
        if closed.earlier is not None and closing.is_otherwise(closed.earlier, closed.result)
    ]


def _document(
    tried: Tried,
    view: View,
    meter: str,
    state: str,
    records: Sequence[RatioCorrection],
    changed: Changed,
    periods: Sequence[Pair],
) -> dict[str, Any]:
    with reading(tried.engine) as connection:
        touched = _findings(connection, view.one(Meter, meter), records, periods)
        orders = store.load_all(connection)
    named = {(each.code, each.subject, each.first_ms) for each in touched}
    grid = Grid.of(view.market)
    return {
        "meter": meter,
        "state": state,
        "corrections": [correction_row(view.one(Meter, meter), record) for record in records],
        "sums": sums(changed, grid),
        "intervals": [interval_row(*each) for each in changed],
        "periods": [period_row(*pair) for pair in periods],
        "findings": [
            {"code": each.code, "subject": each.subject, "first": moment_text(each.first_ms)}
            for each in touched
        ],
        "orders": [
            {
                "id": order.id.hex(),
                "site": ", ".join(order.terms.sites),
                "reason": order.terms.reason,
                "step": order.step,
                "rests_on": " ".join(str(value) for value in order.terms.finding.values()),
            }
            for order in orders
            if _name(order.terms.finding) in named
        ],
    }


def _name(finding: Any) -> tuple[Any, ...]:
    return finding.get("code"), finding.get("subject"), finding.get("first_ms")


def _findings(
    connection: Connection,
    meter: Meter,
    records: Sequence[RatioCorrection],
    periods: Sequence[Pair],
) -> list[Finding]:
    """Those of the touched periods, and those that name the meter or its site in that time."""
    of_periods = {(f"{each.licensee}/{each.zone}", each.start_ms) for _, each in periods}
    found = []
    for each in findings.stored(connection):
        if each.code is Code.RATIO_CORRECTED:
            continue
        is_then = any(record.holds_between(each.first_ms, each.last_ms + 1) for record in records)
        if (each.subject, each.first_ms) in of_periods or (is_then and _speaks_of(each, meter)):
            found.append(each)
    return found


def _speaks_of(finding: Finding, meter: Meter) -> bool:
    details = finding.details
    if meter.serial in (finding.subject, details.get("meter"), *details.get("meters", ())):
        return True
    is_of_load = "power_w" in details and meter.point == "delivery"
    return is_of_load and details.get("site") == meter.site

"""Sites that are not read: each by itself, or one storm for all that fell silent by one cause."""

import json
from collections.abc import Mapping, Sequence

from sqlalchemy import Connection, select

from collector.checks import findings, members, meters, steps, storms
from collector.checks.codes import Code
from collector.checks.findings import Finding
from collector.checks.life import COLLECTOR, Act, State, Verb
from collector.checks.members import Member
from collector.checks.scene import Scene
from collector.checks.storms import Ongoing, Rule, Silence, Storm
from collector.ledger.followers import followed_until
from collector.model.records import Policy, Site
from collector.series.follower import SeriesFollower
from collector.storage.tables import finding as table

TOGETHER = {
    Code.UNREAD: Code.UNREAD_TOGETHER,
    Code.GATEWAY_SILENT: Code.GATEWAYS_SILENT,
}
"""The code of a storm, by that of each of its members."""
_NAMED = 10
"""So many members stand in the finding itself; all of them are kept."""
_STORMS = 20
"""No more are looked at: those that were seen last."""


def is_watched(scene: Scene, site: Site) -> bool:
    """Whether any of its meters was ever read."""
    by_ms = scene.now_ms + meters.AHEAD_MS
    return any(
        scene.series.last_power(meter.serial, by_ms) is not None
        for meter in scene.view.meters_of(site.name, scene.now_ms)
    )


def known_until(connection: Connection, now_ms: int) -> int:
    """Readings that came before this moment stand in the series."""
    return followed_until(connection, SeriesFollower.name, now_ms)


def is_known(policy: Policy, known_ms: int, began_ms: int) -> bool:
    """Whether sites can be told silent: not while this collector takes in what waited for it."""
    return known_ms > began_ms + int(policy.late_s * 1000)


def judge(scene: Scene, site: Site, known_ms: int) -> Silence | None:
    """Of a site that is watched: whether its load is not known for longer than `late_s`."""
    view, series, now_ms = scene.view, scene.series, scene.now_ms
    delivery = view.delivery_meters(site.name, now_ms)
    old = [meter for meter in delivery if meters.fresh(view, series, meter, now_ms) is None]
    if not old:
        return None
    by_ms = now_ms + meters.AHEAD_MS
    late_ms = int(view.policy.late_s * 1000)
    silent: dict[str, int] = {}
    for meter in old:
        last = series.last_power(meter.serial, by_ms)
        last_ms = 0 if last is None else last.at_ms
        if known_ms > max(last_ms, scene.began_ms) + late_ms:
            silent[meter.serial] = last_ms
    if not silent:
        return None
    since_ms = min(silent.values())
    details = {"site": site.name, "meters": sorted(silent), "last_ms": since_ms}
    return Silence(site.name, site.zone, since_ms, details)


def keep(
    connection: Connection,
    code: Code,
    silences: Sequence[Silence],
    watched: Mapping[str, int],
    policy: Policy,
    now_ms: int,
) -> None:
    """Keep what is silent now as findings of a code, or together where it belongs together.

    `watched`: how many of each zone are read.
    """
    rule = Rule(policy.storm_sites, policy.storm_window_s * 1000)
    ongoing = _ongoing(connection, TOGETHER[code])
    found, alone = storms.group(silences, watched, list(ongoing.values()), rule)
    for storm in found:
        _keep_storm(connection, code, storm, watched, rule, now_ms)
    going_on = {(storm.zone, storm.first_ms) for storm in found}
    for number, known in ongoing.items():
        if (known.zone, known.first_ms) not in going_on:
            members.leave(connection, number, list(known.since_ms), now_ms)
    singles = [
        Finding(code, silence.subject, silence.since_ms, now_ms, silence.details)
        for silence in alone
    ]
    findings.keep_all(connection, singles)


def may_go_on(connection: Connection, code: Code) -> bool:
    """Whether there is a storm of which some were silent when it was last looked at."""
    return bool(_ongoing(connection, TOGETHER[code]))


def _ongoing(connection: Connection, together: Code) -> dict[int, Ongoing]:
    """Storms that may go on, by their numbers: who of them is still silent."""
    query = (
        select(table.c.id, table.c.first_ms, table.c.body)
        .where(table.c.code == together)
        .order_by(table.c.last_ms.desc())
        .limit(_STORMS)
    )
    found: dict[int, Ongoing] = {}
    for number, first_ms, body in connection.execute(query).all():
        since_ms = members.present(connection, number)
        if since_ms:
            found[number] = Ongoing(json.loads(body)["zone"], first_ms, since_ms)
    return found


def _keep_storm(
    connection: Connection,
    code: Code,
    storm: Storm,
    watched: Mapping[str, int],
    rule: Rule,
    now_ms: int,
) -> None:
    silences = sorted(storm.silences, key=lambda silence: (silence.since_ms, silence.subject))
    details = {
        "zone": storm.zone,
        "count": len(silences),
        "watched": sum(watched.values()) if storm.zone is None else watched.get(storm.zone, 0),
        "window_s": rule.window_ms // 1000,
        "began_ms": storm.first_ms,
        "last_began_ms": silences[-1].since_ms,
        "members": [[each.subject, each.since_ms] for each in silences[:_NAMED]],
        "more": max(len(silences) - _NAMED, 0),
    }
    subject = "all" if storm.zone is None else f"zone/{storm.zone}"
    one = Finding(TOGETHER[code], subject, storm.first_ms, now_ms, details)
    is_new = findings.keep(connection, one)
    number = findings.number_of(connection, one)
    before = {} if is_new else members.present(connection, number)
    now = {silence.subject for silence in silences}
    members.leave(connection, number, [each for each in before if each not in now], now_ms)
    joined = [silence for silence in silences if silence.subject not in before]
    new = [
        Member(each.subject, each.since_ms, None, json.dumps(dict(each.details))) for each in joined
    ]
    members.keep(connection, number, new)
    if joined:
        _merge(connection, code, number, joined, now_ms)


def _merge(
    connection: Connection, code: Code, number: int, joined: Sequence[Silence], now_ms: int
) -> None:
    """What was told of these one by one is part of the storm."""
    query = select(table.c.id, table.c.subject, table.c.first_ms).where(
        table.c.code == code,
        table.c.state == State.OPEN,
        table.c.last_ms >= min(silence.since_ms for silence in joined),
    )
    since_ms = {silence.subject: silence.since_ms for silence in joined}
    act = Act(Verb.MERGE, COLLECTOR, f"part of finding {number}", now_ms, str(number))
    for single, subject, first_ms in connection.execute(query).all():
        if since_ms.get(subject) == first_ms:
            steps.keep(connection, single, State.CLOSED, act)

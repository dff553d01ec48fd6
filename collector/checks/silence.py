"""Sites that are not read: each by itself, or one storm for all that fell silent by one cause."""

import json
from collections.abc import Mapping, Sequence

from sqlalchemy import Connection, select

from collector.checks import findings, members, meters, steps, storms
from collector.checks.findings import Code, Finding
from collector.checks.life import COLLECTOR, Act, State, Verb
from collector.checks.members import Member
from collector.checks.scene import Scene
from collector.checks.storms import Ongoing, Rule, Silence, Storm
from collector.ledger.followers import followed_until
from collector.model.records import Policy, Site
from collector.series.follower import SeriesFollower
from collector.storage.tables import finding as table

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


def is_known(connection: Connection, policy: Policy, now_ms: int, began_ms: int) -> bool:
    """Whether sites can be told silent: not while this collector takes in what waited for it."""
    late_ms = int(policy.late_s * 1000)
    return followed_until(connection, SeriesFollower.name, now_ms) > began_ms + late_ms


def goes_on(connection: Connection) -> bool:
    """Whether there is a storm of which sites may have been heard again."""
    return bool(_ongoing(connection))


def judge(connection: Connection, scene: Scene, site: Site) -> Silence | None:
    """Of a site that is watched: whether its load is not known for longer than `late_s`."""
    view, series, now_ms = scene.view, scene.series, scene.now_ms
    delivery = view.delivery_meters(site.name, now_ms)
    old = [meter for meter in delivery if meters.fresh(view, series, meter, now_ms) is None]
    if not old:
        return None
    by_ms = now_ms + meters.AHEAD_MS
    known_ms = followed_until(connection, SeriesFollower.name, now_ms)
    late_ms = int(view.policy.late_s * 1000)
    silent: dict[str, int] = {}
    for meter in old:
        last = series.last_power(meter.serial, by_ms)
        last_ms = 0 if last is None else last.at_ms
        if known_ms > max(last_ms, scene.began_ms) + late_ms:
            silent[meter.serial] = last_ms
    if not silent:
        return None
    return Silence(site.name, site.zone, min(silent.values()), tuple(sorted(silent)))


def keep(
    connection: Connection,
    silences: Sequence[Silence],
    watched: Mapping[str, int],
    policy: Policy,
    now_ms: int,
) -> None:
    """Keep what is silent now, together where it belongs together."""
    rule = Rule(policy.storm_sites, policy.storm_window_s * 1000)
    ongoing = _ongoing(connection)
    found, alone = storms.group(silences, watched, list(ongoing.values()), rule)
    for storm in found:
        _keep_storm(connection, storm, watched, rule, now_ms)
    going_on = {(storm.zone, storm.first_ms) for storm in found}
    for number, known in ongoing.items():
        if (known.zone, known.first_ms) not in going_on:
            members.leave(connection, number, list(known.since_ms), now_ms)
    for silence in alone:
        findings.keep(connection, _finding(silence, now_ms))


def _finding(silence: Silence, now_ms: int) -> Finding:
    return Finding(Code.UNREAD, silence.site, silence.since_ms, now_ms, _details(silence))


def _details(silence: Silence) -> dict[str, object]:
    return {
        "site": silence.site,
        "meters": list(silence.meters),
        "last_ms": silence.since_ms,
    }


def _subject(zone: str | None) -> str:
    return "all" if zone is None else f"zone/{zone}"


def _ongoing(connection: Connection) -> dict[int, Ongoing]:
    """Storms that may go on, by their numbers: of which sites are still silent."""
    query = (
        select(table.c.id, table.c.first_ms, table.c.body)
        .where(table.c.code == Code.UNREAD_TOGETHER)
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
    connection: Connection, storm: Storm, watched: Mapping[str, int], rule: Rule, now_ms: int
) -> None:
    silences = sorted(storm.silences, key=lambda silence: (silence.since_ms, silence.site))
    named = [[silence.site, silence.since_ms] for silence in silences[:_NAMED]]
    details = {
        "zone": storm.zone,
        "count": len(silences),
        "watched": sum(watched.values()) if storm.zone is None else watched.get(storm.zone, 0),
        "window_s": rule.window_ms // 1000,
        "began_ms": storm.first_ms,
        "last_began_ms": silences[-1].since_ms,
        "members": named,
        "more": len(silences) - len(named),
    }
    one = Finding(Code.UNREAD_TOGETHER, _subject(storm.zone), storm.first_ms, now_ms, details)
    is_new = findings.keep(connection, one)
    number = findings.number_of(connection, one)
    before = {} if is_new else members.present(connection, number)
    now = {silence.site: silence for silence in silences}
    gone = [site for site in before if site not in now]
    members.leave(connection, number, gone, now_ms)
    joined = [silence for site, silence in now.items() if site not in before]
    members.keep(
        connection,
        number,
        [Member(each.site, each.since_ms, None, json.dumps(_details(each))) for each in joined],
    )
    if joined:
        _merge(connection, number, joined, now_ms)


def _merge(connection: Connection, number: int, joined: Sequence[Silence], now_ms: int) -> None:
    """What was told of these sites one by one is part of the storm."""
    query = select(table.c.id, table.c.subject, table.c.first_ms).where(
        table.c.code == Code.UNREAD,
        table.c.state == State.OPEN,
        table.c.last_ms >= min(silence.since_ms for silence in joined),
    )
    since_ms = {silence.site: silence.since_ms for silence in joined}
    act = Act(Verb.MERGE, COLLECTOR, f"part of finding {number}", now_ms, str(number))
    for single, site, first_ms in connection.execute(query).all():
        if since_ms.get(site) == first_ms:
            steps.keep(connection, single, State.CLOSED, act)

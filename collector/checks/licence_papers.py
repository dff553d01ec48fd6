"""What the register says of licences: soon to end, another's, without a site or a data centre."""

from collections.abc import Iterator

from collector.checks.codes import Code
from collector.checks.licence import Ground, records_of, site_standing
from collector.checks.states import Scene, State
from collector.model.instant import days_before
from collector.model.licence import Course, LicenceState
from collector.model.records import DataCentre, Site
from collector.registry.view import View


def judge_ends(scene: Scene) -> Iterator[State]:
    """The nearest of the policy's warnings that has been reached; each is a finding of its own."""
    view, now_ms = scene.view, scene.now_ms
    for number, course in sorted(view.courses.items()):
        span = course.at(now_ms)
        if span.state not in (LicenceState.IN_FORCE, LicenceState.SUSPENDED):
            continue
        reached = [
            (days, at_ms)
            for days in view.policy.licence_warning_days
            if (at_ms := days_before(span.ends_ms, days)) <= now_ms
        ]
        if not reached or _is_followed(view, course, span.ends_ms):
            continue
        days, at_ms = min(reached)
        details = {
            "licence": number,
            "licensee": course.licence.licensee,
            "sites": list(span.sites),
            "days": days,
            "ends_ms": span.ends_ms,
        }
        records = records_of((course,))
        yield State(Code.LICENCE_ENDS, number, at_ms, details, records=records, not_before=at_ms)


def _is_followed(view: View, course: Course, ends_ms: int) -> bool:
    """Whether other licences of the same licensee allow its sites from its end on."""
    sites = course.at(ends_ms).sites
    others = view.courses_of_licensee(course.licence.licensee)
    return bool(sites) and all(
        any(other is not course and other.at(ends_ms).allows(site) for other in others)
        for site in sites
    )


def judge_sites(scene: Scene) -> Iterator[State]:
    """Whether the licence in force names the site, and is its licensee's."""
    codes = {Ground.NOT_NAMED: Code.SITE_NOT_NAMED, Ground.OTHER_HOLDER: Code.OTHER_HOLDER}
    for name, site in sorted(scene.view.all(Site).items()):
        standing = site_standing(scene.view, name, scene.now_ms)
        if (code := codes.get(standing.ground)) is None:
            continue
        details = {
            "site": name,
            "licensee": site.licensee,
            "licences": [course.licence.number for course in standing.courses],
            "holders": sorted({course.licence.licensee for course in standing.courses}),
        }
        since_ms = standing.since_ms
        records = (site, *standing.records)
        yield State(code, name, since_ms, details, records=records, not_before=since_ms)


def judge_data_centres(scene: Scene) -> Iterator[State]:
    """A licence of subtype II in force, whose holder has equipment in no data centre."""
    view, now_ms = scene.view, scene.now_ms
    for number, course in sorted(view.courses.items()):
        if course.licence.subtype != "II" or course.at(now_ms).state is not LicenceState.IN_FORCE:
            continue
        tenancies = [
            (tenancy, view.all(DataCentre).get(tenancy.data_centre))
            for tenancy in view.tenancies_of_tenant(course.licence.licensee)
            if not tenancy.withdrawn
        ]
        ends = [course.since(now_ms)]
        for tenancy, centre in tenancies:
            if centre is None or centre.withdrawn:
                continue
            if tenancy.holds_at(now_ms) and centre.holds_at(now_ms):
                break
            known = (tenancy.valid_until, centre.valid_until)
            ends += [end_ms for end_ms in known if end_ms is not None and end_ms <= now_ms]
        else:
            details = {"licence": number, "licensee": course.licence.licensee}
            records = (*records_of((course,)), *(tenancy for tenancy, _ in tenancies))
            yield State(
                Code.NO_DATA_CENTRE,
                number,
                max(ends),
                details,
                records=records,
                not_before=max(ends),
            )


def judge_conflicts(scene: Scene) -> Iterator[State]:
    """Acts that do not fit each other: they changed nothing, and somebody must say what is true."""
    for number, course in sorted(scene.view.courses.items()):
        known = [each for each in course.conflicts if each.act.valid_from <= scene.now_ms]
        if not known:
            continue
        first_ms = known[0].act.valid_from
        details = {
            "licence": number,
            "sites": list(course.at(scene.now_ms).sites),
            "acts": [each.act.key for each in known],
            "misfits": [each.misfit for each in known],
        }
        yield State(
            Code.ACTS_CONFLICT,
            number,
            first_ms,
            details,
            records=records_of((course,)),
            not_before=first_ms,
        )

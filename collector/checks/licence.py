"""Whether a site may mine at a moment, whether a tenant may, and since when that is so."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from collector.model.licence import Course, LicenceState
from collector.model.records import Record
from collector.registry.view import View


class Ground(StrEnum):
    """Why a site may mine, or may not."""

    LICENSED = "licensed"
    OTHER_HOLDER = "other_holder"
    SUSPENDED = "suspended"
    REVOKED = "revoked"
    ENDED = "ended"
    NOT_YET = "not_yet"
    NOT_NAMED = "not_named"
    NONE = "none"


_GROUNDS = {
    LicenceState.SUSPENDED: Ground.SUSPENDED,
    LicenceState.REVOKED: Ground.REVOKED,
    LicenceState.ENDED: Ground.ENDED,
    LicenceState.NOT_YET: Ground.NOT_YET,
}
_UNHELD = (Ground.LICENSED, Ground.OTHER_HOLDER)
"""Nobody is cut for his licence: it is in force, or the register names another's by mistake."""


@dataclass(frozen=True, slots=True)
class Standing:
    """`since_ms`: 0 where it was never otherwise. `courses`: the licences that it rests on, the one
    that decides first. `is_doubted`: the acts on them contradict each other.
    """

    ground: Ground
    since_ms: int
    courses: tuple[Course, ...] = ()
    is_doubted: bool = False

    @property
    def is_licensed(self) -> bool:
        return self.ground is Ground.LICENSED

    @property
    def calls_for_cut(self) -> bool:
        """Whether load there can lead to an order, by its ground."""
        return self.ground not in _UNHELD

    @property
    def records(self) -> tuple[Record, ...]:
        return records_of(self.courses)


def records_of(courses: Iterable[Course]) -> tuple[Record, ...]:
    return tuple(record for course in courses for record in (course.licence, *course.acts))


def site_standing(view: View, site: str, at_ms: int) -> Standing:
    """Of a site that the register has, by its licensee's licences, and by those that name it."""
    owner = view.licensee_id(site)
    naming = view.courses_of_site(site)
    own = [course for course in naming if course.licence.licensee == owner]
    # one of subtype II that names it is a tenant's
    others = [course for course in naming if course not in own and course.licence.subtype == "I"]
    allowing = [course for course in own if course.at(at_ms).allows(site)]
    if allowing:
        best = max(allowing, key=lambda course: course.at(at_ms).ends_ms)
        return Standing(Ground.LICENSED, best.since(at_ms, site), (best,))
    lapsed = [(course.last_allowed_until(site, at_ms) or 0, course) for course in own]
    last_ms = max((lapse for lapse, _ in lapsed), default=0)
    foreign = [course for course in others if course.at(at_ms).allows(site)]
    if foreign:
        since_ms = min(course.since(at_ms, site) for course in foreign)
        return Standing(Ground.OTHER_HOLDER, max(since_ms, last_ms), tuple(foreign))
    elsewhere = [
        course
        for course in view.courses_of_licensee(owner)
        if course not in own and course.at(at_ms).state is LicenceState.IN_FORCE
    ]
    if not own:
        ground = Ground.NOT_NAMED if elsewhere else Ground.NONE
        since_ms = min((course.since(at_ms) for course in elsewhere), default=0)
        return Standing(ground, since_ms, tuple(elsewhere))
    # the one that allowed it last; of several that never did, the one that comes nearest to it
    lapsed.sort(key=lambda each: (each[0], _NEARNESS[_ground(each[1], site, at_ms)]))
    deciding = lapsed[-1][1]
    return Standing(
        _ground(deciding, site, at_ms),
        max(deciding.since(at_ms, site), last_ms),
        (deciding, *(course for _, course in reversed(lapsed[:-1]))),
        any(course.is_doubted(at_ms) for course in own),
    )


_NEARNESS = {
    Ground.NONE: 0,
    Ground.NOT_NAMED: 1,
    Ground.NOT_YET: 2,
    Ground.ENDED: 3,
    Ground.REVOKED: 4,
    Ground.SUSPENDED: 5,
}


def _ground(course: Course, site: str, at_ms: int) -> Ground:
    """Of a licence that does not allow the site."""
    span = course.at(at_ms)
    return _GROUNDS.get(span.state, Ground.NOT_NAMED) if site in span.sites else Ground.NOT_NAMED


def tenant_standing(courses: Sequence[Course], at_ms: int) -> Standing:
    """Of a tenant, by all his licences: he needs one of subtype II, wherever it says that he is."""
    second = [course for course in courses if course.licence.subtype == "II"]
    in_force = [course for course in second if course.at(at_ms).state is LicenceState.IN_FORCE]
    if in_force:
        best = max(in_force, key=lambda course: course.at(at_ms).ends_ms)
        return Standing(Ground.LICENSED, best.since(at_ms), (best,))
    if not second:
        return Standing(Ground.NONE, 0, tuple(courses))
    last = max(second, key=lambda course: (course.since(at_ms), course.licence.number))
    return Standing(
        _GROUNDS[last.at(at_ms).state],
        last.since(at_ms),
        (last,),
        any(course.is_doubted(at_ms) for course in second),
    )

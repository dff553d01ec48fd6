"""Whether a site may mine, and whether a tenant may, by all licences of the register."""

from typing import Any

import pytest
from collector_world import BIN, LICENCE, LICENSEE, SITE, ZONE

from collector.checks.licence import Ground, Standing, site_standing, tenant_standing
from collector.model.records import Licence, LicenceAct, Record, Site
from collector.registry.view import View

OTHER = "000000000001"
PLACE = Site(name=SITE, licensee=BIN, zone=ZONE, gateway="00" * 8, stages=())


def licence(number: str = "L-1", start: int = 1000, end: int = 9000, **changes: Any) -> Licence:
    return LICENCE.model_copy(
        update={"number": number, "valid_from": start, "valid_until": end} | changes
    )


def act(kind: str, at_ms: int, until: int | None = None, **changes: Any) -> LicenceAct:
    return LicenceAct(
        licence="L-1",
        act=kind,
        reference="decision",
        document_sha256="ab" * 32,
        valid_from=at_ms,
        valid_until=until,
        **changes,
    )


def standing(at_ms: int, *records: Record) -> Standing:
    return site_standing(View([LICENSEE, PLACE, *records]), SITE, at_ms)


def said(at_ms: int, *records: Record) -> tuple[Ground, int]:
    found = standing(at_ms, *records)
    return found.ground, found.since_ms


SUSPENDED = act("suspended", 3000, 5000)


@pytest.mark.parametrize(
    ("at_ms", "records", "expected"),
    [
        (999, [licence()], (Ground.NOT_YET, 0)),
        (1000, [licence()], (Ground.LICENSED, 1000)),
        (8999, [licence()], (Ground.LICENSED, 1000)),
        (9000, [licence()], (Ground.ENDED, 9000)),
        (2999, [licence(), SUSPENDED], (Ground.LICENSED, 1000)),
        (3000, [licence(), SUSPENDED], (Ground.SUSPENDED, 3000)),
        (4999, [licence(), SUSPENDED], (Ground.SUSPENDED, 3000)),
        (5000, [licence(), SUSPENDED], (Ground.LICENSED, 5000)),
        (4000, [licence(), act("revoked", 4000)], (Ground.REVOKED, 4000)),
        (99999, [licence(), act("revoked", 4000)], (Ground.REVOKED, 4000)),
        # the term runs out while it is suspended
        (9500, [licence(), act("suspended", 8000, 12000)], (Ground.ENDED, 9000)),
        # one suspended, the other still in force, and then ended
        (3500, [licence(), SUSPENDED, licence("L-2", end=4000)], (Ground.LICENSED, 1000)),
        (4500, [licence(), SUSPENDED, licence("L-2", end=4000)], (Ground.ENDED, 4000)),
        (4000, [licence(), act("sites", 4000, sites=("x",))], (Ground.NOT_NAMED, 4000)),
        (2000, [licence(sites=("x",))], (Ground.NOT_NAMED, 1000)),
        (9000, [licence(sites=("x",))], (Ground.NONE, 0)),
        (2000, [], (Ground.NONE, 0)),
        (2000, [licence(licensee=OTHER)], (Ground.OTHER_HOLDER, 1000)),
        (9000, [licence(licensee=OTHER)], (Ground.NONE, 0)),
        # a tenant's licence names the data centre's site, and gives its owner nothing
        (2000, [licence(licensee=OTHER, subtype="II")], (Ground.NONE, 0)),
        # his own ended, and another's names the site from then on
        (
            9500,
            [licence(), licence("L-2", start=2000, end=20000, licensee=OTHER)],
            (Ground.OTHER_HOLDER, 9000),
        ),
    ],
)
def test_the_ground_on_which_a_site_may_mine_or_not(
    at_ms: int, records: list[Record], expected: tuple[Ground, int]
) -> None:
    assert said(at_ms, *records) == expected
    assert said(at_ms, *reversed(records)) == expected


def test_a_gap_between_two_licences_is_a_time_without() -> None:
    two = [licence("L-1", 1000, 2000), licence("L-2", 2500, 3000)]
    assert [said(at, *two)[0].value for at in (1999, 2000, 2499, 2500, 3000)] == [
        "licensed", "ended", "ended", "licensed", "ended"
    ]  # fmt: skip
    assert said(2400, *two) == (Ground.ENDED, 2000)


def test_contradictory_acts_leave_a_doubt() -> None:
    late = act("extended", 9001, None, ends=12000)
    assert standing(9500, licence(), late).is_doubted
    assert not standing(9000, licence(), late).is_doubted
    assert not standing(9500, licence()).is_doubted


@pytest.mark.parametrize(
    ("ground", "calls"),
    [(Ground.LICENSED, False), (Ground.OTHER_HOLDER, False)]
    + [(each, True) for each in Ground if each not in (Ground.LICENSED, Ground.OTHER_HOLDER)],
)
def test_which_grounds_can_lead_to_a_cut(ground: Ground, *, calls: bool) -> None:
    assert Standing(ground, 0).calls_for_cut is calls


@pytest.mark.parametrize(
    ("at_ms", "records", "expected"),
    [
        (2000, [], (Ground.NONE, 0)),
        (2000, [licence()], (Ground.NONE, 0)),  # subtype I gives no place in another's centre
        (2000, [licence(subtype="II")], (Ground.LICENSED, 1000)),
        (2000, [licence(subtype="II", sites=())], (Ground.LICENSED, 1000)),
        (3500, [licence(subtype="II"), SUSPENDED], (Ground.SUSPENDED, 3000)),
        (9000, [licence(subtype="II")], (Ground.ENDED, 9000)),
        (500, [licence(subtype="II")], (Ground.NOT_YET, 0)),
    ],
)
def test_a_tenant_needs_a_licence_of_subtype_two(
    at_ms: int, records: list[Record], expected: tuple[Ground, int]
) -> None:
    found = tenant_standing(View(records).courses_of_licensee(BIN), at_ms)
    assert (found.ground, found.since_ms) == expected

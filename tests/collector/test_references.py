"""Whether records fit together: each kind's rules, with the field and what would be right."""

from decimal import Decimal
from typing import Any

import pytest
from collector_world import BIN, LICENCE, LICENSEE, NOW_MS, SITE, ZONE, TestGateway, site_records

from collector.model.instant import months_after
from collector.model.records import (
    Allocation,
    Contract,
    DataCentre,
    DeliveryPoint,
    Feeder,
    Licence,
    LicenceAct,
    Licensee,
    LossFactor,
    PermittedHours,
    RatioCorrection,
    Record,
    Seal,
    Site,
    Span,
    Stage,
    Tenancy,
    Tolerance,
    Verification,
    Zone,
)
from collector.registry.references import problems, warnings
from collector.registry.view import View

DAY_MS = 86_400_000
TENANT, OTHER = "140840000928", "190140000555"
SHA = "ab" * 32
RULING: dict[str, Any] = {"title": "t", "document_sha256": SHA, "example": True}


def centre(**changes: Any) -> DataCentre:
    return DataCentre(**{"name": "dc", "owner": BIN, "site": SITE, "valid_from": NOW_MS} | changes)


def tenancy(*stages: int, tenant: str = TENANT, **changes: Any) -> Tenancy:
    given = {"data_centre": "dc", "tenant": tenant, "stages": stages, "valid_from": NOW_MS}
    return Tenancy(**given | changes)


def act(kind: str, **changes: Any) -> LicenceAct:
    given = {
        "licence": "L-1",
        "act": kind,
        "reference": "r",
        "document_sha256": SHA,
        "valid_from": NOW_MS,
    }
    return LicenceAct(**given | changes)


def suspended(months: int = 2, **changes: Any) -> LicenceAct:
    return act("suspended", valid_until=months_after(NOW_MS, months), **changes)


def feeder(name: str, **changes: Any) -> Feeder:
    given = {"name": name, "zone": ZONE, "substation": "s", "valid_from": NOW_MS}
    return Feeder(**given | changes)


def verified(start_ms: int, end_ms: int | None = None) -> Verification:
    return Verification(
        meter="feeder", part="ct", certificate="c", valid_from=start_ms, valid_until=end_ms
    )


def tolerance(start_ms: int, end_ms: int | None = None, zone: str | None = None) -> Tolerance:
    return Tolerance(permille=20, zone=zone, valid_from=start_ms, valid_until=end_ms, **RULING)


def point(**changes: Any) -> DeliveryPoint:
    given = {"name": "p", "site": SITE, "capacity_w": 10, "contracted_w": 9, "valid_from": NOW_MS}
    return DeliveryPoint(**given | changes)


def correction(**changes: Any) -> RatioCorrection:
    given = {
        "meter": "feeder",
        "ct": (400, 5),
        "vt": (1, 1),
        "reason": "r",
        "document_sha256": SHA,
        "valid_from": NOW_MS,
    }
    return RatioCorrection(**given | changes)


def hours(**changes: Any) -> PermittedHours:
    given = {"name": "night", "spans": (Span(start="00:00", end="08:00"),), "valid_from": NOW_MS}
    return PermittedHours(**RULING | given | changes)


def main_switch(line: str) -> Stage:
    return Stage(
        id=9, name="line", output=9, min_off_ms=0, min_on_ms=0, confirm_ms=1000, feeder=line
    )


WORLD = [
    *site_records(TestGateway()),
    Licensee(bin=TENANT, name="tenant"),
    Licensee(bin=OTHER, name="other"),
]
VIEW = View(WORLD)
[THE_SITE] = VIEW.all(Site).values()


def said(judge: Any, *records: Record) -> list[str]:
    """What is said of the last of them, the others being there already."""
    return [
        f"{each.field}: {each.text}" for each in judge(VIEW.with_records(records), records[-1:])
    ]


FITTING: dict[str, list[Record]] = {
    "a data centre with a tenant in one stage": [centre(), tenancy(2)],
    "tenants in two stages": [centre(), tenancy(1), tenancy(2, tenant=OTHER)],
    "a tenant after another": [
        centre(),
        tenancy(1, valid_until=NOW_MS + DAY_MS),
        tenancy(1, tenant=OTHER, valid_from=NOW_MS + DAY_MS),
    ],
    "a tenant in place of one who never was there": [
        centre(),
        tenancy(1, withdrawn=True),
        tenancy(1, tenant=OTHER),
    ],
    "a suspension and its end": [suspended(), act("resumed", valid_from=NOW_MS + DAY_MS)],
    "a licence extended": [act("extended", ends=LICENCE.valid_until + 1)],
    "a licence that names other sites": [act("sites", sites=(SITE,))],
    "a licence of subtype II in another's data centre": [
        centre(),
        LICENCE.model_copy(update={"number": "L-2", "licensee": TENANT, "subtype": "II"}),
    ],
    "a feeder below another": [feeder("a"), feeder("b", parent="a", meters=("feeder",))],
    "a tolerance in place of an open one": [tolerance(NOW_MS), tolerance(NOW_MS + DAY_MS)],
    "tolerances of two zones": [tolerance(NOW_MS, NOW_MS + 2), tolerance(NOW_MS, zone=ZONE)],
    "a delivery point": [point()],
    "a ratio corrected": [correction()],
    "hours of the night": [hours()],
    "a switch of a line": [
        feeder("line"),
        THE_SITE.model_copy(update={"stages": (*THE_SITE.stages, main_switch("line"))}),
    ],
    "a seal": [Seal(number="s", meter="feeder", place="p", valid_from=NOW_MS)],
    "North and South sold in one": [
        Zone(name=ZONE, auction="north-south"),
        Allocation(licensee=BIN, zone="north-south", start=0, energy_mwh=Decimal(1)),
    ],
}
WRONG: dict[str, tuple[list[Record], str]] = {
    "a BIN mistyped": (
        [Licensee(bin="100240000018", name="x")],
        "bin: 100240000018 is no BIN: after 10024000001 the check digit 7 would be right",
    ),
    "a data centre of who does not hold the site": (
        [centre(owner=OTHER)],
        f"owner: site '{SITE}' is of licensee {BIN}; give him",
    ),
    "a second data centre at a site": ([centre(), centre(name="dc-2")], "site: data centre 'dc'"),
    "a tenant of no data centre": ([tenancy(1)], "data_centre: there is no data_centre 'dc'"),
    "a tenant in a stage that is not there": (
        [centre(), tenancy(3)],
        f"stages: site '{SITE}' has the stages [1, 2]; given: 3",
    ),
    "a tenant in another's stage": (
        [centre(), tenancy(1, 2), tenancy(2, tenant=OTHER)],
        "stages: stage 2 is that of",
    ),
    "the owner as his own tenant": ([centre(), tenancy(1, tenant=BIN)], "tenant: he owns"),
    "an act on no licence": ([suspended(licence="L-9")], "licence: there is no licence 'L-9'"),
    "an act before the licence": (
        [act("revoked", valid_from=LICENCE.valid_from - 1)],
        "valid_from: the licence is in force only from",
    ),
    "a suspension that ends before it begins": (
        [act("suspended", valid_until=NOW_MS - 1)],
        "valid_until: it must be after valid_from",
    ),
    "a licence revoked for a time": (
        [act("revoked", valid_until=NOW_MS + 1)],
        "valid_until: a licence is revoked for ever",
    ),
    "nothing to resume": ([act("resumed")], "valid_from: no suspension"),
    "an extension that shortens": ([act("extended", ends=NOW_MS)], "ends: the licence ends"),
    "an end that a suspension does not have": (
        [suspended(ends=NOW_MS)],
        "ends: only an act 'extended' has it",
    ),
    "a licence of subtype II at a site that is no data centre": (
        [LICENCE.model_copy(update={"number": "L-2", "licensee": TENANT, "subtype": "II"})],
        "and no data centre",
    ),
    "a stage that opens a line which is not there": (
        [
            THE_SITE.model_copy(
                update={"stages": (THE_SITE.stages[0], main_switch("nowhere"), THE_SITE.stages[1])}
            )
        ],
        "stages: there is no feeder 'nowhere'",
    ),
    "a feeder that feeds itself": (
        [feeder("a", parent="c"), feeder("b", parent="a"), feeder("c", parent="b")],
        "parent: a feeder cannot feed itself: c < b < a < c",
    ),
    "a feeder below one of another zone": (
        [feeder("a", zone="west"), feeder("b", parent="a")],
        "parent: 'a' is in zone 'west', not in 'north'",
    ),
    "a meter at the head of two feeders": (
        [feeder("a", meters=("feeder",)), feeder("b", meters=("feeder",))],
        "meters: feeder stands at the head of feeder 'a' already",
    ),
    "a site that loses a tenant's stage": (
        [centre(), tenancy(2), THE_SITE.model_copy(update={"stages": THE_SITE.stages[:1]})],
        "has the stages [2]; keep them",
    ),
    "a site that loses a meter's stage": (
        [THE_SITE.model_copy(update={"stages": THE_SITE.stages[:1]})],
        "stages: meter stage-2 measures stage 2; keep it",
    ),
    "more contracted than connected": (
        [point(contracted_w=11)],
        "contracted_w: at most the connection's capacity of 10 W can be contracted; given: 11",
    ),
    "tolerances of one zone at once": (
        [tolerance(NOW_MS, NOW_MS + 2), tolerance(NOW_MS + 1)],
        "valid_from: '*/",
    ),
    "hours that end before they begin": (
        [hours(spans=(Span(start="22:00", end="06:00"),))],
        "split it at 24:00",
    ),
    "hours of a source that is none": ([hours(source="wind")], "source: there is no 'wind'"),
    "a loss of no meter": (
        [LossFactor(meter="m", document_sha256=SHA, example=True, valid_from=0)],
        "meter: there is no meter 'm'",
    ),
    "two corrections at once": (
        [correction(valid_until=NOW_MS + 2), correction(valid_from=NOW_MS + 1)],
        "valid_from: 'feeder/",
    ),
    "a contract in no zone": (
        [
            Contract(
                number="c",
                licensee=BIN,
                source="import",
                zone="east",
                document_sha256=SHA,
                valid_from=0,
            )
        ],
        "zone: there is no zone 'east'; the register has: north",
    ),
    "a zone sold in one that is sold in a third": (
        [Zone(name="b", auction="c"), Zone(name="a", auction="b")],
        "auction: zone 'b' is itself sold in 'c'; give that",
    ),
}
ODD: dict[str, tuple[list[Record], str]] = {
    "a licence of two years": (
        [LICENCE.model_copy(update={"valid_until": months_after(LICENCE.valid_from, 24)})],
        "valid_until: a licence is for three years (Law 193-VII, art. 9)",
    ),
    "a suspension of seven months": ([suspended(7)], "for one to six months"),
    "a suspension of two weeks": (
        [act("suspended", valid_until=NOW_MS + 14 * DAY_MS)],
        "one to six",
    ),
    "a verification without an end": ([verified(NOW_MS)], "valid_until: a verification"),
    "verifications that overlap": (
        [verified(NOW_MS, NOW_MS + 2), verified(NOW_MS + 1, NOW_MS + 3)],
        "valid_from: 'feeder/ct/",
    ),
    "a tenant without a licence of subtype II": ([centre(), tenancy(1)], "subtype II"),
    "an auction for who has no quota": (
        [
            LICENCE.model_copy(update={"number": "L-2", "licensee": TENANT, "subtype": "II"}),
            Allocation(licensee=TENANT, zone=ZONE, start=0, energy_mwh=Decimal(1)),
        ],
        "licensee: 140840000928 has only a licence of subtype II",
    ),
    "a correction that corrects nothing": ([correction(ct=(1, 1))], "nothing is corrected"),
    "a loss of half": (
        [LossFactor(meter="feeder", line="1.5", document_sha256=SHA, example=True, valid_from=0)],
        "line: 1.5 changes energy by more than a fifth",
    ),
    "a zone that is not described": (
        [Zone(name="west", auction="west"), THE_SITE],
        "zone: there is",
    ),
}


@pytest.mark.parametrize("name", FITTING)
def test_what_fits_is_not_complained_of(name: str) -> None:
    for number in range(1, len(FITTING[name]) + 1):
        assert said(problems, *FITTING[name][:number]) == []


@pytest.mark.parametrize("name", WRONG)
def test_what_is_wrong_is_refused(name: str) -> None:
    records, told = WRONG[name]
    assert any(told in each for each in said(problems, *records)), said(problems, *records)


@pytest.mark.parametrize("name", ODD)
def test_what_is_odd_is_taken_with_a_warning(name: str) -> None:
    records, told = ODD[name]
    assert said(problems, *records) == []
    assert any(told in each for each in said(warnings, *records)), said(warnings, *records)


@pytest.mark.parametrize("months", [1, 6])
def test_a_suspension_as_the_law_has_it_is_not_odd(months: int) -> None:
    assert said(warnings, suspended(months)) == []


def test_a_licence_of_three_years_is_not_odd() -> None:
    licence = Licence(
        number="L-3",
        licensee=LICENSEE.bin,
        subtype="I",
        sites=(),
        valid_from=NOW_MS,
        valid_until=months_after(NOW_MS, 36),
    )
    assert said(warnings, licence) == []

"""Whether licensees, licences, data centres and tenancies fit together."""

from collections.abc import Iterator

from collector.model import bin as bins
from collector.model.instant import months_after
from collector.model.records import DataCentre, Licence, LicenceAct, Licensee, Site, Tenancy
from collector.registry.references.faults import (
    Fault,
    at_once,
    backwards,
    day,
    having,
    missing,
    overlapping,
    twice,
)
from collector.registry.view import View

# Law 193-VII of 2023-02-06, art. 9. What an authority decided is recorded, however odd: a warning.
_LICENCE_MONTHS = 36
_SUSPENSION_MONTHS = (1, 6)

_OF_ACT = {"ends": "extended", "sites": "sites"}
"""Fields that only one act has."""


def licensee(_view: View, record: Licensee) -> Iterator[Fault]:
    if wrong := bins.fault(record.bin):
        yield "bin", wrong


def odd_licensee(_view: View, record: Licensee) -> Iterator[Fault]:
    if odd := bins.doubt(record.bin):
        yield "bin", odd


def licence(view: View, record: Licence) -> Iterator[Fault]:
    yield from missing(view, Licensee, record.licensee, "licensee")
    yield from backwards(record)
    yield from twice("sites", "site", record.sites)
    for name in record.sites:
        yield from missing(view, Site, name, "sites")
        site = view.all(Site).get(name)
        if site is None or site.licensee == record.licensee:
            continue
        if record.subtype == "I":
            yield "sites", f"{name!r} is a site of licensee {site.licensee}"
        elif not having(view, DataCentre, site=name):
            yield (
                "sites",
                (
                    f"{name!r} is a site of licensee {site.licensee}, and no data centre: only in"
                    " one may a licence of subtype II place equipment"
                ),
            )


def odd_licence(_view: View, record: Licence) -> Iterator[Fault]:
    usual = months_after(record.valid_from, _LICENCE_MONTHS)
    if abs(record.valid_until - usual) > 86_400_000:
        yield (
            "valid_until",
            (
                f"a licence is for three years (Law 193-VII, art. 9), until {day(usual)};"
                f" given: {day(record.valid_until)}"
            ),
        )


def act(view: View, record: LicenceAct) -> Iterator[Fault]:
    yield from backwards(record)
    for field, kind in _OF_ACT.items():
        if getattr(record, field) is not None and record.act != kind:
            yield field, f"only an act {kind!r} has it; leave it out"
    if record.act == "revoked" and record.valid_until is not None:
        yield "valid_until", "a licence is revoked for ever; leave it out"
    for name in record.sites or ():
        yield from missing(view, Site, name, "sites")
    yield from missing(view, Licence, record.licence, "licence")
    if (whose := view.all(Licence).get(record.licence)) is None:
        return
    if record.valid_from < whose.valid_from:
        yield "valid_from", f"the licence is in force only from {day(whose.valid_from)}"
    if record.ends is not None and record.ends <= whose.valid_until:
        yield "ends", f"the licence ends at {day(whose.valid_until)} already; it must be later"
    if record.act == "resumed" and not record.withdrawn:
        yield from _nothing_to_resume(view, record)


def _nothing_to_resume(view: View, record: LicenceAct) -> Iterator[Fault]:
    suspensions = having(view, LicenceAct, licence=record.licence, act="suspended")
    if not any(each.holds_at(record.valid_from) for each in suspensions):
        yield "valid_from", "no suspension of this licence holds then; there is nothing to resume"


def odd_act(view: View, record: LicenceAct) -> Iterator[Fault]:
    if record.act != "suspended" or record.valid_until is None:
        return
    least, most = (months_after(record.valid_from, months) for months in _SUSPENSION_MONTHS)
    if not least <= record.valid_until <= most:
        yield (
            "valid_until",
            (
                "a licence is suspended for one to six months (Law 193-VII, art. 9 §4), here until"
                f" {day(least)} to {day(most)}; given: {day(record.valid_until)}"
            ),
        )
    yield from overlapping(view, record, "licence", "act")


def data_centre(view: View, record: DataCentre) -> Iterator[Fault]:
    yield from backwards(record)
    yield from missing(view, Licensee, record.owner, "owner")
    yield from missing(view, Site, record.site, "site")
    site = view.all(Site).get(record.site)
    if site is not None and site.licensee != record.owner:
        yield "owner", f"site {record.site!r} is of licensee {site.licensee}; give him"
    for other in having(view, DataCentre, site=record.site):
        if other.key != record.key and at_once(record, other):
            yield "site", f"data centre {other.name!r} is at this site in a part of the same time"
    for tenant in having(view, Tenancy, data_centre=record.name):
        yield from (("site", f"tenancy {tenant.key}: {text}") for text in _stages(view, tenant))


def odd_data_centre(view: View, record: DataCentre) -> Iterator[Fault]:
    if not _has_subtype(view, record.owner, "I"):
        yield "owner", f"the register has no licence of subtype I of {record.owner}"


def tenancy(view: View, record: Tenancy) -> Iterator[Fault]:
    yield from backwards(record)
    yield from missing(view, DataCentre, record.data_centre, "data_centre")
    yield from missing(view, Licensee, record.tenant, "tenant")
    yield from twice("stages", "stage", record.stages)
    yield from (("stages", text) for text in _stages(view, record))
    centre = view.all(DataCentre).get(record.data_centre)
    if centre is not None and centre.owner == record.tenant:
        yield "tenant", "he owns the data centre, and needs no tenancy in it"
    for other in having(view, Tenancy, data_centre=record.data_centre):
        shared = sorted(set(record.stages) & set(other.stages))
        if shared and other.key != record.key and at_once(record, other):
            yield (
                "stages",
                (
                    f"stage {shared[0]} is that of {other.key!r} in a part of the same time; let"
                    " one end before the other begins"
                ),
            )


def odd_tenancy(view: View, record: Tenancy) -> Iterator[Fault]:
    if not _has_subtype(view, record.tenant, "II"):
        yield "tenant", f"the register has no licence of subtype II of {record.tenant}"


def _stages(view: View, record: Tenancy) -> Iterator[str]:
    centre = view.all(DataCentre).get(record.data_centre)
    site = None if centre is None else view.all(Site).get(centre.site)
    if site is not None:
        known = [stage.id for stage in site.stages]
        for number in record.stages:
            if number not in known:
                yield f"site {site.name!r} has the stages {known}; given: {number}"


def _has_subtype(view: View, number: str, subtype: str) -> bool:
    return bool(having(view, Licence, licensee=number, subtype=subtype))

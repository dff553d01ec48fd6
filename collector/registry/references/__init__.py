"""Whether the records of the register fit together."""

from collections.abc import Iterable

from collector.model.records import (
    Allocation,
    Authority,
    Contract,
    DataCentre,
    DeliveryPoint,
    Feeder,
    Gateway,
    Licence,
    LicenceAct,
    Licensee,
    LossFactor,
    Market,
    Meter,
    MeterRequirement,
    Nomination,
    PeakCalendar,
    PermittedHours,
    Policy,
    Quota,
    RatioCorrection,
    Record,
    Seal,
    Site,
    Tenancy,
    Tolerance,
    Verification,
    Zone,
    ZoneRamp,
)
from collector.registry.references import devices, grid, parties, rules, trade
from collector.registry.references.faults import Judge, Problem
from collector.registry.view import View

__all__ = ["Problem", "problems", "warnings"]

_WRONG: dict[str, Judge] = {
    Market.kind: rules.market,
    Policy.kind: rules.policy,
    Authority.kind: rules.authority,
    Tolerance.kind: rules.tolerance,
    PermittedHours.kind: rules.permitted_hours,
    PeakCalendar.kind: rules.peak_calendar,
    MeterRequirement.kind: rules.meter_requirement,
    Licensee.kind: parties.licensee,
    Licence.kind: parties.licence,
    LicenceAct.kind: parties.act,
    DataCentre.kind: parties.data_centre,
    Tenancy.kind: parties.tenancy,
    Zone.kind: grid.zone,
    ZoneRamp.kind: grid.zone_ramp,
    Feeder.kind: grid.feeder,
    Site.kind: grid.site,
    DeliveryPoint.kind: grid.delivery_point,
    LossFactor.kind: grid.loss_factor,
    Gateway.kind: devices.gateway,
    Meter.kind: devices.meter,
    Verification.kind: devices.verification,
    Seal.kind: devices.seal,
    RatioCorrection.kind: devices.ratio_correction,
    Contract.kind: trade.contract,
    Quota.kind: trade.quota,
    Allocation.kind: trade.allocation,
    Nomination.kind: trade.nomination,
}
_ODD: dict[str, Judge] = {
    Licensee.kind: parties.odd_licensee,
    Licence.kind: parties.odd_licence,
    LicenceAct.kind: parties.odd_act,
    DataCentre.kind: parties.odd_data_centre,
    Tenancy.kind: parties.odd_tenancy,
    Site.kind: grid.odd_site,
    Feeder.kind: grid.undescribed_zone,
    Verification.kind: devices.odd_verification,
    LossFactor.kind: grid.odd_loss_factor,
    RatioCorrection.kind: devices.odd_correction,
    Allocation.kind: trade.odd_allocation,
}


def problems(view: View, records: Iterable[Record]) -> list[Problem]:
    """What of `records` does not fit the register `view`, which holds them already.

    Each says which record and field, what is wrong, and what would be right.
    """
    records = list(records)
    found = _judged(_WRONG, view, records)
    if any(record.kind in (Gateway.kind, Meter.kind) for record in records):
        found += devices.shared_places(view)
    return found


def warnings(view: View, records: Iterable[Record]) -> list[Problem]:
    """What is odd about them, and taken all the same."""
    return _judged(_ODD, view, records)


def _judged(judges: dict[str, Judge], view: View, records: Iterable[Record]) -> list[Problem]:
    return [
        Problem(record.kind, record.key, field, text)
        for record in records
        if record.kind in judges
        for field, text in judges[record.kind](view, record)
    ]

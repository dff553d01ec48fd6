"""The auction's zones in the running period: what was bought of what the operator allows."""

from decimal import Decimal

from collector.registry import entitlements
from collector.registry.quotas import from_auction_mwh
from collector.web.sites import Moment
from collector.web.view_model import SitePart, ZonePart

_WH_IN_MWH = 1_000_000


def zone_parts(moment: Moment, sites: list[SitePart]) -> list[ZonePart]:
    """By name; none before there is a market."""
    if moment.market is None:
        return []
    start_ms = moment.market.period_start(moment.now_ms)
    names = {moment.view.auction_zone(site.zone) for site in sites}
    return [_zone_part(moment, name, start_ms, sites) for name in sorted(names)]


def _zone_part(moment: Moment, name: str, start_ms: int, sites: list[SitePart]) -> ZonePart:
    bought = entitlements.allocations_of_zone(moment.connection, name, start_ms)
    quota = entitlements.quota(moment.connection, name, start_ms)
    bought_mwh = from_auction_mwh(version.record for version in bought)
    here = [site for site in sites if moment.view.auction_zone(site.zone) == name]
    powers = [site.power_w for site in here if site.power_w is not None]
    return ZonePart(
        name=name,
        power_w=sum(powers) if powers else None,
        unread_sites=len(here) - len(powers),
        bought_wh=_wh(bought_mwh),
        quota_wh=None if quota is None else _wh(quota.record.energy_mwh),
        is_over_quota=quota is not None and bought_mwh > quota.record.energy_mwh,
    )


def _wh(energy_mwh: Decimal) -> int:
    return round(energy_mwh * _WH_IN_MWH)

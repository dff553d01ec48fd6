"""The register at one moment, with the questions the other rooms ask of it."""

from collections.abc import Iterable, Mapping
from functools import cached_property, lru_cache
from operator import attrgetter
from typing import TypeVar

from collector.evidence.frame import Frame, Stream
from collector.evidence.keys import PublicKey
from collector.model.licence import Course, course
from collector.model.records import (
    Authority,
    Bound,
    DataCentre,
    Dated,
    Gateway,
    GatewayKey,
    Licence,
    LicenceAct,
    Licensee,
    Market,
    Meter,
    OrderReason,
    Policy,
    Record,
    Site,
    Tenancy,
    Zone,
)

R = TypeVar("R", bound=Record)
D = TypeVar("D", bound=Dated)


class UnknownError(LookupError):
    """The register does not hold what was asked for."""


def _not_before(frame: Frame, bound: Bound) -> bool:
    seq = bound.billing if frame.stream is Stream.BILLING else bound.telemetry
    return (frame.epoch, frame.seq) >= (bound.epoch, seq)


_public_key = lru_cache(maxsize=100_000)(PublicKey)
"""A view is made anew at each change, and its keys are nearly all those of the one before."""


class View:
    """Immutable; made anew when the register changes. `versions`: numbers by kind and key."""

    def __init__(
        self, records: Iterable[Record], versions: Mapping[tuple[str, str], int] | None = None
    ) -> None:
        self._versions = versions or {}
        self._records: dict[str, dict[str, Record]] = {}
        for record in records:
            self._records.setdefault(record.kind, {})[record.key] = record

    def with_records(self, records: Iterable[Record]) -> "View":
        """This register with newer versions of some records."""
        known = [record for kind in self._records.values() for record in kind.values()]
        return View([*known, *records], self._versions)

    def version_of(self, record: Record) -> int | None:
        """The number of the version that this view has of a record; None: not kept yet."""
        return self._versions.get((record.kind, record.key))

    def all(self, kind: type[R]) -> dict[str, R]:
        """Every record of a kind by its key."""
        return self._records.get(kind.kind, {})  # type: ignore[return-value]

    def one(self, kind: type[R], key: str) -> R:
        """Raise UnknownError when there is none."""
        try:
            return self.all(kind)[key]
        except KeyError:
            raise UnknownError(f"the register holds no {kind.kind} {key!r}") from None

    @property
    def market(self) -> Market:
        return self.one(Market, "market")

    @property
    def policy(self) -> Policy:
        return self.one(Policy, "policy")

    @cached_property
    def _keys(self) -> dict[tuple[str, bytes], list[tuple[GatewayKey, PublicKey]]]:
        keys: dict[tuple[str, bytes], list[tuple[GatewayKey, PublicKey]]] = {}
        for gateway in self.all(Gateway).values():
            for entry in gateway.keys:
                public = _public_key(entry.point)
                keys.setdefault((gateway.id, public.kid), []).append((entry, public))
        return keys

    def has_key(self, kid: bytes) -> bool:
        """Whether a key is, or was, any gateway's."""
        return any(known == kid for _, known in self._keys)

    def knows(self, gateway: bytes) -> bool:
        return self.knows_id(gateway.hex())

    def knows_id(self, gateway: str) -> bool:
        return gateway in self.all(Gateway)

    def gateway_key(self, kid: bytes, frame: Frame) -> PublicKey | None:
        """The key of that key-id when it is the gateway's and valid for this frame."""
        entry = self.key_entry(kid, frame)
        return None if entry is None else entry[1]

    def key_entry(self, kid: bytes, frame: Frame) -> tuple[GatewayKey, PublicKey] | None:
        """The same, with its entry in the register."""
        for entry, public in self._keys.get((frame.gateway.hex(), kid), []):
            if _not_before(frame, entry.start) and not (
                entry.end and _not_before(frame, entry.end)
            ):
                return entry, public
        return None

    def meters_of(self, site: str, at_ms: int) -> list[Meter]:
        """Those that hang there at a moment."""
        return self._meters_between(site, at_ms, at_ms + 1)

    def meters_between(self, site: str, start_ms: int, end_ms: int) -> list[Meter]:
        """Those that hang there at any time from the one until just before the other."""
        return self._meters_between(site, start_ms, end_ms)

    def delivery_meters(self, site: str, at_ms: int) -> list[Meter]:
        return self.delivery_meters_between(site, at_ms, at_ms + 1)

    def delivery_meters_between(self, site: str, start_ms: int, end_ms: int) -> list[Meter]:
        """Of an exchange both meters."""
        meters = self._meters_between(site, start_ms, end_ms)
        return [meter for meter in meters if meter.point == "delivery"]

    def generation_meters_between(self, site: str, start_ms: int, end_ms: int) -> list[Meter]:
        """Those of the site's own generation, behind its delivery point."""
        meters = self._meters_between(site, start_ms, end_ms)
        return [meter for meter in meters if meter.point == "generation"]

    def _meters_between(self, site: str, start_ms: int, end_ms: int) -> list[Meter]:
        meters = self._meters_by_site.get(site, [])
        return [meter for meter in meters if meter.hangs_between(start_ms, end_ms)]

    @cached_property
    def _meters_by_site(self) -> dict[str, list[Meter]]:
        """In the order of their places."""
        found: dict[str, list[Meter]] = {}
        key = attrgetter("gateway", "slot", "valid_from")
        for meter in sorted(self.all(Meter).values(), key=key):
            found.setdefault(meter.site, []).append(meter)
        return found

    def licensee_id(self, site: str) -> str:
        return self.one(Site, site).licensee

    def licensee_of(self, site: str) -> Licensee:
        return self.one(Licensee, self.licensee_id(site))

    def sites_of(self, licensee: str, zone: str) -> list[Site]:
        return [
            site
            for site in self.all(Site).values()
            if site.licensee == licensee and site.zone == zone
        ]

    @cached_property
    def courses(self) -> dict[str, Course]:
        """Of every licence by its number."""
        acts: dict[str, list[LicenceAct]] = {}
        for act in self.all(LicenceAct).values():
            acts.setdefault(act.licence, []).append(act)
        return {
            number: course(licence, acts.get(number, ()))
            for number, licence in self.all(Licence).items()
        }

    @cached_property
    def _courses_of(self) -> tuple[dict[str, list[Course]], dict[str, list[Course]]]:
        sites: dict[str, list[Course]] = {}
        licensees: dict[str, list[Course]] = {}
        for each in self.courses.values():
            licensees.setdefault(each.licence.licensee, []).append(each)
            for site in each.sites:
                sites.setdefault(site, []).append(each)
        return sites, licensees

    def courses_of_site(self, site: str) -> list[Course]:
        """Of the licences that ever name a site."""
        return self._courses_of[0].get(site, [])

    def tenancies_at(self, site: str, at_ms: int) -> list[tuple[DataCentre, Tenancy]]:
        """Who has equipment in a site's data centres at a moment."""
        return [
            (centre, tenancy)
            for centre, tenancy in self.tenancies_of(site)
            if centre.holds_at(at_ms) and tenancy.holds_at(at_ms)
        ]

    def tenancies_of(self, site: str) -> list[tuple[DataCentre, Tenancy]]:
        """The same of any time."""
        return self._tenancies.get(site, [])

    @cached_property
    def _tenancies(self) -> dict[str, list[tuple[DataCentre, Tenancy]]]:
        centres = self.all(DataCentre)
        found: dict[str, list[tuple[DataCentre, Tenancy]]] = {}
        for _, tenancy in sorted(self.all(Tenancy).items()):
            if (centre := centres.get(tenancy.data_centre)) is not None:
                found.setdefault(centre.site, []).append((centre, tenancy))
        return found

    def courses_of_licensee(self, licensee: str) -> list[Course]:
        return self._courses_of[1].get(licensee, [])

    def tenancies_of_tenant(self, tenant: str) -> list[Tenancy]:
        """His of any time, in whatever data centre."""
        return self._tenancies_of_tenants.get(tenant, [])

    @cached_property
    def _tenancies_of_tenants(self) -> dict[str, list[Tenancy]]:
        found: dict[str, list[Tenancy]] = {}
        for tenancy in self.all(Tenancy).values():
            found.setdefault(tenancy.tenant, []).append(tenancy)
        return found

    @cached_property
    def zones(self) -> frozenset[str]:
        """Those that are described, and those of sites."""
        return frozenset(self.all(Zone)) | {site.zone for site in self.all(Site).values()}

    @cached_property
    def auction_zones(self) -> frozenset[str]:
        """Where electricity is sold."""
        return frozenset(self.auction_zone(zone) for zone in self.zones)

    def auction_zone(self, zone: str) -> str:
        """Where a zone's electricity is sold; one the register does not describe: in itself."""
        known = self.all(Zone).get(zone)
        return zone if known is None else known.auction

    def holding(self, kind: type[D], at_ms: int) -> list[D]:
        """Those of a kind that hold at a moment, the earliest first."""
        found = [record for record in self.all(kind).values() if record.holds_at(at_ms)]
        return sorted(found, key=lambda record: record.valid_from)

    def authority_for(self, reason: OrderReason, at_ms: int) -> Authority | None:
        """The document that allows an order for this reason now, or None: then only warn."""
        for authority in self.all(Authority).values():
            if (
                reason in authority.reasons
                and authority.valid_from <= at_ms < authority.valid_until
            ):
                return authority
        return None

"""The register at one moment, with the questions the other rooms ask of it."""

from collections.abc import Iterable
from functools import cached_property, lru_cache
from operator import attrgetter
from typing import TypeVar

from collector.evidence.frame import Frame, Stream
from collector.evidence.keys import PublicKey
from collector.model.records import (
    Allocation,
    Authority,
    Bound,
    Gateway,
    GatewayKey,
    Licence,
    Licensee,
    Market,
    Meter,
    OrderReason,
    Policy,
    Record,
    Site,
)

R = TypeVar("R", bound=Record)


class UnknownError(LookupError):
    """The register does not hold what was asked for."""


def _not_before(frame: Frame, bound: Bound) -> bool:
    seq = bound.billing if frame.stream is Stream.BILLING else bound.telemetry
    return (frame.epoch, frame.seq) >= (bound.epoch, seq)


_public_key = lru_cache(maxsize=100_000)(PublicKey)
"""A view is made anew at each change, and its keys are nearly all those of the one before."""


class View:
    """Immutable; made anew when the register changes."""

    def __init__(self, records: Iterable[Record]) -> None:
        self._records: dict[str, dict[str, Record]] = {}
        for record in records:
            self._records.setdefault(record.kind, {})[record.key] = record

    def with_records(self, records: Iterable[Record]) -> "View":
        """This register with newer versions of some records."""
        known = [record for kind in self._records.values() for record in kind.values()]
        return View([*known, *records])

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

    def delivery_meters(self, site: str, at_ms: int) -> list[Meter]:
        return self.delivery_meters_between(site, at_ms, at_ms + 1)

    def delivery_meters_between(self, site: str, start_ms: int, end_ms: int) -> list[Meter]:
        """Of an exchange both meters."""
        meters = self._meters_between(site, start_ms, end_ms)
        return [meter for meter in meters if meter.point == "delivery"]

    def _meters_between(self, site: str, start_ms: int, end_ms: int) -> list[Meter]:
        meters = self._meters.get(site, [])
        return [meter for meter in meters if meter.hangs_between(start_ms, end_ms)]

    @cached_property
    def _meters(self) -> dict[str, list[Meter]]:
        """By site."""
        key = attrgetter("gateway", "slot", "valid_from")
        found: dict[str, list[Meter]] = {}
        for meter in sorted(self.all(Meter).values(), key=key):
            found.setdefault(meter.site, []).append(meter)
        return found

    def licensee_of(self, site: str) -> Licensee:
        return self.one(Licensee, self.one(Site, site).licensee)

    def sites_of(self, licensee: str, zone: str) -> list[Site]:
        return [
            site
            for site in self.all(Site).values()
            if site.licensee == licensee and site.zone == zone
        ]

    def licences_of(self, site: str) -> list[Licence]:
        """The licences that name a site, earliest end first."""
        named = [licence for licence in self.all(Licence).values() if site in licence.sites]
        return sorted(named, key=lambda licence: licence.valid_until)

    def allocation(self, licensee: str, zone: str, start_ms: int) -> Allocation | None:
        return self.all(Allocation).get(f"{licensee}/{zone}/{start_ms}")

    def authority_for(self, reason: OrderReason, at_ms: int) -> Authority | None:
        """The document that allows an order for this reason now, or None: then only warn."""
        for authority in self.all(Authority).values():
            if (
                reason in authority.reasons
                and authority.valid_from <= at_ms < authority.valid_until
            ):
                return authority
        return None

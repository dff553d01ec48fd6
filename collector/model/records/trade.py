"""What was bought: allocations, what a licensee makes of them, the zone's quota, contracts."""

from decimal import Decimal
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from collector.model.instant import Instant
from collector.model.records.base import Bin, Dated, EnergyMwh, Hex32, Name, Record

Source = Literal["auction", "import", "bilateral", "own_generation", "own_renewable"]


class Allocation(Record):
    """Energy that a licensee may draw in one delivery period in an auction zone.

    There may be several for one period: lots, and sources. `price_kzt_mwh`: as bid. `prepaid_kzt`
    covers the period, or all of its day's with the same source and lot. `cancelled`: by the system
    operator; it allows nothing from then on. `hour_convention`: how its source counts hours.
    """

    kind: ClassVar[str] = "allocation"
    licensee: str
    zone: Name
    start: Instant
    energy_mwh: EnergyMwh
    source: Source = "auction"
    lot: Name = "1"
    price_kzt_mwh: Annotated[Decimal, Field(ge=0)] | None = None
    prepaid_kzt: Annotated[Decimal, Field(ge=0)] | None = None
    prepaid_covers: Literal["period", "day"] = "period"
    cancelled: bool = False
    hour_convention: str | None = None

    @property
    def key(self) -> str:
        return f"{self.licensee}/{self.zone}/{self.start}/{self.source}/{self.lot}"


class Nomination(Record):
    """How a licensee means to split what he bought for a period: his to change, no breach alone."""

    kind: ClassVar[str] = "nomination"
    site: Name
    start: Instant
    energy_mwh: EnergyMwh

    @property
    def key(self) -> str:
        return f"{self.site}/{self.start}"


class Quota(Record):
    """What the system operator allows all miners of an auction zone in a period, as published.

    `hour_convention`: how its source counts hours.
    """

    kind: ClassVar[str] = "quota"
    zone: Name
    start: Instant
    energy_mwh: EnergyMwh
    document_sha256: Hex32
    hour_convention: str | None = None

    @property
    def key(self) -> str:
        return f"{self.zone}/{self.start}"


class Contract(Dated):
    """A source of energy and the document that gives it."""

    kind: ClassVar[str] = "contract"
    number: Name
    licensee: Bin
    source: Source
    zone: Name
    document_sha256: Hex32

    @property
    def key(self) -> str:
        return self.number

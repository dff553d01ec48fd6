"""Where power is drawn: zones, feeders, sites with their stages, delivery points."""

from decimal import Decimal
from typing import Annotated, ClassVar

from pydantic import BaseModel, ConfigDict, Field

from collector.model.records.base import Dated, Hex8, Hex32, Name, Record


class Zone(Record):
    """An energy zone. `auction`: the zone in which its electricity is sold; North and South are
    sold in one (KOREM).
    """

    kind: ClassVar[str] = "zone"
    name: Name
    auction: Name

    @property
    def key(self) -> str:
        return self.name


class Feeder(Dated):
    """A line. `meters`: serials of the meters at its head; `loss_permille`: what is lost on it at
    most, of what goes in; `licensed` load on it is what its sites' delivery points say.
    `has_others`: consumers whom no site, no child and no file accounts for, so that what is left
    over is no finding; it is judged by its shape.
    """

    kind: ClassVar[str] = "feeder"
    name: Name
    zone: Name
    substation: str
    parent: Name | None = None
    meters: tuple[Name, ...] = ()
    loss_permille: Annotated[int, Field(ge=0, lt=1000)] = 0
    has_others: bool = False

    @property
    def key(self) -> str:
        return self.name


class Stage(BaseModel):
    """A part of a site that one relay can cut.

    `feeder`: it opens a whole line, and with it every site on it.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")
    id: Annotated[int, Field(ge=1, le=32)]
    name: str
    output: int
    min_off_ms: Annotated[int, Field(ge=0)]
    min_on_ms: Annotated[int, Field(ge=0)]
    confirm_ms: Annotated[int, Field(gt=0)]
    feeder: Name | None = None


class Site(Record):
    """Stages stand in the order in which they are shed.

    `auxiliary_w`: the most that the site may draw without mining, declared by the licensee; an
    unlicensed site that draws more is mining. Nothing declared is nothing allowed.
    """

    kind: ClassVar[str] = "site"
    name: Name
    licensee: str
    zone: Name
    gateway: Hex8
    stages: tuple[Stage, ...]
    auxiliary_w: Annotated[int, Field(ge=0)] = 0
    feeder: Name | None = None

    @property
    def key(self) -> str:
        return self.name


class DeliveryPoint(Dated):
    """What a site may draw at all: the capacity of its connection and the power it contracted."""

    kind: ClassVar[str] = "delivery_point"
    name: Name
    site: Name
    capacity_w: Annotated[int, Field(gt=0)]
    contracted_w: Annotated[int, Field(gt=0)]
    document_sha256: Hex32 | None = None

    @property
    def key(self) -> str:
        return f"{self.name}/{self.valid_from}"


class LossFactor(Dated):
    """Energy at the delivery point is the meter's × transformer × line."""

    kind: ClassVar[str] = "loss_factor"
    meter: Name
    transformer: Annotated[Decimal, Field(gt=0)] = Decimal(1)
    line: Annotated[Decimal, Field(gt=0)] = Decimal(1)
    document_sha256: Hex32
    example: bool

    @property
    def key(self) -> str:
        return f"{self.meter}/{self.valid_from}"

"""Who mines, by what licence, and in whose data centre."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field, model_validator

from collector.model.instant import Instant
from collector.model.records.base import Bin, Dated, Hex32, Name, Record

Subtype = Literal["I", "II"]
"""I: holds a mining data centre. II: places equipment in another's (Law 193-VII, art. 9)."""


class Licensee(Record):
    kind: ClassVar[str] = "licensee"
    bin: Bin
    name: str

    @property
    def key(self) -> str:
        return self.bin


class Licence(Record):
    """A mining licence as issued, in force from `valid_from` until just before `valid_until`.

    What happened to it since stands in `LicenceAct`s.
    """

    kind: ClassVar[str] = "licence"
    number: Name
    licensee: str
    subtype: Subtype
    sites: tuple[Name, ...]
    valid_from: Instant
    valid_until: Instant

    @property
    def key(self) -> str:
        return self.number


class LicenceAct(Dated):
    """A decision on a licence, in force from `valid_from`.

    `suspended` until `valid_until`; `resumed` ends a suspension earlier; `revoked` for ever;
    `extended`: the licence ends at `ends` instead; `sites`: it names `sites` instead.
    """

    kind: ClassVar[str] = "licence_act"
    licence: Name
    act: Literal["suspended", "resumed", "revoked", "extended", "sites"]
    reference: str
    document_sha256: Hex32
    ends: Instant | None = None
    sites: tuple[Name, ...] | None = None

    @property
    def key(self) -> str:
        return f"{self.licence}/{self.act}/{self.valid_from}"

    @model_validator(mode="after")
    def _says_what_it_must(self) -> "LicenceAct":
        needed = {"suspended": "valid_until", "extended": "ends", "sites": "sites"}
        for act, name in needed.items():
            if self.act == act and getattr(self, name) is None:
                raise ValueError(f"an act {act!r} needs {name}")
        return self


class DataCentre(Dated):
    """A mining data centre: a site whose owner, of subtype I, may have tenants."""

    kind: ClassVar[str] = "data_centre"
    name: Name
    owner: Bin
    site: Name

    @property
    def key(self) -> str:
        return self.name


class Tenancy(Dated):
    """Equipment of a licensee of subtype II in a data centre, behind these stages of its site."""

    kind: ClassVar[str] = "tenancy"
    data_centre: Name
    tenant: Bin
    stages: Annotated[tuple[int, ...], Field(min_length=1)]

    @property
    def key(self) -> str:
        return f"{self.data_centre}/{self.tenant}/{self.valid_from}"

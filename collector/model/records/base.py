"""What every record of the register has in common."""

from decimal import Decimal
from typing import Annotated, ClassVar

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from collector.model.instant import Instant

Hex8 = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{16}$")]
Hex32 = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
Name = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,62}$")]
Ratio = tuple[Annotated[int, Field(gt=0)], Annotated[int, Field(gt=0)]]
Bin = Annotated[str, StringConstraints(pattern=r"^\d{12}$")]
"""A business identification number; whether its check digit is right, the register's rules say."""
EnergyMwh = Annotated[Decimal, Field(ge=0)]


class Record(BaseModel):
    """`key` names the thing across its versions."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    kind: ClassVar[str]

    @property
    def key(self) -> str:
        raise NotImplementedError


class Dated(Record):
    """Held from `valid_from` until just before `valid_until`, or until something took its place.

    `withdrawn`: known now never to have held; what was known before stays in its earlier versions.
    """

    valid_from: Instant
    valid_until: Instant | None = None
    withdrawn: bool = False

    def holds_at(self, at_ms: int) -> bool:
        return self.holds_between(at_ms, at_ms + 1)

    def holds_throughout(self, start_ms: int, end_ms: int) -> bool:
        """Whether it does at every moment from the one until just before the other."""
        return self.holds_at(start_ms) and (self.valid_until is None or end_ms <= self.valid_until)

    def holds_between(self, start_ms: int, end_ms: int) -> bool:
        """Whether it does at any time from the one until just before the other."""
        return (
            not self.withdrawn
            and self.valid_from < end_ms
            and (self.valid_until is None or start_ms < self.valid_until)
        )


class Ruling(Dated):
    """What a document prescribes for a time. `example`: made up to show how, and never law."""

    title: str
    document_sha256: Hex32
    example: bool

"""What is expected of meters and of their data: by the operator, and by a document."""

from typing import Annotated, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field

from collector.model.records.base import Name, Ruling
from collector.model.records.devices import AccuracyClass

Positive = Annotated[int, Field(gt=0)]


class DataThresholds(BaseModel):
    """When data is to be looked at; part of the policy (docs/checks.md).

    `hold_s`: what comes back sooner than this after it was last seen is the same finding.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")
    silent_s: Positive = 900
    gap_s: Positive = 3600
    stale_s: Positive = 600
    clock_s: Positive = 3600
    hold_s: Positive = 300
    look_s: Positive = 60
    """How often what changes slowly is judged."""
    look_back_s: Positive = 172_800
    """How far back load is looked for that no look saw, since its data came late."""
    verification_warning_days: tuple[Positive, ...] = (90, 30, 7)
    quantum_permille: Positive = 5
    """One step of a delivery meter's register, of an interval's energy at the contracted power."""


class MeterRequirement(Ruling):
    """What a meter of this status must have; `zone` None: in any.

    `coarsest_class`: None prescribes none.
    """

    kind: ClassVar[str] = "meter_requirement"
    name: Name
    zone: Name | None = None
    status: Literal["commercial", "operational"] = "commercial"
    verified: tuple[Literal["meter", "ct", "vt"], ...] = ("meter", "ct", "vt")
    sealed: bool = True
    state_register: bool = True
    accuracy_class: bool = True
    coarsest_class: AccuracyClass | None = None

    @property
    def key(self) -> str:
        return f"{self.name}/{self.valid_from}"

"""The scenario file: which sites there are, with their buses, meters and stages."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal, Self

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PositiveInt,
    ValidationError,
    model_validator,
)

from simulator.instrument import METERS_DIR
from simulator.stage import GREATEST_OVERLOAD

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails


class ScenarioError(Exception):
    """The scenario cannot be used; the text says what, where, and what would be right."""


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


def _known_profile(name: object) -> object:
    names = sorted(path.stem for path in METERS_DIR.glob("*.toml"))
    if name not in names:
        raise ValueError(f"there is no such meter profile; known are {', '.join(names)}")
    return name


Name = Annotated[str, Field(min_length=1, max_length=64)]
Ratio = tuple[PositiveInt, PositiveInt]
EnergyWh = Annotated[Decimal, Field(ge=0, allow_inf_nan=False)]
ExponentName = Annotated[str, Field(pattern="^exponent_[1-4]$")]
PowerOfTen = Annotated[int, Field(ge=-9, le=9)]
ProfileName = Annotated[str, BeforeValidator(_known_profile)]
Wiring = Literal["1P2W", "3P3W", "3P4W"]
StageId = Annotated[int, Field(ge=1, le=32)]


class TcpBus(_Part):
    kind: Literal["tcp"]


class RtuBus(_Part):
    kind: Literal["rtu"]
    baud: Annotated[int, Field(ge=1200, le=115200)] = 9600
    parity: Literal["none", "even", "odd"] = "none"
    stop_bits: Literal[1, 2] = 1

    @property
    def bits_per_character(self) -> int:
        return 1 + 8 + (self.parity != "none") + self.stop_bits


class MeterSpec(_Part):
    """`ct` and `vt` are primary and secondary in A and V; a `vt` of 1:1 stands for 0.4 kV.

    `exponents` are what the instrument's exponent registers hold, 0 where nothing is said.
    """

    slot: Annotated[int, Field(ge=0, le=63)]
    serial: Name
    profile: ProfileName
    unit: Annotated[int, Field(ge=1, le=247)]
    point: Literal["feeder"] | StageId
    ct: Ratio = (1, 1)
    vt: Ratio = (1, 1)
    wiring: Wiring = "3P4W"
    register_base_wh: EnergyWh = Decimal(0)
    exponents: dict[ExponentName, PowerOfTen] = {}


class StageSpec(_Part):
    """`soft_stop` is the output that is energised while the miners may run; `closed` says how a
    breaker, which a person closes, was left.
    """

    id: StageId
    rated_w: Annotated[int, Field(ge=1, le=1_000_000_000)]
    ramp_s: Annotated[float, Field(ge=0, le=3600)] = 8.0
    output: Path
    contact: Path
    actuator: Literal["contactor", "undervoltage_release", "shunt_trip"] = "contactor"
    closed: bool = False
    soft_stop: Path | None = None
    run_down_s: Annotated[float, Field(ge=0, le=3600)] = 0.0


class LoadSpec(_Part):
    at_s: Annotated[float, Field(ge=0)]
    stage: StageId
    power_w: Annotated[int, Field(ge=0)]


class SiteSpec(_Part):
    name: Name
    bus: Annotated[TcpBus | RtuBus, Field(discriminator="kind")]
    meters: Annotated[list[MeterSpec], Field(min_length=1, max_length=64)]
    stages: Annotated[list[StageSpec], Field(max_length=32)]
    auxiliary_w: Annotated[int, Field(ge=0)] = 0
    schedule: list[LoadSpec] = []

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        _unique("slot", [meter.slot for meter in self.meters])
        _unique("unit", [meter.unit for meter in self.meters])
        _unique("stage id", [stage.id for stage in self.stages])
        for meter in self.meters:
            if meter.point != "feeder":
                self.stage(meter.point)
        for change in self.schedule:
            self.check_load(change.stage, change.power_w)
        if not self.stages and not self.auxiliary_w:
            raise ValueError("the site has no load; give it a stage or auxiliary_w")
        return self

    def stage(self, stage_id: int) -> StageSpec:
        """ValueError when the site has no such stage."""
        for stage in self.stages:
            if stage.id == stage_id:
                return stage
        known = ", ".join(str(stage.id) for stage in self.stages) or "none"
        raise ValueError(f"there is no stage {stage_id}; stages of this site: {known}")

    def check_load(self, stage_id: int, power_w: int) -> None:
        """ValueError when the stage cannot draw that much."""
        greatest = int(self.stage(stage_id).rated_w * GREATEST_OVERLOAD)
        if not 0 <= power_w <= greatest:
            raise ValueError(f"stage {stage_id} cannot draw {power_w} W; use 0 to {greatest}")


class Scenario(_Part):
    """`noise` is the miners' own unrest, as a fraction of their power."""

    seed: int = 0
    noise: Annotated[float, Field(ge=0, le=0.1)] = 0.002
    sites: Annotated[list[SiteSpec], Field(min_length=1)]

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        _unique("site name", [site.name for site in self.sites])
        wires = [
            path
            for site in self.sites
            for stage in site.stages
            for path in (stage.output, stage.contact, stage.soft_stop)
            if path is not None
        ]
        _unique("output or contact file", wires)
        return self


def _unique(what: str, values: list[int] | list[str] | list[Path]) -> None:
    twice = sorted({str(value) for value in values if values.count(value) > 1})  # type: ignore[arg-type]
    if twice:
        raise ValueError(f"{what} given twice: {', '.join(twice)}; each must be its own")


def load_scenario(path: Path) -> Scenario:
    """Read a scenario; ScenarioError names each place that is wrong."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ScenarioError(f"{path}: cannot be read: {error}") from None
    try:
        document = json.loads(text, parse_float=Decimal)
    except json.JSONDecodeError as error:
        raise ScenarioError(
            f"{path}: line {error.lineno}, column {error.colno}: not JSON: {error.msg}"
        ) from None
    try:
        return Scenario.model_validate(document)
    except ValidationError as error:
        raise ScenarioError(
            "\n".join(f"{path}: {explain(each)}" for each in error.errors())
        ) from None


def explain(error: ErrorDetails) -> str:
    """One fault of pydantic's in the house's words."""
    found = error["input"]
    shown = f" (found {json.dumps(found)})" if isinstance(found, (int, float, str)) else ""
    return f"{_place(error['loc'])}: {error['msg'].removeprefix('Value error, ')}{shown}"


def _place(location: tuple[int | str, ...]) -> str:
    place = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in location)
    return place.lstrip(".") or "the whole file"

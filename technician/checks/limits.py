"""What the checks hold readings against: the figures of limits.toml."""

import tomllib
from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

_FILE = Path(__file__).with_name("limits.toml")
_ROOT_3 = Fraction(1732, 1000)


def _exact(value: object) -> Fraction:
    if not isinstance(value, str):
        raise ValueError('write the number as text, "5" or "8/10"')
    return Fraction(value)


Exact = Annotated[Fraction, BeforeValidator(_exact), Field(gt=0)]


class Limits(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", arbitrary_types_allowed=True)

    nominal_line_v: tuple[Exact, ...]
    voltage_permille: Exact
    least_hz: Exact
    most_hz: Exact
    least_load_permille: Exact
    least_power_factor: Exact
    energy_quantum_permille: Exact
    period_s: Exact

    def nominal_v(self, name: str, value_v: Fraction) -> Fraction | None:
        """The nominal voltage that a `voltage_…` is near, or None."""
        is_line = name in ("voltage_l12", "voltage_l23", "voltage_l31")
        for line_v in self.nominal_line_v:
            nominal_v = line_v if is_line else line_v / _ROOT_3
            if abs(value_v - nominal_v) <= nominal_v * self.voltage_permille / 1000:
                return nominal_v
        return None

    def is_frequency(self, value_hz: Fraction) -> bool:
        return self.least_hz <= value_hz <= self.most_hz


@cache
def limits() -> Limits:
    return Limits.model_validate(tomllib.loads(_FILE.read_text(encoding="utf-8")))

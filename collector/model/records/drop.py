"""When a drop counts as measured. Part of the policy; docs/verification.md prints it."""

from decimal import Decimal
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

_Permille = Annotated[int, Field(ge=0, le=1000)]


class DropThresholds(BaseModel):
    """Beside the policy's own `settle_s`, `before_window_s`, `min_samples`, `full_permille`…"""

    model_config = ConfigDict(frozen=True, extra="forbid")
    load_sigmas: Annotated[Decimal, Field(gt=0)] = Decimal(5)
    """A load of fewer σ before the order proves nothing; also against the σ of the boundary."""
    boundary_sigmas: Annotated[Decimal, Field(ge=0)] = Decimal(1)
    """So many σ of the boundary count in favour of the stage."""
    off_w: Annotated[int, Field(ge=0)] = 1000
    """A stage that drew no more than this before was off."""
    response_ms: Annotated[int, Field(ge=0)] = 2000
    """How old a value may be that an instrument answers, where its profile does not say."""
    dark_permille: _Permille = 500
    """Of the voltage before: below it the site is without supply."""
    shifted_permille: _Permille = 500
    """Own generation that moved by so much of the load before is named as the cause."""
    hysteresis_permille: _Permille = 50
    """By so much beyond a threshold a result must be missed before it is judged worse."""
    look_s: Annotated[int, Field(gt=0)] = 30
    """How often a cut that holds is judged again."""

"""How a result is laid out, as data: labels, rows, zones, units, and how its hours are counted."""

import re
import tomllib
from collections.abc import Mapping
from decimal import Decimal
from importlib import resources
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationError,
)

from collector.model.records import Name
from collector.registry.korem.errors import ResultError

RowKind = Literal["quota", "residual", "bids"]
LabelKind = Literal["traded", "delivered", "zone", "price"]


def _pattern(alternatives: Any) -> re.Pattern[str]:
    if not isinstance(alternatives, list) or not alternatives:
        raise ValueError("a list of regular expressions, at least one")
    try:
        joined = "|".join(f"(?:{each})" for each in alternatives)
        return re.compile(joined.replace(" ", r"\s+").replace(r"\s+?", r"\s*"), re.IGNORECASE)
    except re.error as error:
        raise ValueError(f"no regular expression: {error}") from None


Patterns = Annotated[re.Pattern[str], BeforeValidator(_pattern)]


class Layout(BaseModel):
    """`first_hour`: when hour 1 begins, by the clock of Astana; `zones` by the register's names."""

    model_config = ConfigDict(frozen=True, extra="forbid", arbitrary_types_allowed=True)
    first_hour: Annotated[str, StringConstraints(pattern=r"^([01]\d|2[0-3]):00$")]
    is_confirmed: bool
    total_difference_mwh: Annotated[Decimal, Field(ge=0)]
    units: Patterns
    totals: Patterns
    no_bids: Patterns
    labels: Mapping[LabelKind, Patterns]
    rows: Mapping[RowKind, Patterns]
    zones: Mapping[Name, Patterns]


def read_layout(path: Path | None = None) -> Layout:
    """That of a file, or the one that is shipped; raises ResultError."""
    source = resources.files(__package__) / "layout.toml" if path is None else path
    try:
        return Layout.model_validate(tomllib.loads(source.read_text(encoding="utf-8")))
    except OSError as error:
        raise ResultError(f"{path}: cannot be read: {error.strerror}") from error
    except UnicodeDecodeError:
        raise ResultError(f"{path}: is not UTF-8 text; save it as UTF-8") from None
    except tomllib.TOMLDecodeError as error:
        raise ResultError(f"{path}: is not TOML: {error}") from None
    except ValidationError as error:
        wrong = error.errors()[0]
        where = ".".join(map(str, wrong["loc"]))
        raise ResultError(f"{path}: {where}: {wrong['msg']}") from None

"""Which columns a register of winners has, as data."""

import tomllib
from collections.abc import Mapping
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
    model_validator,
)

from collector.model.records import Name, Source
from collector.registry.hours import HOURS
from collector.registry.reading import FileError


def plain(text: str) -> str:
    """A head or a name as it is compared: in any letter case, with any white space."""
    return " ".join(text.split()).casefold()


def _plain(texts: Any) -> Any:
    if not isinstance(texts, (list, tuple)):
        return texts
    return [plain(text) if isinstance(text, str) else text for text in texts]


def _plain_keys(names: Any) -> Any:
    return (
        names
        if not isinstance(names, dict)
        else {plain(name): zone for name, zone in names.items()}
    )


Heads = Annotated[tuple[str, ...], BeforeValidator(_plain), Field(min_length=1)]


class Columns(BaseModel):
    """`hour` and `energy`: of one row an hour."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    licensee: Heads
    zone: Heads
    date: Heads
    lot: Heads | None = None
    price: Heads | None = None
    prepaid: Heads | None = None
    total: Heads | None = None
    hour: Heads | None = None
    energy: Heads | None = None


class Hours(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")
    heads: Annotated[
        tuple[str, ...], BeforeValidator(_plain), Field(min_length=HOURS, max_length=HOURS)
    ]


class WinnersMapping(BaseModel):
    """What a file's columns mean. `example`: made up to show how.

    `first_hour`: when hour 1 begins, by the clock of Astana; `zones` by the names in the file.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")
    label: str
    example: bool
    unit: Literal["MWh", "kWh"]
    price_unit: Literal["KZT/MWh", "KZT/kWh"] = "KZT/MWh"
    prepaid_covers: Literal["period", "day"]
    source: Source = "auction"
    first_hour: Annotated[str, StringConstraints(pattern=r"^([01]\d|2[0-3]):00$")]
    totals: Annotated[tuple[str, ...], BeforeValidator(_plain)] = ()
    columns: Columns
    hours: Hours | None = None
    zones: Annotated[Mapping[str, Name], BeforeValidator(_plain_keys)]

    @model_validator(mode="after")
    def _has_hours_in_one_way(self) -> "WinnersMapping":
        by_row = (self.columns.hour, self.columns.energy)
        if (self.hours is None) == (None in by_row) or len({head is None for head in by_row}) > 1:
            raise ValueError("give either [hours] heads, or columns.hour and columns.energy")
        if self.hours is None and self.columns.total is not None:
            raise ValueError("columns.total: of a row with one hour there is no total")
        return self


def read_mapping(path: Path | None = None) -> WinnersMapping:
    """That of a file, or the example that is shipped; raises FileError."""
    source = resources.files(__package__) / "example.toml" if path is None else path
    try:
        return WinnersMapping.model_validate(tomllib.loads(source.read_text(encoding="utf-8")))
    except OSError as error:
        raise FileError(f"{path}: cannot be read: {error.strerror}") from error
    except UnicodeDecodeError:
        raise FileError(f"{path}: is not UTF-8 text; save it as UTF-8") from None
    except tomllib.TOMLDecodeError as error:
        raise FileError(f"{path}: is not TOML: {error}") from None
    except ValidationError as error:
        told = (f"  {'.'.join(map(str, each['loc']))}: {each['msg']}" for each in error.errors())
        raise FileError("\n".join([f"{path}: it is no mapping:", *told])) from None

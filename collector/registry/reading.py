"""What a file gives the register: records, where in it each stands, and what is wrong with it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from pydantic import ValidationError

from collector.evidence.downlink import read_enrolment
from collector.evidence.errors import EvidenceError
from collector.model.records import KINDS, Gateway, Record

WRONG_MAX = 1000
"""So many faults are named; a file with more is wrong in one way."""

# pydantic's texts name the pattern; these say what it means
_PATTERNS = {
    r"^\d{12}$": "a BIN of 12 digits",
    r"^[0-9a-f]{64}$": "64 hex digits in lower case, as sha256sum prints them",
    r"^[0-9a-f]{16}$": "16 hex digits in lower case",
    r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,62}$": (
        "1 to 63 Latin letters, digits, dots, dashes and underscores, a letter or digit first"
    ),
}


class FileError(ValueError):
    """A file cannot be taken; the text says where, what, and what would be right."""


@dataclass(frozen=True)
class Wrong:
    """`place`: a cell or row of a sheet, or an entry of a TOML file; `field` may be empty."""

    place: str
    field: str
    text: str
    kind: str = ""
    key: str = ""

    def __str__(self) -> str:
        return f"  {', '.join(part for part in (self.place, self.field) if part)}: {self.text}"

    def as_json(self) -> dict[str, str]:
        return {
            name: value
            for name in ("place", "kind", "key", "field", "text")
            if (value := getattr(self, name))
        }


@dataclass
class Reading:
    """`places` has one for each record; `letters`: the column of a field, in a sheet.

    `said`: what a document says beside its records, as JSON has it.
    """

    records: list[Record] = field(default_factory=list)
    places: list[str | int] = field(default_factory=list)
    letters: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    said: Mapping[str, Any] = field(default_factory=dict)
    wrong: list[Wrong] = field(default_factory=list)

    def add(self, kind: str, place: str | int, values: Any) -> None:
        """Make a record of values; what is wrong with them is noted."""
        try:
            record = KINDS[kind].model_validate(_enrolled(kind, values))
        except ValidationError as error:
            self.wrong += (self._explained(kind, place, each) for each in error.errors())
        except (EvidenceError, ValueError) as error:
            self.wrong.append(self.fault(place, "enrolment", str(error), kind))
        else:
            self.records.append(record)
            self.places.append(place)

    @property
    def is_hopeless(self) -> bool:
        return len(self.wrong) >= WRONG_MAX

    def fault(
        self, place: str | int, field_: str, text: str, kind: str = "", key: str = ""
    ) -> Wrong:
        if isinstance(place, int):
            letter = self.letters.get(field_.partition(".")[0], "")
            place = f"{letter}{place}" if letter else f"row {place}"
        return Wrong(place, field_, text, kind, key)

    def _explained(self, kind: str, place: str | int, detail: Any) -> Wrong:
        where = ".".join(str(part) for part in detail["loc"]) or "the whole entry"
        pattern = detail.get("ctx", {}).get("pattern")
        told = f"it must be {_PATTERNS[pattern]}" if pattern in _PATTERNS else detail["msg"]
        given = "" if detail["type"] == "missing" else f" (given: {detail['input']!r})"
        return self.fault(place, where, told + given, kind)

    def note_duplicates(self) -> None:
        """A key that stands more than once, however alike its entries are."""
        seen: dict[tuple[str, str], list[str | int]] = {}
        for record, place in zip(self.records, self.places, strict=True):
            seen.setdefault((record.kind, record.key), []).append(place)
        for (kind, key), places in seen.items():
            if len(places) > 1:
                rows = ", ".join(str(place) for place in places if isinstance(place, int))
                self.wrong.append(
                    Wrong(
                        f"rows {rows}" if rows else "",
                        f"{kind} {key}",
                        f"it stands {len(places)} times; once would be right",
                        kind,
                        key,
                    )
                )


def told(lines: Iterable[Wrong], most: int = 50) -> list[str]:
    """As lines for a person, who reads no thousand of them."""
    lines = list(lines)
    shown = [str(line) for line in lines[:most]]
    if len(lines) > most:
        more = f"{len(lines) - most}{' or more' if len(lines) >= WRONG_MAX else ''}"
        shown.append(f"  and {more} others; --json names them")
    return shown


def _enrolled(kind: str, entry: Any) -> Any:
    """A gateway's entry with the key its enrolment proves possession of; others as they are."""
    if kind != Gateway.kind or not isinstance(entry, dict) or "enrolment" not in entry:
        return entry
    for name in ("id", "keys"):
        if name in entry:
            raise ValueError(f"{name} follows from the enrolment; give one or the other")
    if not isinstance(entry["enrolment"], str):
        raise ValueError("it is a text of hex digits, as the gateway printed it")
    key, _ = read_enrolment(bytes.fromhex(entry["enrolment"]))
    rest = {name: value for name, value in entry.items() if name != "enrolment"}
    point = {"x": key.raw[:32].hex(), "y": key.raw[32:].hex()}
    return rest | {"id": key.kid.hex(), "keys": [point]}

"""How much a load's shape speaks of mining, by marks with weights, each with its reason."""

import hashlib
import json
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jsonschema

from collector.checks.grey.profile import Shape

_HERE = Path(__file__)
FILE_NAME = "grey.toml"
"""In a collector's directory, instead of the thresholds that come with the program."""


class ThresholdsError(ValueError):
    """The file is wrong; the text says what and where."""


@dataclass(frozen=True)
class Mark:
    """One paragraph of the file: a figure of the shape counts for nothing at `none` and beyond,
    fully at `full` and beyond, and between them by its place. From `until` on it counts less
    again, and for nothing at `none_above`.
    """

    code: str
    figure: str
    weight: int
    none: float
    full: float
    until: float | None = None
    none_above: float | None = None

    def degree(self, value: float) -> float:
        """From 0 to 1."""
        if self.until is not None and self.none_above is not None and value > self.until:
            return _part(value, self.none_above, self.until)
        return _part(value, self.none, self.full)


def _part(value: float, none: float, full: float) -> float:
    return min(max((value - none) / (full - none), 0.0), 1.0)


@dataclass(frozen=True)
class Thresholds:
    least_days: int
    least_share: float
    suspicious: int
    marks: tuple[Mark, ...]
    sha256: bytes


@dataclass(frozen=True)
class Reason:
    """A code with its placeholders: the figure, where nothing and where all speaks of mining."""

    code: str
    value: float
    none: float
    full: float
    points: int
    of: int


@dataclass(frozen=True)
class Score:
    """`points` of 100; the reasons with the most points stand first. `known_permille`: for how
    much of all weights a figure was there. None: too little is known to judge.
    """

    points: int | None
    is_suspicious: bool
    reasons: tuple[Reason, ...]
    known_permille: int
    thresholds_sha256: bytes


def score(found: Shape | None, thresholds: Thresholds, quarter_ms: int = 900_000) -> Score:
    """Figures that are not known leave their weight to the others."""
    enough = thresholds.least_days * 86_400_000 // quarter_ms * thresholds.least_share
    if found is None or found.quarters < enough:
        return Score(None, False, (), 0, thresholds.sha256)
    figures = {
        mark: value
        for mark in thresholds.marks
        if (value := getattr(found, mark.figure)) is not None
    }
    of = sum(mark.weight for mark in figures)
    reasons = [
        Reason(
            mark.code,
            round(value, 4),
            mark.none,
            mark.full,
            round(100 * mark.weight * mark.degree(value) / of),
            round(100 * mark.weight / of),
        )
        for mark, value in figures.items()
    ]
    whole = sum(mark.weight * mark.degree(value) for mark, value in figures.items())
    points = round(100 * whole / of)
    ordered = sorted(reasons, key=lambda reason: -reason.points)
    everything = sum(mark.weight for mark in thresholds.marks)
    return Score(
        points,
        points >= thresholds.suspicious,
        tuple(ordered),
        1000 * of // everything,
        thresholds.sha256,
    )


def read_thresholds(directory: Path | None = None) -> Thresholds:
    """The operator's file where there is one; raise ThresholdsError."""
    own = None if directory is None else directory / FILE_NAME
    path = own if own is not None and own.exists() else _HERE.with_name("grey.toml")
    raw = path.read_bytes()
    try:
        document = tomllib.loads(raw.decode("utf-8-sig"))
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ThresholdsError(f"{path}: not TOML in UTF-8: {error}") from None
    fault = jsonschema.exceptions.best_match(_validator().iter_errors(document))
    if fault is not None:
        place = ".".join(str(part) for part in fault.absolute_path) or "the file"
        raise ThresholdsError(f"{path}: {place}: {fault.message}")
    marks = tuple(Mark(**_mark(entry)) for entry in document["mark"])
    for mark in marks:
        if mark.none == mark.full or (mark.until is not None and mark.until == mark.none_above):
            raise ThresholdsError(f"{path}: mark {mark.code}: none and full must differ")
    return Thresholds(
        document["least_days"],
        document["least_share"],
        document["suspicious"],
        marks,
        hashlib.sha256(raw).digest(),
    )


def _mark(entry: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in entry.items() if name != "why"}


def _validator() -> Any:
    schema = json.loads(_HERE.with_name("grey.schema.json").read_text(encoding="utf-8"))
    return jsonschema.Draft202012Validator(schema)

"""The rules of estimation: a file with numbers, dates and a hash."""

import hashlib
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from collector.model.continuity import Verdict
from collector.model.instant import Instant

FILE_NAME = "estimation.toml"
"""In a collector's directory, instead of the rules that come with the program."""
DEFAULT = Path(__file__).with_name("rules.toml")


class RulesError(ValueError):
    """The file is wrong; the text says what and where."""


class Cause(StrEnum):
    """Why a quarter is not known by registers."""

    UNREAD = "unread"
    RESET = Verdict.RESET
    JUMP = Verdict.JUMP
    EXCHANGED = Verdict.EXCHANGED
    SWAP = Verdict.SWAP
    RATIO_CHANGED = Verdict.RATIO_CHANGED


class Rule(BaseModel):
    """One paragraph of the file, where the words are explained. From `valid_from` on, for gaps
    that begin before `valid_until`.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")
    number: Annotated[int, Field(gt=0)]
    title: str
    case: Literal["bridge", "open"]
    method: Literal["linear", "days", "parts"]
    causes: tuple[Cause, ...] = ()
    max_gap_s: Annotated[int, Field(gt=0)] | None = None
    days: Annotated[int, Field(gt=0)] = 1
    least_days: Annotated[int, Field(gt=0)] = 1
    lookback_days: Annotated[int, Field(gt=0, le=366)] = 14
    same_weekday: bool = False
    valid_from: Instant
    valid_until: Instant | None = None

    def holds(self, at_ms: int, gap_ms: int) -> bool:
        """For a gap that begins at a moment and is so long."""
        is_in_force = self.valid_from <= at_ms and (
            self.valid_until is None or at_ms < self.valid_until
        )
        return is_in_force and (self.max_gap_s is None or gap_ms <= self.max_gap_s * 1000)


class _File(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")
    rule: tuple[Rule, ...]


@dataclass(frozen=True)
class Rules:
    rules: tuple[Rule, ...]
    raw: bytes

    @property
    def sha256(self) -> bytes:
        return hashlib.sha256(self.raw).digest()

    @property
    def lookback_ms(self) -> int:
        """How far before a quarter lies what it may be estimated from."""
        days = [rule.lookback_days for rule in self.rules if rule.method == "days"]
        return max(days, default=0) * 86_400_000

    def of(self, case: str) -> Iterator[Rule]:
        return (rule for rule in self.rules if rule.case == case)


def read_rules(directory: Path | None = None) -> Rules:
    """Raise RulesError."""
    own = None if directory is None else directory / FILE_NAME
    path = own if own is not None and own.exists() else DEFAULT
    raw = path.read_bytes()
    try:
        rules = _File.model_validate(tomllib.loads(raw.decode())).rule
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise RulesError(f"{path}: {error}") from None
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise RulesError(f"{path}: {where}: {first['msg']}") from None
    for wrong in _contradictions(rules):
        raise RulesError(f"{path}: {wrong}")
    return Rules(rules, raw)


def _contradictions(rules: tuple[Rule, ...]) -> Iterator[str]:
    numbers = [rule.number for rule in rules]
    if len(set(numbers)) < len(numbers):
        yield "two rules bear one number"
    methods = {"bridge": ("linear", "days"), "open": ("parts", "days")}
    for rule in rules:
        if rule.method not in methods[rule.case]:
            yield f"rule {rule.number}: {rule.method} is no method of {rule.case}"
        if (rule.case == "open") != bool(rule.causes):
            yield f"rule {rule.number}: causes are given for open quarters, and for no others"
        if rule.least_days > rule.days:
            yield f"rule {rule.number}: least_days is more than days"

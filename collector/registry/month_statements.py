"""A month's energies as others have them, and what was decided where they differ from ours."""

import hashlib
import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any, Literal, get_args

from sqlalchemy import Connection, func, insert, select

from collector.model.delivery import day_start_ms
from collector.model.records import AccuracyClass
from collector.registry.named_rows import CellError, FileFaults, NamedRow, NamedRows, figure
from collector.registry.sheets import SheetError, read_sheet
from collector.storage.tables import month_decision, month_statement

StatementSource = Literal["utility", "market"]
"""The utility's sealed commercial meter; the balancing market's actuals."""
Holds = Literal["utility", "ours", "agreed"]
_WH_PER_KWH = 1000
_MOST_KWH = Decimal(10) ** 12


class DecisionError(ValueError):
    """It cannot be taken; the text says why."""


@dataclass(frozen=True, slots=True)
class Month:
    """A calendar month in Astana."""

    year: int
    number: int

    @classmethod
    def parse(cls, text: str) -> "Month":
        """Raise CellError for what is no month as in 2026-11."""
        found = re.fullmatch(r"(\d{4})-(\d{2})", text)
        if found is None or not 1 <= int(found[2]) <= 12 or not 1970 <= int(found[1]) < 9999:
            raise CellError(f"{text!r} is no month; right would be 2026-11")
        return cls(int(found[1]), int(found[2]))

    @property
    def start_ms(self) -> int:
        return day_start_ms(date(self.year, self.number, 1))

    @property
    def end_ms(self) -> int:
        after = self.year * 12 + self.number
        return day_start_ms(date(after // 12, after % 12 + 1, 1))

    def __str__(self) -> str:
        return f"{self.year:04}-{self.number:02}"


@dataclass(frozen=True, slots=True)
class Statement:
    """`subject`: a site, or BIN/zone. `step_wh`: one of the last digit that was given."""

    subject: str
    source: StatementSource
    month: Month
    energy_wh: Fraction
    step_wh: Fraction
    accuracy_class: str | None = None
    document: bytes = b""
    version: int = 0
    recorded_ms: int = 0


@dataclass(frozen=True, slots=True)
class Decision:
    subject: str
    month: Month
    holds: Holds
    energy_wh: Fraction
    person: str
    reason: str
    document: bytes
    statement_version: int | None
    decided_ms: int
    version: int = 0


@dataclass(frozen=True)
class StatementsTaken:
    new: int
    corrected: int
    same: int
    document: bytes
    notes: tuple[str, ...]


def read_file(
    content: bytes,
    source: StatementSource,
    subjects: Collection[str],
    encoding: str | None = None,
) -> tuple[list[Statement], tuple[str, ...]]:
    """Every row, or SheetError, or FileFaults with every fault.

    Columns: subject, month, energy_kwh; there may be accuracy_class, of the meter.
    """
    sheet = read_sheet(content, encoding=encoding)
    rows = NamedRows(sheet, ("subject", "month", "energy_kwh"), ("accuracy_class",))
    document = hashlib.sha256(content).digest()
    found: dict[tuple[str, Month], Statement] = {}
    faults: list[str] = []
    for row in rows:
        statement = _statement(row, source, subjects, document, faults)
        if statement is None:
            continue
        key = (statement.subject, statement.month)
        if key in found:
            faults.append(f"{row.place('month')}: {key[0]} has a row of {key[1]} already")
        found[key] = statement
    if faults:
        raise FileFaults(faults)
    if not found:
        raise SheetError("there is no row below the names of the columns")
    return list(found.values()), (*sheet.notes, *rows.notes)


def take(
    connection: Connection, statements: Iterable[Statement], notes: tuple[str, ...], now_ms: int
) -> StatementsTaken:
    """Keep what is new as the next versions, within the caller's transaction."""
    given = list(statements)
    new, corrected, same = 0, 0, 0
    for each in given:
        known = statement_of(connection, each.subject, each.source, each.month)
        if known is not None and (known.energy_wh, known.step_wh, known.accuracy_class) == (
            each.energy_wh,
            each.step_wh,
            each.accuracy_class,
        ):
            same += 1
            continue
        new, corrected = new + (known is None), corrected + (known is not None)
        connection.execute(
            insert(month_statement).values(
                subject=each.subject,
                source=each.source,
                month=str(each.month),
                version=1 if known is None else known.version + 1,
                energy_wh=str(each.energy_wh),
                step_wh=str(each.step_wh),
                accuracy_class=each.accuracy_class,
                document=each.document,
                recorded_ms=now_ms,
            )
        )
    return StatementsTaken(new, corrected, same, given[0].document, notes)


def statement_of(
    connection: Connection,
    subject: str,
    source: StatementSource,
    month: Month,
    known_ms: int | None = None,
) -> Statement | None:
    """The newest, or as known on a moment."""
    table = month_statement
    query = select(table).filter_by(subject=subject, source=source, month=str(month))
    if known_ms is not None:
        query = query.where(table.c.recorded_ms <= known_ms)
    row = connection.execute(query.order_by(table.c.version.desc()).limit(1)).first()
    if row is None:
        return None
    return Statement(
        row.subject,
        row.source,
        month,
        Fraction(row.energy_wh),
        Fraction(row.step_wh),
        row.accuracy_class,
        row.document,
        row.version,
        row.recorded_ms,
    )


def subjects_of(connection: Connection, month: Month) -> list[str]:
    """Those of which anyone stated anything for a month."""
    query = select(month_statement.c.subject).filter_by(month=str(month)).distinct()
    return sorted(connection.scalars(query))


def decide(connection: Connection, decision: Decision) -> int:
    """Keep a decision as the next version; return its number. Raise DecisionError."""
    if not decision.person.strip() or not decision.reason.strip():
        raise DecisionError("a decision needs the name of a person and a reason")
    table = month_decision
    subject, month = decision.subject, str(decision.month)
    last = select(func.max(table.c.version)).filter_by(subject=subject, month=month)
    version = (connection.scalar(last) or 0) + 1
    connection.execute(
        insert(table).values(
            subject=subject,
            month=month,
            version=version,
            holds=decision.holds,
            energy_wh=str(decision.energy_wh),
            person=decision.person,
            reason=decision.reason,
            document=decision.document,
            statement_version=decision.statement_version,
            decided_ms=decision.decided_ms,
        )
    )
    return version


def decision_of(
    connection: Connection, subject: str, month: Month, known_ms: int | None = None
) -> Decision | None:
    """The newest, or as known on a moment."""
    table = month_decision
    query = select(table).filter_by(subject=subject, month=str(month))
    if known_ms is not None:
        query = query.where(table.c.decided_ms <= known_ms)
    row = connection.execute(query.order_by(table.c.version.desc()).limit(1)).first()
    if row is None:
        return None
    return Decision(
        row.subject,
        month,
        row.holds,
        Fraction(row.energy_wh),
        row.person,
        row.reason,
        row.document,
        row.statement_version,
        row.decided_ms,
        row.version,
    )


def _statement(
    row: NamedRow,
    source: StatementSource,
    subjects: Collection[str],
    document: bytes,
    faults: list[str],
) -> Statement | None:
    before = len(faults)

    def cell(name: str, read: Any) -> Any:
        try:
            return read(row.text(name))
        except CellError as error:
            faults.append(f"{row.place(name)} ({name}): {error}")
            return None

    subject = cell("subject", lambda text: _subject(text, subjects))
    month = cell("month", Month.parse)
    energy_kwh = cell("energy_kwh", _kwh)
    accuracy_class = cell("accuracy_class", _class) if row.text("accuracy_class") else None
    if len(faults) > before:
        return None
    exponent = energy_kwh.as_tuple().exponent
    step_wh = Fraction(_WH_PER_KWH, 10 ** max(0, -exponent))
    energy_wh = Fraction(energy_kwh) * _WH_PER_KWH
    return Statement(subject, source, month, energy_wh, step_wh, accuracy_class, document)


def _subject(text: str, subjects: Collection[str]) -> str:
    if text not in subjects:
        known = ", ".join(sorted(subjects)[:5]) or "none"
        raise CellError(f"{text!r} is no site and no BIN/zone of the register; these are {known}")
    return text


def _kwh(text: str) -> Decimal:
    found = figure(text)
    if not 0 <= found < _MOST_KWH:
        raise CellError(f"{text!r} is no energy of a month; kWh, from zero on")
    return found


def _class(text: str) -> str:
    if text not in get_args(AccuracyClass):
        raise CellError(
            f"{text!r} is no class; right would be {', '.join(get_args(AccuracyClass))}"
        )
    return text

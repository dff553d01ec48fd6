"""Moments as people write them: Astana's date, or date and time, or a time with its offset."""

import re
from datetime import UTC, date, datetime, timedelta

from collector.model.instant import ASTANA, astana

_ISO = re.compile(r"(\d{4})-(\d\d)-(\d\d)(?:[T ](\d\d):(\d\d)(?::(\d\d)(?:\.(\d{1,3}))?)?)?")
_DOTTED = re.compile(r"(\d\d?)\.(\d\d?)\.(\d{4})(?: +(\d\d?):(\d\d)(?::(\d\d)(?:\.(\d{1,3}))?)?)?")
_OFFSET = re.compile(r" ?(Z|[+-]\d\d:\d\d)\Z")
_SERIAL = re.compile(r"\d{5}(\.\d+)?")
_SERIAL_ZERO = datetime(1899, 12, 30, tzinfo=UTC)
RIGHT = "write 2026-11-23 or 23.11.2026, 2026-11-23 14:00 (Astana) or 2026-11-23T14:00:00+05:00"


class MomentError(ValueError):
    """A text is no moment, or two of them; it says what would be right."""


def read_moment(text: str) -> int:
    """Unix ms; a date alone is its first moment in Astana. Raises MomentError."""
    text = text.strip()
    if offset := _OFFSET.search(text):
        try:
            moment = datetime.fromisoformat(f"{_local(text[: offset.start()])}{offset[1]}")
        except ValueError:
            raise MomentError(f"{text!r} is no moment; {RIGHT}") from None
        return _unix_ms(moment)
    local = _local(text)
    first, second = (local.replace(tzinfo=ASTANA, fold=fold) for fold in (0, 1))
    if first.utcoffset() != second.utcoffset():
        told = " or ".join(sorted({each.isoformat() for each in (first, second)}))
        raise MomentError(
            f"{text!r} came twice or never, for the clocks were changed; write {told}"
        )
    return _unix_ms(first)


def read_last_day(text: str) -> int:
    """ "Valid through D" ends when the next day begins in Astana. Raises MomentError."""
    text = text.strip()
    local = _local(text)
    if len(text) > len("2026-11-23"):
        raise MomentError(f"{text!r} has a time of day; the last day is a date, as 2026-11-23")
    return read_moment((local.date() + timedelta(days=1)).isoformat())


def moment_text(instant_ms: int) -> str:
    """With its offset, so that it is read as the same moment always."""
    thousandths = instant_ms % 1000
    moment = astana(instant_ms - thousandths).replace(microsecond=thousandths * 1000)
    return moment.isoformat(timespec="milliseconds" if thousandths else "seconds")


def _local(text: str) -> datetime:
    if found := _ISO.fullmatch(text):
        year, month, day, *clock = found.groups()
    elif found := _DOTTED.fullmatch(text):
        day, month, year, *clock = found.groups()
    else:
        raise MomentError(f"{text[:40]!r} is no moment; {_hint(text)}")
    hour, minute, second, fraction = clock
    try:
        return datetime(  # noqa: DTZ001  # its offset is found by whoever asked
            int(year), int(month), int(day), int(hour or 0), int(minute or 0), int(second or 0),
            int((fraction or "0").ljust(3, "0")) * 1000,
        )  # fmt: skip
    except ValueError as error:
        raise MomentError(f"{text!r} is no moment: {error}; {RIGHT}") from None


def _hint(text: str) -> str:
    if _SERIAL.fullmatch(text):
        day = date.fromordinal(_SERIAL_ZERO.date().toordinal() + int(float(text)))
        return f"a spreadsheet's number for {day} perhaps: give the column the format of a date"
    return RIGHT


def _unix_ms(moment: datetime) -> int:
    since = moment - datetime(1970, 1, 1, tzinfo=UTC)
    return since // timedelta(milliseconds=1)

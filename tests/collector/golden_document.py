"""The golden month as a person wrote it: the tables of golden/month.md."""

import re
from datetime import datetime
from functools import cache
from pathlib import Path

from collector.model.instant import ASTANA

Row = dict[str, str]
HOUR_MS = 3_600_000
_YEAR = 2026
_TIME = re.compile(r"(\d+ [A-Z][a-z]{2})(?: (\d{4}))? (\d\d:\d\d)(:\d\d)?")


@cache
def tables() -> dict[str, list[Row]]:
    """By the heading above them; every cell as text, empty where nothing is said."""
    found: dict[str, list[Row]] = {}
    heading, columns = "", list[str]()
    for line in Path(__file__).with_name("golden").joinpath("month.md").read_text().splitlines():
        if line.startswith("#"):
            heading, columns = line.strip("# "), []
        elif line.startswith("|"):
            cells = [cell.strip() for cell in line.strip("|").split("|")]
            if not columns:
                columns = cells
            elif set(line) - set("|-"):
                found.setdefault(heading, []).append(dict(zip(columns, cells, strict=True)))
    return found


def moment(text: str) -> int:
    """Unix ms of a time in Astana, this November's where no year is said."""
    parts = _TIME.fullmatch(text)
    assert parts, f"{text!r} is no time as 3 Nov 10:00 or 3 Nov 10:00:07"
    day, year, clock, seconds = parts.groups()
    read = f"{day} {year or _YEAR} {clock}{seconds or ':00'}"
    local = datetime.strptime(read, "%d %b %Y %H:%M:%S").replace(tzinfo=ASTANA)
    return round(local.timestamp() * 1000)


def spans(row: Row, length_ms: int) -> list[int]:
    """The beginnings of what a row names from `from` until before `until`, of each day `daily`."""
    starts = range(moment(row["from"]), moment(row["until"]), length_ms)
    hour = row.get("daily", "")
    if not hour:
        return list(starts)
    return [at_ms for at_ms in starts if at_ms // HOUR_MS % 24 == (int(hour) - 5) % 24]

"""Where a file's columns stand: the row of heads is found by what the mapping calls them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import islice

from collector.registry.reading import FileError
from collector.registry.sheets import Row, Sheet
from collector.registry.winners.mapping import WinnersMapping, plain

_TITLE_ROWS = 30
"""Above the heads a file may have titles, so many rows at most."""
_MAY_BE_ABSENT = {"lot", "price", "prepaid", "total"}


@dataclass(frozen=True)
class Places:
    """Columns, counted from 0. `hours`: of hours 1 to 24, or None for one row an hour."""

    head_row: int
    columns: dict[str, int]
    hours: tuple[int, ...] | None


def find_heads(sheet: Sheet, mapping: WinnersMapping) -> Places:
    """Runs through the sheet up to its heads; raises FileError where it has none."""
    wanted: dict[str, Sequence[str]] = {
        name: heads for name, heads in mapping.columns.model_dump().items() if heads is not None
    }
    if mapping.hours is not None:
        wanted |= {f"hour {n}": [head] for n, head in enumerate(mapping.hours.heads, 1)}
    best: tuple[Row, list[str]] | None = None
    for row in islice(sheet.rows, _TITLE_ROWS):
        found = _found(row, wanted)
        absent = [name for name in wanted.keys() - found.keys() if name not in _MAY_BE_ABSENT]
        if not absent:
            hours = tuple(at for name, at in found.items() if name.startswith("hour "))
            return Places(row.number, found, None if mapping.hours is None else hours)
        if found and (best is None or len(absent) < len(best[1])):
            best = row, [name for name in wanted if name in absent]
    if best is None:
        raise FileError(f"there is no row of heads; the mapping's are: {_told(wanted, wanted)}")
    row, absent = best
    raise FileError(
        f"row {row.number}: these heads are absent: {_told(wanted, absent)}; name in the mapping"
        " file how the columns are headed"
    )


def _found(row: Row, wanted: dict[str, Sequence[str]]) -> dict[str, int]:
    texts = [plain(cell) for cell in row.cells]
    found = {}
    for name, heads in wanted.items():
        columns = [column for column, text in enumerate(texts) if text in heads]
        if len(columns) > 1:
            told = " and ".join(map(row.place, columns))
            raise FileError(
                f"{told}: both are headed {row.cells[columns[0]]!r}; name one otherwise"
            )
        if columns:
            found[name] = columns[0]
    return found


def _told(wanted: dict[str, Sequence[str]], names: Iterable[str]) -> str:
    shown = [f"{name} ({' or '.join(map(repr, wanted[name]))})" for name in names]
    return ", ".join(shown[:6]) + (" and others" if len(shown) > 6 else "")

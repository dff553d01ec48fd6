"""Where a file's columns stand: the row of heads is found by what the mapping calls them."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice

from collector.registry.sheets import Row, Sheet, place
from collector.registry.winners.errors import WinnersError
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
    """Runs through the sheet up to its heads; raises WinnersError where it has none."""
    wanted = {
        name: heads for name, heads in mapping.columns.model_dump().items() if heads is not None
    }
    nearest: tuple[list[str], Row] | None = None
    for row in islice(sheet.rows, _TITLE_ROWS):
        texts = [plain(cell) for cell in row.cells]
        found = {name: at for name, heads in wanted.items() if (at := _at(texts, heads, row)) >= 0}
        absent = [name for name in wanted if name not in found and name not in _MAY_BE_ABSENT]
        hours = [] if mapping.hours is None else [_at(texts, [h], row) for h in mapping.hours.heads]
        absent += [f"hour {number}" for number, at in enumerate(hours, 1) if at < 0]
        if not absent:
            return Places(row.number, found, tuple(hours) if hours else None)
        if found and (nearest is None or len(absent) < len(nearest[0])):
            nearest = absent, row
    if nearest is None:
        raise WinnersError(f"no row of heads: the mapping's are {_told(wanted.values())}")
    absent, row = nearest
    told = "; ".join(
        f"{name} ({_told([wanted[name]])})" if name in wanted else name for name in absent[:5]
    )
    raise WinnersError(f"row {row.number}: heads without {told}; name them in the mapping file")


def _at(texts: Sequence[str], heads: Sequence[str], row: Row) -> int:
    """The column with one of these heads; -1: none."""
    found = [column for column, text in enumerate(texts) if text in heads]
    if len(found) > 1:
        places = " and ".join(place(row.number, column) for column in found)
        raise WinnersError(
            f"{places} have the same head, {row.cells[found[0]]!r}; name one otherwise"
        )
    return found[0] if found else -1


def _told(heads: Sequence[Sequence[str]] | object) -> str:
    return ", ".join(" or ".join(map(repr, each)) for each in heads)  # type: ignore[attr-defined]

"""Rows of hours, from tables with ruling lines and from those without."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import dropwhile, pairwise

from collector.registry.figures import is_figure
from collector.registry.hours import HOURS
from collector.registry.korem.errors import ResultError
from collector.registry.korem.layout import Layout, RowKind
from collector.registry.korem.lines import Line, lines_of, with_thousands
from collector.registry.korem.pages import Page, RuledTable, Word

TOTAL = 0
"""In place of an hour."""
_HEAD_MIN = 4
"""So many hours one after another are a table's head."""
_HOUR = re.compile(r"\d{1,2}", re.ASCII)


@dataclass(frozen=True)
class PrintedRow:
    """Texts by hour, 1 to 24, and under TOTAL; `place` is the table's, in the order of reading."""

    place: tuple[int, float]
    kind: RowKind
    texts: Mapping[int, str]


def printed_rows(page: Page, layout: Layout) -> list[PrintedRow]:
    """Every row of hours on a page whose label the layout knows; raises ResultError."""
    ruled = [table for table in page.tables if _heads(table)]
    rows = [row for table in ruled for row in _ruled_rows(page, table, layout)]
    words = tuple(word for word in page.words if not any(_holds(table, word) for table in ruled))
    rest = Page(page.number, words, (), page.images)
    return rows + list(_unruled_rows(lines_of(rest), layout))


def heads_of(lines: Sequence[Line]) -> list[int]:
    """Which lines hold the numbers of hours."""
    return [number for number, line in enumerate(lines) if _head(line)]


def kind_of(label: str, layout: Layout, place: str) -> RowKind | None:
    """What a row is by its label, None when the layout does not know it."""
    kinds = [kind for kind, pattern in layout.rows.items() if pattern.search(label)]
    if len(kinds) > 1:
        raise ResultError(
            f"{place}: the row {label!r} could be {' or '.join(kinds)}; tell them apart in a layout"
            " file"
        )
    return kinds[0] if kinds else None


# --- with ruling lines


def _heads(table: RuledTable) -> list[int]:
    texts = ([_plain(cell) for cell in row.cells] for row in table.rows)
    return [number for number, row in enumerate(texts) if len(_hours(row)) >= _HEAD_MIN]


def _ruled_rows(page: Page, table: RuledTable, layout: Layout) -> Iterator[PrintedRow]:
    heads = [*_heads(table), len(table.rows)]
    for head, end in pairwise(heads):
        columns = _columns(table, head, layout)
        first = min(columns)
        for row in table.rows[head + 1 : end]:
            label = " ".join(filter(None, map(_plain, row.cells[:first])))
            place = f"page {page.number}"
            kind = kind_of(layout.no_bids.sub("", label), layout, place)
            # a cell that was broken over lines is one figure
            texts = {
                hour: "".join((row.cells[column] or "").split("\n")).strip()
                for column, hour in columns.items()
                if column < len(row.cells)
            }
            if kind is not None and not layout.no_bids.search(" ".join(texts.values())):
                yield PrintedRow((page.number, row.top), kind, texts)


def _columns(table: RuledTable, head: int, layout: Layout) -> dict[int, int]:
    """The hour of each column; the total's cell may span rows above."""
    columns = _hours([_plain(cell) for cell in table.rows[head].cells])
    last = max(columns)
    for row in table.rows[: head + 1]:
        for column, cell in enumerate(row.cells):
            if column > last and layout.totals.search(_plain(cell)):
                columns[column] = TOTAL
    return columns


def _plain(cell: str | None) -> str:
    return " ".join((cell or "").split())


def _holds(table: RuledTable, word: Word) -> bool:
    middle = (word.top + word.bottom) / 2
    return table.left <= word.centre <= table.right and table.top <= middle <= table.bottom


def _hours(texts: Sequence[str]) -> dict[int, int]:
    """Where hours stand that follow one another; nothing where they do not."""
    found = {place: int(text) for place, text in enumerate(texts) if _HOUR.fullmatch(text)}
    hours = list(found.values())
    is_run = hours == list(range(hours[0], hours[0] + len(hours))) if hours else False
    return found if is_run and hours[0] >= 1 and hours[-1] <= HOURS else {}


# --- without


@dataclass(frozen=True)
class _Columns:
    """Centres of the hours' columns, and the total's; left of `edge` stand the labels."""

    edge: float
    centres: Mapping[int, float]

    def nearest(self, word: Word) -> int:
        return min(self.centres, key=lambda hour: abs(self.centres[hour] - word.centre))


def _head(line: Line) -> dict[int, Word]:
    words = list(line.words)
    hours = _hours([word.text for word in words])
    return {hour: words[at] for at, hour in hours.items()} if len(hours) >= _HEAD_MIN else {}


def _unruled_rows(lines: Sequence[Line], layout: Layout) -> Iterator[PrintedRow]:
    heads = [*heads_of(lines), len(lines)]
    for head, end in pairwise(heads):
        columns = _unruled_columns(lines, head, layout)
        body: list[Line] = []
        for line in lines[head + 1 : end]:
            if any(pattern.search(line.text) for pattern in layout.labels.values()):
                break
            body.append(line)
        valued = [
            (number, texts)
            for number, line in enumerate(body)
            if (texts := _texts(line, columns, layout))
        ]
        labels = _labels(body, columns, layout)
        for (number, texts), kind in zip(valued, _kinds(body, valued, labels), strict=True):
            yield PrintedRow(body[number].place, kind, texts)


def _unruled_columns(lines: Sequence[Line], head: int, layout: Layout) -> _Columns:
    hours = _head(lines[head])
    centres = {hour: word.centre for hour, word in hours.items()}
    first, last = min(centres.values()), max(centres.values())
    each = (last - first) / (len(centres) - 1)
    totals = [
        word
        for line in lines[max(head - 2, 0) : head + 3]
        for word in line.words
        if word.left > last and layout.totals.search(word.text)
    ]
    if totals:
        centres[TOTAL] = totals[0].centre
    return _Columns(first - each / 2, centres)


def _texts(line: Line, columns: _Columns, layout: Layout) -> dict[int, str]:
    words = [word for word in with_thousands(line.words) if word.centre >= columns.edge]
    # the unit's column may reach over the edge
    words = list(dropwhile(lambda word: not is_figure(word.text), words))
    figures = [word for word in words if is_figure(word.text)]
    if not figures or layout.no_bids.search(line.text):
        return {}
    if len(figures) < len(words):
        strange = next(word.text for word in words if word not in figures)
        raise ResultError(f"page {line.page}: {strange!r} stands among the hours, and is no figure")
    if len(words) == len(columns.centres):
        ordered = sorted(columns.centres, key=lambda hour: columns.centres[hour])
        return {hour: word.text for hour, word in zip(ordered, words, strict=True)}
    texts: dict[int, str] = {}
    for word in words:
        hour = columns.nearest(word)
        if hour in texts:
            raise ResultError(
                f"page {line.page}: {texts[hour]!r} and {word.text!r} stand in one column; cells"
                " that are broken over lines can be read only in a table with ruling lines"
            )
        texts[hour] = word.text
    return texts


def _labels(body: Sequence[Line], columns: _Columns, layout: Layout) -> list[tuple[int, RowKind]]:
    """On which line each kind of row is first named, from the top."""
    named: dict[RowKind, int] = {}
    for number, line in enumerate(body):
        words = (word.text for word in line.words if word.centre < columns.edge)
        label = layout.no_bids.sub("", " ".join(words))
        for kind, pattern in layout.rows.items():
            if pattern.search(label):
                named.setdefault(kind, number)
    return sorted((number, kind) for kind, number in named.items())


def _kinds(
    body: Sequence[Line],
    valued: Sequence[tuple[int, Mapping[int, str]]],
    labels: Sequence[tuple[int, RowKind]],
) -> list[RowKind]:
    """Rows stand in the order of their labels; where one has no figures, beside its label."""
    if len(valued) == len(labels):
        return [kind for _, kind in labels]
    kinds: list[RowKind] = []
    for number, _ in valued:
        above = [kind for at, kind in labels if at <= number]
        if not above or above[-1] in kinds:
            where = f"page {body[number].page}: the row of figures {body[number].text[:60]!r}"
            raise ResultError(f"{where} stands beside no label that is known, or beside another's")
        kinds.append(above[-1])
    return kinds

"""From a PDF of results to what it says."""

import re
from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from itertools import accumulate, chain

from collector.registry.figures import FigureError, read_figure
from collector.registry.hours import HOURS
from collector.registry.korem.bounded import pages_of
from collector.registry.korem.errors import ResultError
from collector.registry.korem.layout import LabelKind, Layout, RowKind
from collector.registry.korem.lines import Line, lines_of
from collector.registry.korem.pages import Page
from collector.registry.korem.result import HourRow, Result, ZoneResult, check
from collector.registry.korem.tables import TOTAL, PrintedRow, heads_of, printed_rows

_DATE = re.compile(r"(?<!\d)(\d{2})\.(\d{2})\.(\d{4})(?!\d)", re.ASCII)
_PRICE = re.compile(r"\d{1,3}(?: \d{3})+(?:[.,]\d+)?|\d+(?:[.,]\d+)?", re.ASCII)
_FEW_WORDS = 20
_NO_LETTER = re.compile(r"\(cid:\d+\)")


@dataclass(frozen=True)
class _Label:
    """A label, and the text from it until the next one or the next table."""

    kind: LabelKind
    place: tuple[int, float]
    value: str


def read_result(content: bytes, layout: Layout) -> Result:
    """What a file says, checked; raises ResultError. `content` is a PDF's bytes."""
    return result_of(pages_of(content), layout)


def result_of(pages: Sequence[Page], layout: Layout) -> Result:
    _require_text(pages)
    lines = [line for page in pages for line in lines_of(page)]
    labels = list(_labels(lines, layout))
    text = "\n".join(line.text for line in lines)
    if missing := sorted({"traded", "delivered", "zone"} - {label.kind for label in labels}):
        raise ResultError(
            f"it does not say {', '.join(missing)}, as KOREM's daily result for miners does"
            " («Дата торгов», «Дата поставки», «Зона торгов»); it is another document"
        )
    if not layout.units.search(text):
        raise ResultError("no unit is printed; it would be тыс.кВт·ч (a thousand kWh, one MWh)")
    rows = list(chain.from_iterable(printed_rows(page, layout) for page in pages))
    result = Result(
        _date(labels, "traded"),
        _date(labels, "delivered"),
        tuple(_blocks(lines, labels, rows, layout)),
        layout.first_hour,
        layout.is_confirmed,
    )
    check(result, layout)
    return result


def _require_text(pages: Sequence[Page]) -> None:
    words = [word.text for page in pages for word in page.words]
    if len(words) < _FEW_WORDS and any(page.images for page in pages):
        raise ResultError(
            "it is a scan: its pages are images, without text; type the figures in from it"
            " (esep registry import takes a CSV or XLSX of quotas)"
        )
    if not words:
        raise ResultError("its pages hold no text")
    if 2 * sum(bool(_NO_LETTER.search(word)) for word in words) > len(words):
        raise ResultError("its fonts do not say which letters they show; type the figures in")


def _labels(lines: Sequence[Line], layout: Layout) -> Iterator[_Label]:
    """In the order of reading; the same label in the other language is part of it."""
    text = "".join(f"{line.text}\n" for line in lines)
    offsets = list(accumulate((len(line.text) + 1 for line in lines), initial=0))
    tables = [offsets[number] for number in heads_of(lines)]
    found = sorted(
        (match.start(), match.end(), kind)
        for kind, pattern in layout.labels.items()
        for match in pattern.finditer(text)
    )
    previous: LabelKind | None = None
    previous_end = 0
    for at, (start, end, kind) in enumerate(found):
        is_after_table = any(previous_end <= table < start for table in tables)
        if kind == previous and not is_after_table and _is_bare(text[previous_end:start]):
            previous_end = end  # its translation
            continue
        nexts = [other for other, _, another in found[at + 1 :] if another != kind]
        until = min([*nexts, *(table for table in tables if table > start)], default=len(text))
        value = layout.labels[kind].sub("", text[end:until])
        yield _Label(kind, lines[bisect_right(offsets, start) - 1].place, value)
        previous, previous_end = kind, end


def _is_bare(between: str) -> bool:
    """Whether so little stands between two labels that one is the other's translation."""
    return len(between.split()) <= _FEW_WORDS


def _date(labels: Sequence[_Label], kind: LabelKind) -> date:
    """The one date that all labels of a kind name."""
    dates: set[date] = set()
    for label in labels:
        if label.kind == kind:
            match = _DATE.search(label.value)
            if match is None:
                raise ResultError(f"{kind}: no date stands beside the label; one is 23.11.2026")
            day, month, year = map(int, match.groups())
            try:
                dates.add(date(year, month, day))
            except ValueError:
                raise ResultError(f"{kind}: {match[0]} is no date") from None
    if len(dates) > 1:
        told = " and ".join(sorted(map(str, dates)))
        raise ResultError(f"{kind}: it names {told}; one file is of one day")
    return dates.pop()


def _blocks(
    lines: Sequence[Line], labels: Sequence[_Label], rows: Sequence[PrintedRow], layout: Layout
) -> Iterator[ZoneResult]:
    starts = [label for label in labels if label.kind == "zone"]
    ends = [*(label.place for label in starts[1:]), (len(lines) + 1_000_000, 0.0)]
    if early := [row for row in rows if row.place < starts[0].place]:
        raise ResultError(f"page {early[0].place[0]}: a row of hours stands above every zone")
    seen: set[str] = set()
    for start, end in zip(starts, ends, strict=True):
        zone = _zone(start.value, layout)
        if zone in seen:
            raise ResultError(f"zone {zone}: it has two blocks; one is right")
        seen.add(zone)
        inside = [line.text for line in lines if start.place <= line.place < end]
        own = [row for row in rows if start.place <= row.place < end]
        price = [
            each for each in labels if each.kind == "price" and start.place <= each.place < end
        ]
        yield _block(zone, "\n".join(inside), own, price, layout)


def _block(
    zone: str, text: str, rows: Sequence[PrintedRow], prices: Sequence[_Label], layout: Layout
) -> ZoneResult:
    parts: dict[RowKind, dict[int, str]] = {}
    for row in rows:
        texts = parts.setdefault(row.kind, {})
        if twice := sorted(texts.keys() & row.texts.keys()):
            raise ResultError(f"zone {zone}, row {row.kind}: hour {twice[0]} stands twice")
        texts.update(row.texts)
    has_bids = not layout.no_bids.search(text)
    if "quota" not in parts and (parts or has_bids):
        raise ResultError(
            f"zone {zone}: no row «Квоты предоставленные СО» was found below hours 1 to 24"
        )
    price, price_text = _price(prices)
    return ZoneResult(
        zone,
        price,
        price_text,
        {kind: _hour_row(zone, kind, texts) for kind, texts in parts.items()},
        has_bids,
    )


def _zone(text: str, layout: Layout) -> str:
    zones = [name for name, pattern in layout.zones.items() if pattern.search(text)]
    if len(zones) != 1:
        told = " ".join(text.split()).strip(" /:")[:60]
        known = ", ".join(layout.zones)
        raise ResultError(f"zone {told!r}: it names not one of the zones of the layout: {known}")
    return zones[0]


def _hour_row(zone: str, kind: RowKind, texts: Mapping[int, str]) -> HourRow:
    def figure(hour: int) -> Decimal | None:
        try:
            return read_figure(texts.get(hour, ""))
        except FigureError as error:
            name = "the total" if hour == TOTAL else f"hour {hour}"
            raise ResultError(f"zone {zone}, row {kind}, {name}: {error}") from None

    # without ruling lines an empty cell leaves nothing; the total shows whether it was empty
    hours = tuple(figure(hour) for hour in range(1, HOURS + 1))
    return HourRow(hours, figure(TOTAL))


def _price(labels: Sequence[_Label]) -> tuple[Decimal | None, str | None]:
    """The first figure beside the label, and how it is printed with its unit."""
    for label in labels:
        for line in label.value.splitlines():
            if match := _PRICE.search(line):
                return read_figure(match[0]), " ".join(line[match.start() :].split())
    return None, None

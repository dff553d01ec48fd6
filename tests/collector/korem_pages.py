"""Result files as KOREM publishes them, made in several layouts: no original file is among them."""

import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from absent import absent
from reportlab.lib.pagesizes import A3, A4, landscape
from reportlab.lib.pdfencrypt import StandardEncryption
from reportlab.lib.styles import ParagraphStyle
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.pdfdoc import PDFDictionary, PDFName, PDFString
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import (
    BaseDocTemplate,
    Flowable,
    Frame,
    PageBreak,
    PageTemplate,
    Paragraph,
    Spacer,
    Table,
)

FONT = "DejaVuSansCondensed"
_FILE = Path("/usr/share/fonts/truetype/dejavu") / f"{FONT}.ttf"

NORTH_SOUTH = "Солтүстік-Оңтүстік / Северная-Южная"
WEST = "Батыс / Западная"
QUOTA = "ЖО берілген квота / Квоты предоставленные СО"
RESIDUAL = "Солтүстік-Оңтүстік қалдық өткізу қабілеті / остаточная пропускная способность Север-Юг"
BIDS = "Цифрлық майнерлер берген өтінімдер / Заявки поданные цифровыми майнерами"
NO_BIDS = "өтінімдер болған жоқ / заявок не было"
UNIT = "мың кВт·сағ / тыс.кВт·ч"


@dataclass(frozen=True)
class Zone:
    """`rows`: label and 25 printed texts, hours and total."""

    name: str
    price: str
    rows: Sequence[tuple[str, Sequence[str]]]
    has_bids: bool = True


@dataclass(frozen=True)
class Style:
    """How a file looks. `row_of`: how many hours stand in one row; `align`: left, centre, right."""

    is_ruled: bool = True
    row_of: int = 24
    is_turned: bool = False
    says_rotation: bool = False
    align: Literal[0, 1, 2] = 1
    valign: str = "MIDDLE"
    breaks_numbers: bool = False
    dates_in_each_block: bool = False
    page_for_each_zone: bool = False
    size: float = 6
    big: bool = False
    password: str | None = None
    javascript: str | None = None


def font() -> str:
    if not _FILE.exists():
        absent(f"{_FILE} is missing; on Debian: apt install fonts-dejavu-extra")
    if FONT not in pdfmetrics.getRegisteredFontNames():
        pdfmetrics.registerFont(TTFont(FONT, str(_FILE)))
    return FONT


def printed(value: float, places: int = 1) -> str:
    """With a decimal comma, and U+00A0 between thousands."""
    return f"{value:,.{places}f}".replace(",", "\u00a0").replace(".", ",")


def row(values: Sequence[float], places: int = 1) -> list[str]:
    return [printed(value, places) for value in [*values, sum(values)]]


def result(
    zones: Sequence[Zone],
    style: Style = Style(),
    *,
    traded: str = "22.11.2026",
    delivered: str = "23.11.2026",
) -> bytes:
    """The bytes of the PDF."""
    font()
    made = io.BytesIO()
    page = landscape(A3 if style.big else A4)
    width, height = page
    document = BaseDocTemplate(made, pagesize=page[::-1] if style.is_turned else page)
    if style.password is not None:
        document.encrypt = StandardEncryption(style.password)
    frame = Frame(20, 20, width - 40, height - 40)

    def begin(canvas: Canvas, _document: BaseDocTemplate) -> None:
        if style.javascript is not None:
            script = {"S": PDFName("JavaScript"), "JS": PDFString(style.javascript)}
            canvas._doc.Catalog.OpenAction = PDFDictionary(script)  # type: ignore[attr-defined]
        if style.is_turned:
            if style.says_rotation:
                canvas.setPageRotation(90)
            canvas.translate(height, 0)
            canvas.rotate(90)

    document.addPageTemplates([PageTemplate("all", [frame], onPage=begin)])
    document.build(_story(zones, style, traded, delivered, width))
    return made.getvalue()


def _story(
    zones: Sequence[Zone], style: Style, traded: str, delivered: str, width: float
) -> list[Flowable]:
    dates = [
        ["Сауда-саттық күні / Дата торгов", traded],
        ["Жеткізу күні / Дата поставки", delivered],
    ]
    story: list[Flowable] = [
        _paragraph("Сауда-саттық нәтижелері / Результаты торгов цифровых майнеров", style, 9),
        Spacer(1, 6),
    ]
    if not style.dates_in_each_block:
        story += [_pairs(dates, style), Spacer(1, 6)]
    for number, zone in enumerate(zones):
        if number and style.page_for_each_zone:
            story.append(PageBreak())
        head = dates if style.dates_in_each_block else []
        pairs = [
            *head,
            ["Сауда-саттық аймағы / Зона торгов", zone.name],
            ["Бастапқы баға / Стартовая цена", zone.price],
        ]
        story += [_pairs(pairs, style), Spacer(1, 4)]
        for first in range(0, 24, style.row_of):
            story += [_hours(zone, style, first, width), Spacer(1, 6)]
        if not zone.has_bids:
            story.append(_paragraph(NO_BIDS, style, 8))
        story.append(Spacer(1, 12))
    return story


def _pairs(pairs: Sequence[Sequence[str]], style: Style) -> Flowable:
    cells = [[_paragraph(text, style, 8) for text in pair] for pair in pairs]
    return _table(cells, style, [220, 220])


def _hours(zone: Zone, style: Style, first: int, width: float) -> Flowable:
    last = min(first + style.row_of, 24)
    is_end = last == 24
    head = ["", "өлш.бірл. / ед.изм.", *map(str, range(first + 1, last + 1))]
    if is_end:
        head.append("Барлығы / Всего")
    cells = [[_paragraph(text, style) for text in head]]
    for label, values in zone.rows:
        shown = [*values[first:last], *([values[24]] if is_end else [])]
        texts = [_broken(text) if style.breaks_numbers else text for text in shown]
        cells.append([_paragraph(text, style) for text in (label, UNIT, *texts)])
    labels = [95.0, 45.0]
    total = 48.0 if is_end else 0
    each = (width - 52 - sum(labels) - 48) / max(style.row_of, 12)
    widths = [*labels, *[each] * (last - first), *([total] if is_end else [])]
    return _table(cells, style, widths)


def _broken(text: str) -> str:
    return text if len(text) < 4 else f"{text[:-2]}<br/>{text[-2:]}"


def _table(cells: Sequence[Sequence[Flowable]], style: Style, widths: Sequence[float]) -> Flowable:
    look: list[tuple[Any, ...]] = [
        ("LEFTPADDING", (0, 0), (-1, -1), 1),
        ("RIGHTPADDING", (0, 0), (-1, -1), 1),
        ("VALIGN", (0, 0), (-1, -1), style.valign),
    ]
    if style.is_ruled:
        look.append(("GRID", (0, 0), (-1, -1), 0.4, "black"))
    rows = [list(texts) for texts in cells]
    return Table(rows, colWidths=widths, style=look, hAlign="LEFT")


def _paragraph(text: str, style: Style, size: float | None = None) -> Paragraph:
    size = size or style.size
    look = ParagraphStyle(
        "x", fontName=font(), fontSize=size, leading=size + 1, alignment=style.align
    )
    return Paragraph(text, look)

"""A drawing, from the top left corner, in points; written as SVG for a page or as PDF for paper."""

import io
from pathlib import Path
from typing import Literal

from reportlab.graphics import renderPDF, renderSVG
from reportlab.graphics.shapes import Circle, Drawing, Line, PolyLine, Rect, String
from reportlab.lib import colors

from technician.faults import BagError, Code

Point = tuple[float, float]
Anchor = Literal["start", "middle", "end"]

_FONT, _BOLD = "Helvetica", "Helvetica-Bold"
_TEXT = 9
_DASH = [4, 3]
_MARGIN = 12
POWER, CONTROL, DATA = colors.black, colors.HexColor("#b03a00"), colors.HexColor("#0b5394")
"""Mains; coils and contacts; the bus."""
_FRAME = colors.HexColor("#777777")


class Sheet:
    def __init__(self, title: str, width: float, height: float) -> None:
        self._height = height
        self.drawing = Drawing(width, height)
        self.drawing.add(_rect((0, 0), (width, height), colors.white))
        self.text((_MARGIN, 20), title, size=12, is_bold=True)

    def _y(self, y: float) -> float:
        return self._height - y

    def text(
        self,
        at: Point,
        text: str,
        *,
        size: float = _TEXT,
        anchor: Anchor = "start",
        is_bold: bool = False,
        color: colors.Color = colors.black,
    ) -> None:
        """`at`: left end (or middle, or right end) of the base line; lines follow downwards."""
        for number, line in enumerate(text.split("\n")):
            self.drawing.add(
                String(
                    at[0],
                    self._y(at[1] + number * (size + 2)),
                    line,
                    fontName=_BOLD if is_bold else _FONT,
                    fontSize=size,
                    textAnchor=anchor,
                    fillColor=color,
                )
            )

    def box(self, at: Point, size: Point, text: str = "", *, is_dashed: bool = False) -> None:
        """`at`: its top left corner. The text stands in the middle."""
        width, height = size
        rect = _rect((at[0], self._y(at[1] + height)), size, _FRAME if is_dashed else colors.black)
        if is_dashed:
            rect.strokeDashArray = _DASH
        self.drawing.add(rect)
        lines = text.split("\n")
        first = at[1] + height / 2 - (len(lines) - 1) * (_TEXT + 2) / 2 + _TEXT / 3
        self.text((at[0] + width / 2, first), text, anchor="middle")

    def wire(self, *points: Point, color: colors.Color = POWER, is_dashed: bool = False) -> None:
        flat = [value for x, y in points for value in (x, self._y(y))]
        line = PolyLine(flat, strokeColor=color, strokeWidth=1.8 if color is POWER else 1.2)
        if is_dashed:
            line.strokeDashArray = _DASH
        self.drawing.add(line)

    def dot(self, at: Point, color: colors.Color = POWER) -> None:
        self.drawing.add(Circle(at[0], self._y(at[1]), 2.4, fillColor=color, strokeColor=color))

    def terminal(self, at: Point, name: str, *, side: str, color: colors.Color = POWER) -> None:
        """A screw terminal; `side`: where its name stands, left or right."""
        x, y = at
        self.drawing.add(
            Circle(x, self._y(y), 4, fillColor=colors.white, strokeColor=color, strokeWidth=1.2)
        )
        self.drawing.add(
            Line(x - 2.6, self._y(y - 2.6), x + 2.6, self._y(y + 2.6), strokeColor=color)
        )
        beside = (x - 8, y + 3) if side == "left" else (x + 8, y + 3)
        self.text(beside, name, anchor="end" if side == "left" else "start")

    def contact(
        self, at: Point, name: str, *, is_closed: bool = False, color: colors.Color = CONTROL
    ) -> None:
        """A contact in a wire that runs downwards: 24 high from `at`. Open unless it is said."""
        x, y = at
        self.wire((x, y), (x, y + 6), color=color)
        self.wire((x, y + 18), (x + (0 if is_closed else -8), y + 6), color=color)
        self.wire((x, y + 18), (x, y + 24), color=color)
        self.text((x + 8, y + 15), name)

    def coil(self, at: Point, name: str) -> None:
        """In a wire that runs downwards: 20 high from `at`."""
        x, y = at
        self.box((x - 14, y), (28, 20))
        self.text((x + 20, y + 13), name)

    def save(self, out: Path) -> None:
        """By the file's name. Raises BagError `file_exists`."""
        if out.exists():
            raise BagError(Code.FILE_EXISTS, f"{out} is there already")
        out.write_bytes(self.pdf() if out.suffix == ".pdf" else self.svg())

    def svg(self) -> bytes:
        return str(renderSVG.drawToString(self.drawing)).encode()

    def pdf(self) -> bytes:
        written = io.BytesIO()
        renderPDF.drawToFile(self.drawing, written)
        return written.getvalue()


def _rect(at: Point, size: Point, stroke: colors.Color) -> Rect:
    """`at`: its bottom left corner, as reportlab counts. White."""
    rect = Rect(*at, *size)
    rect.fillColor, rect.strokeColor, rect.strokeWidth = colors.white, stroke, 1
    return rect

"""The curtailment certificate as a sheet to be read: everything but the evidence, in words."""

import hashlib
from collections.abc import Iterator, Mapping
from fractions import Fraction
from io import BytesIO
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

from reportlab.lib import colors
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFError, TTFont
from reportlab.platypus import Flowable, Paragraph, SimpleDocTemplate, Spacer, Table, TableStyle

from collector.orders.drop.certificate import Certificate, canonical
from collector.words.figures import STYLES, Style
from collector.words.languages import has, text

_FONT, _BOLD = "DejaVuSans", "DejaVuSans-Bold"
_FOLDERS = ("truetype/dejavu", "dejavu", "dejavu-sans-fonts", "TTF")
_FONTS = Path("/usr/share/fonts")
_WIDTHS = (52 * mm, 118 * mm)


class FontError(RuntimeError):
    """There is no font with Kazakh letters on this machine; the text says what to install."""


def written(made: Certificate, language: str) -> bytes:
    """The PDF; the same certificate and language give the same bytes. Raises FontError."""
    _register_fonts()
    out = BytesIO()
    sheet = _Sheet(made.statement, language, STYLES[language])
    document = SimpleDocTemplate(
        out,
        pagesize=A4,
        leftMargin=20 * mm,
        rightMargin=20 * mm,
        topMargin=16 * mm,
        bottomMargin=16 * mm,
        title=sheet.word("title"),
        subject=str(made.statement["order"]["id"]),
        invariant=1,
    )
    document.build(list(sheet.flow()))
    return out.getvalue()


def _register_fonts() -> None:
    for name in (_FONT, _BOLD):
        if name in pdfmetrics.getRegisteredFontNames():
            continue
        path = next(
            (path for folder in _FOLDERS if (path := _FONTS / folder / f"{name}.ttf").is_file()),
            None,
        )
        if path is None:
            raise FontError(f"{name}.ttf is not under {_FONTS}: apt install fonts-dejavu-core")
        try:
            pdfmetrics.registerFont(TTFont(name, str(path)))
        except TTFError as error:
            raise FontError(f"{path}: {error}") from None


class _Sheet:
    def __init__(self, statement: Mapping[str, Any], language: str, style: Style) -> None:
        self._said, self._language, self._style = statement, language, style
        self._body = ParagraphStyle("body", fontName=_FONT, fontSize=8.5, leading=11)
        self._head = ParagraphStyle("head", fontName=_BOLD, fontSize=10, leading=14, spaceBefore=6)
        self._title = ParagraphStyle("title", fontName=_BOLD, fontSize=15, leading=20)

    def word(self, name: str, **values: Any) -> str:
        return text(self._language, f"certificate-{name}", values)

    def flow(self) -> Iterator[Flowable]:
        said = self._said
        yield Paragraph(escape(self.word("title")), self._title)
        if said["authority"].get("example"):
            yield Paragraph(escape(self.word("example")), self._head)
        yield self._table(self._order())
        yield from self._section("authority", self._authority())
        for part in said["parts"]:
            yield from self._part(part)
        yield Spacer(1, 4 * mm)
        digest = hashlib.sha256(canonical(said)).hexdigest()
        for line in (self.word("judged"), f"{self.word('digest')}: {digest}", self.word("local")):
            yield Paragraph(escape(line), self._body)

    def _part(self, part: Mapping[str, Any]) -> Iterator[Flowable]:
        licensee = part["licensee"]
        yield from self._section(
            "site",
            [
                ("site", part["site"]),
                ("licensee", f"{licensee['name'] or ''} ({licensee['bin']})".strip()),
                ("gateway", part["gateway"]),
                ("stages", ", ".join(map(str, part["stages"])) or self.word("whole_site")),
                *([("cap", self._power(part["cap_w"]))] if "cap_w" in part else []),
            ],
        )
        if part["notice"] is not None:
            yield from self._section("notice", self._notice(part["notice"]))
        yield from self._section("acknowledged", list(self._signed(part)))
        yield Paragraph(escape(self.word("measured")), self._head)
        for measured in part["measured"]:
            yield self._table(self._measured(measured))
        if not part["measured"]:
            yield Paragraph(escape(self.word("not_measured")), self._body)
        if part["duration"] is not None:
            yield from self._section("duration", [("duration", self._lasted(part["duration"]))])
        if part["estimate"] is not None:
            yield from self._estimate(part["estimate"])

    def _order(self) -> list[tuple[str, str]]:
        order = self._said["order"]
        rows = [
            ("order", order["id"]),
            ("reason", self._term("order_reason", order["reason"])),
            ("why", order["why"]),
            ("reference", order["reference"]),
            ("rule", order["rule"]),
            ("official", order["official"]),
            ("drafted", self._by(order["drafted_by"], order["drafted_ms"])),
            ("approved", self._by(order["approved_by"], order["approved_ms"])),
            ("result", self._result(order["result"])),
        ]
        return [(name, value) for name, value in rows if value]

    def _authority(self) -> list[tuple[str, str]]:
        authority = self._said["authority"]
        rows = [
            ("authority", f"{authority['id']}: {authority.get('title', '')}"),
            ("document", authority["document_sha256"]),
        ]
        if "valid_from_ms" in authority:
            ends = (authority["valid_from_ms"], authority["valid_until_ms"])
            rows.append(("validity", " – ".join(self._style.moment(end) for end in ends)))
        return rows

    def _notice(self, notice: Mapping[str, Any]) -> list[tuple[str, str]]:
        proof = notice.get("proof")
        shown = self.word("no_proof") if not proof else ", ".join(map(str, proof.values()))
        return [
            ("notice", self._style.moment(notice["at_ms"])),
            ("channel", self._term("notice_channel", notice["channel"])),
            ("proof", shown),
        ]

    def _signed(self, part: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
        """What the gateway said, in the order of its own time."""
        found = [
            (each["at_ms"], each["position"], self._term("command_phase", each["phase"]))
            for each in part["acknowledgements"]
        ]
        found += [
            (
                each["at_ms"],
                each["position"],
                self.word("closed" if each["is_closed"] else "opened", stage=str(each["stage"])),
            )
            for each in part["contacts"]
        ]
        for at_ms, position, what in sorted(found):
            frame = self.word("frame", position=str(position))
            yield self._style.moment(at_ms), f"{what} — {frame}"

    def _measured(self, said: Mapping[str, Any]) -> list[tuple[str, str]]:
        rows = [("result", f"{self._style.moment(said['at_ms'])}: {self._result(said['result'])}")]
        if said["cause"]:
            rows.append(("cause", self._term("drop_cause", said["cause"])))
        if "credited_w" in said:
            rows += [
                ("stage_load", self._change(said["stage_before_w"], said["stage_after_w"])),
                ("site_load", self._change(said["site_before_w"], said["site_after_w"])),
                ("credited", self._power(said["credited_w"])),
                ("sigma", self._power(said["sigma_w"])),
            ]
        return rows

    def _estimate(self, said: Mapping[str, Any]) -> Iterator[Flowable]:
        style = self._style
        energy, error = (style.energy(Fraction(said[name])) for name in ("energy_wh", "error_wh"))
        rows = [("avoided", f"{energy} ± {error}")]
        if said["unmeasured_ms"]:
            rows.append(("unmeasured", style.seconds(Fraction(said["unmeasured_ms"], 1000))))
        yield from self._section("estimate", rows)
        yield Paragraph(escape(self.word(f"baseline-{said['baseline']}")), self._body)

    def _lasted(self, said: Mapping[str, Any]) -> str:
        start = self._style.moment(said["opened_ms"])
        if said["ended_ms"] is None:
            return f"{start} – {self.word('still_open')}"
        took = self._style.seconds(Fraction(said["ms"], 1000))
        return f"{start} – {self._style.moment(said['ended_ms'])}: {took}"

    def _change(self, before_w: float, after_w: float) -> str:
        return f"{self._power(before_w)} → {self._power(after_w)}"

    def _power(self, power_w: float) -> str:
        return self._style.power(Fraction(power_w))

    def _by(self, person: str | None, at_ms: int | None) -> str:
        return ", ".join(each for each in (person, at_ms and self._style.moment(at_ms)) if each)

    def _result(self, result: str | None) -> str:
        return "" if result is None else self._term("drop_result", result)

    def _term(self, kind: str, term: str) -> str:
        name = f"{kind}-{term}"
        return text(self._language, name) if has(self._language, name) else term

    def _section(self, name: str, rows: list[tuple[str, str]]) -> Iterator[Flowable]:
        yield Paragraph(escape(self.word(name)), self._head)
        if rows:
            yield self._table(rows)

    def _table(self, rows: list[tuple[str, str]]) -> Table:
        def label(name: str) -> str:
            known = f"certificate-{name}"
            return text(self._language, known) if has(self._language, known) else name

        cells = [
            [Paragraph(escape(label(name)), self._body), Paragraph(escape(str(value)), self._body)]
            for name, value in rows
        ]
        style = TableStyle(
            [
                ("VALIGN", (0, 0), (-1, -1), "TOP"),
                ("LINEBELOW", (0, 0), (-1, -1), 0.25, colors.lightgrey),
                ("TOPPADDING", (0, 0), (-1, -1), 1.5),
                ("BOTTOMPADDING", (0, 0), (-1, -1), 1.5),
            ]
        )
        return Table(cells, colWidths=_WIDTHS, style=style, hAlign="LEFT")

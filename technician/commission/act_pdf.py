"""The act (акт) as a sheet to be read and signed by hand: everything but the evidence."""

import hashlib
import tomllib
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from functools import cache
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

from collector.evidence.act import Act, Technician, canonical, read_act
from collector.evidence.cose import MAX_CONFIGURATION, ContentType, parse
from collector.evidence.errors import EvidenceError
from collector.evidence.keys import PublicKey
from technician.commission.procedure import LANGUAGES, read_procedure
from technician.faults import BagError, Code

_FONT, _BOLD = "DejaVuSans", "DejaVuSans-Bold"
_FONTS = Path("/usr/share/fonts")
_WIDTHS = (58 * mm, 112 * mm)
_ASTANA = timedelta(hours=5)


def write_sheet(act: bytes, root: bytes, language: str, out: Path) -> None:
    """The same act and language give the same bytes. Raises BagError."""
    if language not in LANGUAGES:
        raise BagError(Code.NOT_ASKED, f"--language is one of {', '.join(LANGUAGES)}")
    try:
        made, who = read_act(act, PublicKey(root))
    except EvidenceError as error:
        raise BagError(Code.ACT_REFUSED, f"{error.reason}: {error}") from None
    except ValueError as error:
        raise BagError(Code.NO_FILE, f"no root.pub: {error}") from None
    if missing := unpassed(made):
        raise BagError(Code.ACT_REFUSED, f"required, and not passed: {', '.join(missing)}")
    _register_fonts()
    sheet = _Sheet(made, who, language)
    document = SimpleDocTemplate(
        str(out),
        pagesize=A4,
        leftMargin=20 * mm,
        rightMargin=20 * mm,
        topMargin=16 * mm,
        bottomMargin=16 * mm,
        title=sheet.word("title"),
        subject=made.statement["gateway"],
        invariant=1,
    )
    document.build(list(sheet.flow()))


def unpassed(act: Act) -> list[str]:
    """The steps that its procedure requires, and whose last attempt did not pass."""
    procedure = read_procedure(act.statement["procedure"].encode(), "the act's procedure")
    body = parse(act.configuration, ContentType.CONFIGURATION, MAX_CONFIGURATION).payload
    last = {each["step"]: each["passed"] for each in act.statement["attempts"]}
    required = [step.id for step in procedure.steps if procedure.is_required(step, body)]
    return [step for step in required if last.get(step) is not True]


def _register_fonts() -> None:
    for name in (_FONT, _BOLD):
        path = next(iter(sorted(_FONTS.rglob(f"{name}.ttf"))), None)
        if path is None:
            why = f"{name}.ttf is not under {_FONTS}: apt install fonts-dejavu-core"
            raise BagError(Code.NO_FILE, why)
        try:
            pdfmetrics.registerFont(TTFont(name, str(path)))
        except TTFError as error:
            raise BagError(Code.NO_FILE, f"{path}: {error}") from None


@cache
def _words() -> dict[str, dict[str, str]]:
    found: dict[str, dict[str, str]] = tomllib.loads(
        Path(__file__).with_name("words.toml").read_text("utf-8")
    )
    return found


class _Sheet:
    def __init__(self, act: Act, who: Sequence[Technician], language: str) -> None:
        self._act, self._who, self._language = act, who, language
        self._said = act.statement
        self._procedure = read_procedure(self._said["procedure"].encode(), "the act's procedure")
        self._body = ParagraphStyle("body", fontName=_FONT, fontSize=8.5, leading=11)
        self._head = ParagraphStyle("head", fontName=_BOLD, fontSize=10, leading=14, spaceBefore=6)
        self._title = ParagraphStyle("title", fontName=_BOLD, fontSize=15, leading=20)

    def word(self, name: str) -> str:
        return _words()[name][self._language]

    def flow(self) -> Iterator[Flowable]:
        said = self._said
        yield Paragraph(escape(self.word("title")), self._title)
        yield self._table(
            [
                (self.word("site"), said["site"]),
                (self.word("zone"), said["zone"]),
                (self.word("gateway"), said["gateway"]),
                (self.word("ended"), self._moment(said["ended_ms"])),
            ]
        )
        yield Paragraph(escape(self.word("result")), self._head)
        yield Paragraph(escape(self.word("commissioned")), self._body)
        yield Paragraph(escape(self.word("steps")), self._head)
        for step in self._procedure.steps:
            yield from self._step(step.id, step.title.of(self._language))
        if said["files"]:
            yield Paragraph(escape(self.word("files")), self._head)
            yield self._table([(each["name"], each["sha256"]) for each in said["files"]])
        yield Paragraph(escape(self.word("signed")), self._head)
        yield self._table([(each.name, each.key.kid.hex()) for each in self._who])
        yield Spacer(1, 3 * mm)
        digest = hashlib.sha256(canonical(said)).hexdigest()
        for line in (f"{self.word('digest')}: {digest}", self.word("judged"), self.word("local")):
            yield Paragraph(escape(line), self._body)
        yield Spacer(1, 12 * mm)
        by_hand = [(f"______________________ {each.name}", "") for each in self._who]
        yield self._table(by_hand)

    def _step(self, step: str, title: str) -> Iterator[Flowable]:
        attempts = [each for each in self._said["attempts"] if each["step"] == step]
        if not attempts:
            yield self._table([(title, self.word("not_done"))])
            return
        last = attempts[-1]
        verdict = self._verdict(last["passed"])
        count = "" if len(attempts) == 1 else f", {self.word('attempts')}: {len(attempts)}"
        rows = [(title, f"{verdict}{count}, {self._moment(last['at_ms'])}")]
        for outcome in last["outcomes"]:
            told = outcome["facts"].items()
            facts = "; ".join(f"{self._fact(name)}: {self._value(each)}" for name, each in told)
            rows.append((f"— {self._verdict(outcome['passed'])}", facts or outcome["why"]))
        yield self._table(rows)

    def _verdict(self, passed: bool | None) -> str:
        return self.word({True: "passed", False: "failed", None: "not_judged"}[passed])

    def _fact(self, name: str) -> str:
        first, _, of = name.partition("/")
        known = _words().get(f"fact-{first}")
        return name if known is None else f"{known[self._language]} {of}".strip()

    def _value(self, value: str | int) -> str:
        known = _words().get(f"value-{value}")
        return str(value) if known is None else known[self._language]

    def _moment(self, at_ms: int) -> str:
        at = datetime.fromtimestamp(at_ms / 1000, UTC) + _ASTANA
        return f"{at:%d.%m.%Y %H:%M:%S}"

    def _table(self, rows: Sequence[tuple[str, Any]]) -> Table:
        cells = [
            [Paragraph(escape(str(each)), self._body) for each in row] for row in rows
        ]  # fmt: skip
        style = TableStyle(
            [
                ("VALIGN", (0, 0), (-1, -1), "TOP"),
                ("LINEBELOW", (0, 0), (-1, -1), 0.25, colors.lightgrey),
                ("TOPPADDING", (0, 0), (-1, -1), 1.5),
                ("BOTTOMPADDING", (0, 0), (-1, -1), 1.5),
            ]
        )
        return Table(cells, colWidths=_WIDTHS, style=style, hAlign="LEFT")

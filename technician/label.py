"""`esep device label`: what is glued onto a housing, as PDF; its code alone, as PNG."""

from pathlib import Path
from typing import Annotated

import segno
import typer
from reportlab.lib.units import mm
from reportlab.pdfgen.canvas import Canvas

from collector.evidence.downlink import read_enrolment
from collector.evidence.errors import EvidenceError
from collector.evidence.work_order import Enrolled
from technician.base_image import read_file
from technician.faults import BagError, Code

_WIDTH, _HEIGHT, _MARGIN = 70 * mm, 35 * mm, 2.5 * mm
_CODE = _HEIGHT - 2 * _MARGIN
_LINE = 3.2 * mm
_PIXELS = 8
_QUIET = 4
"""Modules of white around a code, as ISO/IEC 18004 asks for."""


def label(
    enrolment: Annotated[Path, typer.Argument(help="what `esep device enrol` wrote")],
    out: Annotated[Path, typer.Option(help="a new file, PDF; the code is beside it as PNG")],
) -> None:
    """Print a gateway's label: its id, the thumbprint of its key, both in a QR code."""
    try:
        for path in (out, out.with_suffix(".png")):
            if path.exists():
                raise BagError(Code.FILE_EXISTS, f"{path} is there already")
        key = read_enrolment(Enrolled.of_file(read_file(enrolment)).enrolment)[0]
        write_label(key.thumbprint, out)
    except EvidenceError as error:
        typer.echo(f"{enrolment}: {error.reason}: {error}", err=True)
        raise typer.Exit(2) from None
    except BagError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(error.exit_code) from None
    typer.echo(f"{out}, 70 x 35 mm, and {out.with_suffix('.png')}")


def code_text(thumbprint: bytes) -> str:
    """What the QR code says: the id is the thumbprint's first 8 bytes. Capitals take less room."""
    return f"ESEP:{thumbprint.hex().upper()}"


def write_label(thumbprint: bytes, out: Path) -> None:
    """`out`: PDF; the code alone beside it as PNG."""
    code = segno.make_qr(code_text(thumbprint), error="q")
    code.save(str(out.with_suffix(".png")), scale=_PIXELS, border=_QUIET)
    canvas = Canvas(str(out), pagesize=(_WIDTH, _HEIGHT), invariant=True)
    canvas.setTitle(f"Esep gateway {thumbprint[:8].hex()}")
    _draw(canvas, [list(row) for row in code.matrix])
    left, line = _MARGIN + _CODE + _MARGIN, _HEIGHT - 2 * _LINE
    for size, text in (
        (10, "ESEP"),
        (8, "gateway"),
        (7.5, _grouped(thumbprint[:8].hex())),
        (6, "key"),
        *((6, _grouped(part)) for part in _halves(thumbprint.hex())),
    ):
        canvas.setFont("Courier-Bold", size)
        canvas.drawString(left, line, text)
        line -= _LINE
    canvas.save()


def _draw(canvas: Canvas, rows: list[list[int]]) -> None:
    side = _CODE / (len(rows) + 2 * _QUIET)
    for y, row in enumerate(rows):
        for x, is_dark in enumerate(row):
            if is_dark:
                left = _MARGIN + (x + _QUIET) * side
                bottom = _MARGIN + (len(rows) - 1 - y + _QUIET) * side
                canvas.rect(left, bottom, side, side, stroke=0, fill=1)


def _halves(text: str) -> list[str]:
    return [text[at : at + 16] for at in range(0, len(text), 16)]


def _grouped(text: str) -> str:
    return " ".join(text[at : at + 4] for at in range(0, len(text), 4))

"""Sheets, CSV or XLSX, read safely into rows of texts with their places, and written."""

from collector.registry.sheets.cells import Row, Sheet, SheetError, column_letters, place
from collector.registry.sheets.csv_text import read_csv
from collector.registry.sheets.workbook import read_xlsx
from collector.registry.sheets.writing import write_csv, write_xlsx

FILE_MAX = 512 << 20
_OLE = bytes.fromhex("d0cf11e0a1b11ae1")
_OPENDOCUMENT = b"mimetypeapplication/vnd.oasis.opendocument"

__all__ = [
    "Row",
    "Sheet",
    "SheetError",
    "column_letters",
    "place",
    "read_sheet",
    "write_csv",
    "write_xlsx",
]


def read_sheet(
    content: bytes,
    *,
    sheet: str | None = None,
    encoding: str | None = None,
    delimiter: str | None = None,
) -> Sheet:
    """The rows of a file, of which its first bytes say whether it is XLSX or CSV.

    `sheet` chooses one of a workbook; `encoding` and `delimiter` are a CSV's. Raises SheetError.
    """
    if not content.strip():
        raise SheetError("the file is empty; it needs a row of column names, and rows below")
    if len(content) > FILE_MAX:
        raise SheetError(f"it has more than {FILE_MAX >> 20} MiB; split it")
    if content.startswith(_OLE):
        raise SheetError("it is an old .xls, or has a password; save it as .xlsx without one")
    if content.startswith(b"PK"):
        if _OPENDOCUMENT in content[:120]:
            raise SheetError("it is an OpenDocument file; save it as .xlsx or .csv")
        return read_xlsx(content, sheet)
    if content.startswith(b"%PDF"):
        raise SheetError("it is a PDF; a CSV or XLSX is needed")
    return read_csv(content, encoding, delimiter)

"""Pages as HTML, escaped; the board among them."""

from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from collector.model.health import ERASURES
from collector.web import wording
from collector.web.view_model import Board

ROOM = Path(__file__).parent

PAGES = Environment(
    loader=FileSystemLoader(ROOM / "templates"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
PAGES.filters |= {
    name: getattr(wording, name)
    for name in (
        "clock",
        "when",
        "other_day",
        "date_clock",
        "span",
        "countdown",
        "elapsed",
        "megawatt",
        "grouped",
        "signed",
        "kilowatt_hours",
        "utc_offset",
        "ratio",
        "percent",
        "ppm",
        "rooms",
    )
}
PAGES.globals |= {
    name: getattr(wording, name)
    for name in (
        "AILMENTS",
        "BREAKS",
        "DOUBTS",
        "CONDITIONS",
        "IDENTITIES",
        "OUTCOMES",
        "DROPS",
        "DROP_CAUSES",
        "INTERLOCKS",
        "STAGES",
        "REASONS",
        "SEVERITIES",
        "NO_VALUE",
    )
}


PAGES.globals["ERASURES"] = ERASURES
PAGES.globals["say"] = wording.say


def page(board: Board) -> str:
    """The whole document, good without scripts."""
    return PAGES.get_template("page.html").render(board=board)


def fragment(board: Board) -> str:
    """What changes: the sections inside the page's `main`."""
    return PAGES.get_template("board.html").render(board=board)

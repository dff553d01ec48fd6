"""Pages as HTML, escaped, in each language; the board among them."""

from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from collector.model.health import ERASURES
from collector.web import notation, signs
from collector.web.view_model import Board
from collector.web.wording import Wording
from collector.words.figures import STYLES
from collector.words.languages import NAMES, NONE

ROOM = Path(__file__).parent

_FILTERS = (
    "clock",
    "when",
    "other_day",
    "date_clock",
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
)
_SIGNS = (
    "CONDITIONS",
    "DROPS",
    "FINDING_STATES",
    "IDENTITIES",
    "INTERLOCKS",
    "OUTCOMES",
    "SEVERITIES",
    "STAGES",
)
_WORDS = ("word", "term", "said", "rule", "release", "span", "ago")


@cache
def pages(language: str) -> Environment:
    """The templates, that speak one language."""
    made = Environment(
        loader=FileSystemLoader(ROOM / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    wording = Wording(language)
    made.filters |= {name: getattr(notation, name) for name in _FILTERS}
    made.globals |= {name: getattr(signs, name) for name in _SIGNS}
    made.globals |= {name: getattr(wording, name) for name in _WORDS}
    made.globals |= {
        "language": language,
        "languages": NAMES,
        "style": STYLES[language],
        "ERASURES": ERASURES,
        "NO_VALUE": notation.NO_VALUE,
        "NONE": NONE,
    }
    return made


def page(board: Board, language: str) -> str:
    """The whole document, good without scripts."""
    return pages(language).get_template("page.html").render(board=board)


def fragment(board: Board, language: str) -> str:
    """What changes: the sections inside the page's `main`."""
    return pages(language).get_template("board.html").render(board=board)

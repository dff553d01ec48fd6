"""The tables of docs/findings.md, from what the program uses. Run it to write them there."""

from collections.abc import Iterable, Mapping
from pathlib import Path

from collector.checks.codes import LASTING, Code
from collector.checks.findings import RUNS, Finding
from collector.checks.life import TRANSITIONS, Transition
from collector.checks.placeholders import DETAILS
from collector.words.of_findings import action, title

DOCUMENT = Path(__file__).parents[2] / "docs" / "findings.md"


def tables() -> dict[str, str]:
    """Markdown by the name that stands in the document around it."""
    return {"codes": _codes(), "life": _life(), "placeholders": _placeholders()}


def filled(document: str, found: Mapping[str, str]) -> str:
    """The document with its tables as they are now."""
    for name, text in found.items():
        begin, end = f"<!-- {name} -->\n", f"<!-- /{name} -->"
        head, _, rest = document.partition(begin)
        document = head + begin + text + end + rest.partition(end)[2]
    return document


def _codes() -> str:
    rows = []
    for code in Code:
        kind = "while it lasts" if code in LASTING else "once"
        if code in RUNS:
            kind += "; a run is one"
        severity = Finding(code, "", 0, 0, {}).severity
        rows.append((f"`{code}`", severity, kind, title("en", code), action("en", code)))
    return table(("code", "severity", "seen", "it means", "look at"), rows)


def _life() -> str:
    rows = [
        (
            f"`{row.verb}`",
            row.party,
            row.meaning,
            ", ".join(row.sources),
            row.target,
            "; ".join(_conditions(row)),
        )
        for row in TRANSITIONS.values()
    ]
    return table(("step", "by", "who", "from", "to", "needs"), rows)


def _conditions(row: Transition) -> Iterable[str]:
    if row.party != "collector":
        yield "a person and a reason"
    if row.needs_reference:
        yield "a reference"
    if row.within_policy:
        yield "within `dispute_days`"
    if row.only_over:
        yield "no longer seen"
    if row.party == "operator":
        yield "another person than who spoke for the licensee"


def _placeholders() -> str:
    rows = [
        (f"`{code}`", ", ".join(f"`{name}` ({kind})" for name, kind in DETAILS[code].items()))
        for code in Code
    ]
    return table(("code", "details"), rows)


def table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    """Of Markdown."""
    lines = [head, tuple("---" for _ in head), *rows]
    return "".join(f"| {' | '.join(cells)} |\n" for cells in lines)


if __name__ == "__main__":
    DOCUMENT.write_text(filled(DOCUMENT.read_text(), tables()))

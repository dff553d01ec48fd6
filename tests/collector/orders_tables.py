"""The tables of docs/orders.md, from what the program uses. Run it to write them there."""

from pathlib import Path

from findings_tables import table

from collector.model.order import LIFE, OVER
from collector.model.priorities import PRIORITIES, Fate, meet
from collector.model.records import ESCALATION, Situation
from collector.orders.rules import RENEWAL, RULES
from collector.words.languages import text

DOCUMENT = Path(__file__).parents[2] / "docs" / "orders.md"


def tables() -> dict[str, str]:
    """Markdown by the name that stands in the document around it."""
    return {
        "life": _life(),
        "priorities": _priorities(),
        "preemption": _preemption(),
        "escalation": _escalation(),
        "rules": _rules(),
    }


def _life() -> str:
    rows = [
        (
            f"`{row.step}`",
            "order" if row.is_whole else "part",
            row.by,
            ", ".join(row.sources) or "—",
            row.meaning + (" (over)" if row.step in OVER else ""),
        )
        for row in LIFE.values()
    ]
    return table(("step", "of the", "by", "after", "it means"), rows)


def _priorities() -> str:
    def mark(holds: bool) -> str:
        return "yes" if holds else ""

    rows = [
        (
            f"`{row.reason}`",
            text("en", f"order_reason-{row.reason}"),
            row.ends,
            mark(row.overrides_min_on),
            mark(row.is_limited),
            mark(row.needs_reference),
        )
        for row in PRIORITIES.values()
    ]
    head = (
        "reason",
        "",
        "it ends",
        "overrides the minimum on time",
        "limited",
        "needs a reference",
    )
    return table(head, rows)


def _preemption() -> str:
    rows = [(f"`{one}`", *(_cell(meet(one, other)) for other in PRIORITIES)) for one in PRIORITIES]
    return table(("", *(f"`{reason}`" for reason in PRIORITIES)), rows)


def _cell(meeting: object) -> str:
    owner, fate = meeting.owner, meeting.fate  # type: ignore[attr-defined]
    return str(fate) if fate is Fate.MERGED else f"{owner}; the other is {fate}"


def _escalation() -> str:
    rows = [
        (
            f"`{situation}`",
            text("en", f"situation-{situation}"),
            "; ".join(
                f"after {row.after_s} s {row.remedy}" if row.after_s else f"at once {row.remedy}"
                for row in ESCALATION
                if row.situation is situation
            ),
        )
        for situation in Situation
    ]
    return table(("situation", "", "what is done"), rows)


def _rules() -> str:
    rules = (*RULES.values(), RENEWAL)
    rows = [(f"`{rule.reason}`", str(rule.version), rule.text) for rule in rules]
    return table(("reason", "version", "rule"), rows)


if __name__ == "__main__":
    from findings_tables import filled

    DOCUMENT.write_text(filled(DOCUMENT.read_text(), tables()))

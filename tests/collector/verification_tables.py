"""The tables of docs/verification.md, from what the program uses. Run it to write them there."""

import json
from pathlib import Path

from collector_world import POLICY
from findings_tables import filled, table

from collector.model.order import DropCause, DropResult
from collector.model.records import DropThresholds
from collector.words.languages import text

DOCUMENT = Path(__file__).parents[2] / "docs" / "verification.md"
_MEANINGS = {
    "load_sigmas": "a prior load of fewer σ proves nothing, at the stage and at the boundary",
    "boundary_sigmas": "so many σ of the boundary count in favour of the stage",
    "off_w": "a stage that drew no more before was off, W",
    "response_ms": "how old an instrument's value may be where its profile does not say, ms",
    "dark_permille": "of the voltage before; below it the site is without supply, ‰",
    "shifted_permille": "own generation that moved by so much of the prior load is the cause, ‰",
    "hysteresis_permille": "by so much beyond a threshold a result must be missed to be lost, ‰",
    "look_s": "how often a cut that holds is judged again, s",
}


def tables() -> dict[str, str]:
    """Markdown by the name that stands in the document around it."""
    return {"results": _results(), "causes": _causes(), "thresholds": _thresholds()}


def _results() -> str:
    full, partial = (
        f"{permille / 10:g} %" for permille in (POLICY.full_permille, POLICY.partial_permille)
    )
    sigmas = DropThresholds().load_sigmas
    rules = {
        DropResult.FULL: f"the load fell by {full} or more of what it was",
        DropResult.PARTIAL: f"by {partial} or more, and less than {full}",
        DropResult.NONE: f"by less than {partial}",
        DropResult.UNVERIFIABLE: f"the prior load is under {sigmas} σ, or something below hides it",
    }
    rows = [(f"`{result}`", text("en", f"drop_result-{result}"), rules[result]) for result in rules]
    return table(("result", "", "rule"), rows)


def _causes() -> str:
    rows = [(f"`{cause}`", text("en", f"drop_cause-{cause}")) for cause in DropCause]
    return table(("cause", "it means"), rows)


def _thresholds() -> str:
    values = json.loads(DropThresholds().model_dump_json())
    rows = [
        (f"`drop.{name}`", str(values[name]), _MEANINGS[name])
        for name in DropThresholds.model_fields
    ]
    return table(("policy", "ships as", "it means"), rows)


if __name__ == "__main__":
    DOCUMENT.write_text(filled(DOCUMENT.read_text(), tables()))

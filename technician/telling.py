"""How a command ends: what was found, in words or as JSON, and an honest exit code."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

import typer

from technician.checks.outcome import Outcome

NOT_JUDGED = 3
_VERDICTS = {True: "pass", False: "FAIL", None: "not judged"}


def exit_code(outcomes: Sequence[Outcome]) -> int:
    """0: all passed; 1: one failed; 3: none failed, and one could not be judged."""
    if any(each.passed is False for each in outcomes):
        return 1
    return NOT_JUDGED if any(each.passed is None for each in outcomes) else 0


def tell(outcomes: Sequence[Outcome], found: Mapping[str, Any], *, as_json: bool) -> None:
    """Raises typer.Exit unless all passed. `found`: what JSON holds beside the outcomes."""
    code = exit_code(outcomes)
    if as_json:
        told = [asdict(each) for each in outcomes]
        typer.echo(json.dumps({"ok": code == 0, **found, "outcomes": told}, indent=2))
    else:
        for each in outcomes:
            typer.echo(f"{_VERDICTS[each.passed]:10}  {each.check}: {each.why}")
            if each.cure is not None:
                typer.echo(f"            → {each.cure}")
    if code:
        raise typer.Exit(code)

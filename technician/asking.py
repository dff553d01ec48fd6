"""Guided mode: one thing at a time, in a terminal; what is missing is named elsewhere."""

import typer

from technician.faults import BagError, Code


def given(value: object, name: str, question: str, *, ask: bool) -> str:
    """Raises BagError when it was not given, and nobody can be asked."""
    if value is not None:
        return str(value)
    if not ask:
        raise BagError(Code.NOT_ASKED, f"{name} is missing")
    return str(typer.prompt(question)).strip()

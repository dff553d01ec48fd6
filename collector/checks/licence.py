"""Whether a site may mine at a moment."""

from collections.abc import Sequence

from collector.model.records import Licence


def unlicensed_since(licences: Sequence[Licence], at_ms: int) -> int | None:
    """When the last licence that named the site ended; None while one is in force.

    0 when none has ever been in force by then.
    """
    if any(licence.valid_from <= at_ms < licence.valid_until for licence in licences):
        return None
    return max((entry.valid_until for entry in licences if entry.valid_until <= at_ms), default=0)

"""Whether a site may mine at a moment."""

from collections.abc import Sequence

from collector.model.records import Licence


def is_licensed(licences: Sequence[Licence], at_ms: int) -> bool:
    """Whether one of the licences that name the site is in force."""
    return any(licence.valid_from <= at_ms < licence.valid_until for licence in licences)


def last_end(licences: Sequence[Licence], at_ms: int) -> int | None:
    """When the last of them to end by then ended; None when none has."""
    return max(
        (entry.valid_until for entry in licences if entry.valid_until <= at_ms), default=None
    )

"""What a check of a site came to: for who stands there, and for the signed record."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Outcome:
    """`check`: an id that stays. `passed`: None when it could not be judged.

    `why` and `cure` are words for a person; `facts` are exact, numbers as text or whole.
    """

    check: str
    passed: bool | None
    why: str
    cure: str | None
    facts: Mapping[str, str | int]

"""In which order a bus is searched: the likely first, so that the usual case ends in seconds."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product

from collector.model.profile import Profile
from technician.bus import Line
from technician.faults import BagError, Code

EVERY_UNIT = range(1, 248)
USUAL_UNITS = (*range(1, 11), 100, 126, 247)
"""What makers deliver and technicians set."""
BAUDS = (9600, 19200, 38400, 115200, 57600, 4800, 2400, 1200)
_FORMS = (("none", 1), ("even", 1), ("none", 2), ("odd", 1), ("even", 2), ("odd", 2))
WAIT_MS = 100
_QUESTION_CHARACTERS, _BITS = 8, 11


@dataclass(frozen=True)
class Step:
    """These units are asked on this line."""

    line: Line
    units: tuple[int, ...]

    @property
    def most_s(self) -> float:
        """How long it takes when nothing answers."""
        question_s = _QUESTION_CHARACTERS * _BITS / self.line.baud
        return len(self.units) * (WAIT_MS / 1000 + question_s + 0.01)


def lines(profiles: Sequence[Profile], bauds: Sequence[int] | None) -> list[Line]:
    """First those that makers deliver, the commonest before; then by `BAUDS`."""
    delivered = [Line.of(profile.transport) for profile in profiles]
    common = sorted(set(delivered), key=lambda line: (-delivered.count(line), str(line)))
    every = [Line(baud, *form) for form, baud in product(_FORMS, bauds or BAUDS)]
    allowed = common if bauds is None else [line for line in common if line.baud in bauds]
    return list(dict.fromkeys([*allowed, *every]))


def steps(order: Sequence[Line], units: Sequence[int]) -> Iterator[Step]:
    """The usual units on every line, then the rest on each."""
    usual = tuple(unit for unit in USUAL_UNITS if unit in units)
    rest = tuple(unit for unit in units if unit not in usual)
    for chosen in (usual, rest):
        if chosen:
            yield from (Step(line, chosen) for line in order)


def parse_units(text: str) -> list[int]:
    """Of "1-10,126" each once, in order. Raises BagError."""
    found: dict[int, None] = {}
    for part in text.split(","):
        first, _, last = part.strip().partition("-")
        if not first.isdigit() or not (last or first).isdigit():
            raise BagError(Code.WRONG_VALUE, f"{part!r} is no address: write them like 1-10,126")
        span = range(int(first), int(last or first) + 1)
        if not span or span[0] not in EVERY_UNIT or span[-1] not in EVERY_UNIT:
            raise BagError(Code.WRONG_VALUE, f"{part!r}: addresses are from 1 to 247")
        found |= dict.fromkeys(span)
    return list(found)


def parse_bauds(text: str) -> list[int]:
    """Raises BagError."""
    parts = [part.strip() for part in text.split(",")]
    if not all(part.isdigit() and int(part) in BAUDS for part in parts):
        known = ", ".join(map(str, sorted(BAUDS)))
        raise BagError(Code.WRONG_VALUE, f"{text!r}: there are {known} baud")
    return [int(part) for part in parts]

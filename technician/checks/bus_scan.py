"""What answers on a bus: one device at each address, or something is wrong with the line."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from technician.checks.outcome import Outcome

CHECK = "bus-scan"

_SHOWN_BYTES = 8


@dataclass(frozen=True)
class Answered:
    """What was heard to questions to one unit; `place` as words say it."""

    place: str
    unit: int
    asked: int
    clean: int
    twice: int
    noise: bytes
    first_ms: int | None

    @classmethod
    def of_board(cls, place: str, told: Mapping[str, Any]) -> "Answered":
        """Of a line that the survey of the firmware tells."""
        return cls(
            place,
            told["to"],
            told["asked"],
            told["clean"],
            told["twice"],
            bytes.fromhex(told["noise"]),
            told["ms"],
        )

    @property
    def is_device(self) -> bool:
        """One device, alone at its address."""
        return self.clean == self.asked and not self.twice

    @property
    def is_collision(self) -> bool:
        return bool(self.twice) or 0 < self.clean < self.asked

    def words(self) -> str:
        if self.is_device:
            return f"address {self.unit} answers"
        if self.twice:
            return f"address {self.unit} answers twice: two devices have it"
        heard = self.noise[:_SHOWN_BYTES].hex(" ")
        if self.clean:
            return f"address {self.unit} answers {self.clean} of {self.asked} times ({heard})"
        return f"address {self.unit}: garbage ({heard})"


def judged(
    found: Sequence[Answered],
    unsearched: Iterable[str] = (),
    expected: Collection[int] = (),
) -> Outcome:
    """`unsearched`: places where nothing but noise was; `expected`: units of the work order."""
    devices = [each for each in found if each.is_device]
    spoken = {each.place for each in devices}
    # where others are understood, garbage is no wrong speed or parity
    collisions = [
        each for each in found if each.is_collision or (not each.is_device and each.place in spoken)
    ]
    garbage = [each for each in found if not each.is_device and each not in collisions]
    noisy = list(unsearched)
    missing = [unit for unit in expected if unit not in {each.unit for each in found}]
    facts: dict[str, str | int] = {
        "devices": " ".join(f"{each.unit}@{each.place}" for each in devices),
        "collisions": " ".join(f"{each.unit}@{each.place}" for each in collisions),
        "garbage": " ".join(f"{each.unit}@{each.place}" for each in garbage),
        "noisy": " ".join(noisy),
        "missing": " ".join(map(str, missing)),
    }
    said = "; ".join(f"{each.place}: {each.words()}" for each in found)
    if collisions:
        return Outcome(
            CHECK,
            False,
            said,
            "two devices have one address, or the line is bad: take one of them off the bus; if it"
            " then answers always, give one another address; if not, look at the terminators (120"
            " Ω at both ends, nowhere else), at A and B, and at the shield",
            facts,
        )
    if missing:
        return Outcome(
            CHECK,
            False,
            f"nothing at {', '.join(f'address {unit}' for unit in missing)}. {said}",
            "look at the device's supply, its address and speed on its display, and whether A and B"
            " are exchanged",
            facts,
        )
    if not devices and (garbage or noisy):
        return Outcome(
            CHECK,
            False,
            said or f"nothing but noise at {', '.join(noisy)}",
            "something speaks and is not understood: another speed or parity, another master on the"
            " bus (take it off), A and B exchanged, or no terminators",
            facts,
        )
    if not devices:
        return Outcome(
            CHECK,
            False,
            "nothing answers",
            "look at the device's supply, at A and B (exchange them once), and whether its display"
            " says that Modbus is on; search with --all",
            facts,
        )
    return Outcome(CHECK, True, said, None, facts)

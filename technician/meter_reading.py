"""A meter's registers as a board read them, by a profile: the values, and who it says it is."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

from collector.model import decoding
from collector.model.decoding import Layout, Register
from collector.model.energy import Quantity
from collector.model.profile import Profile

_NO_BYTES = (2, 3)
"""Qualities without bytes: no answer, exception."""
_NO_ANSWER = 2


@dataclass(frozen=True)
class MeterReading:
    """`quality`: of each quantity, as a frame has it; `raw`: the bytes of those that answered."""

    profile: Profile
    raw: bytes
    quality: bytes
    identity_raw: bytes = b""
    identity_quality: bytes | None = b""
    fault: str = ""
    answered_twice: bool = False

    @classmethod
    def of_board(cls, profile: Profile, told: Mapping[str, Any]) -> "MeterReading":
        """What the survey of the firmware tells."""
        identity = told["identity_codes"]
        return cls(
            profile,
            bytes.fromhex(told["values"]),
            bytes.fromhex(told["codes"]),
            bytes.fromhex(told["identity"]),
            None if identity is None else bytes.fromhex(identity),
            told["fault"],
            told["twice"],
        )

    @property
    def is_silent(self) -> bool:
        return all(code == _NO_ANSWER for code in self.quality)

    @property
    def answered(self) -> int:
        """How many quantities were read."""
        return sum(code not in _NO_BYTES for code in self.quality)

    def parts(self) -> dict[str, bytes]:
        """The bytes of what was read, by name."""
        found, start = {}, 0
        for register, code in zip(self.profile.registers, self.quality, strict=True):
            if code not in _NO_BYTES:
                found[register.name] = self.raw[start : start + register.layout.size]
                start += register.layout.size
        return found

    def values(self, ct: Fraction, vt: Fraction) -> dict[str, Quantity]:
        """By name; raises ReadingError when the bytes do not fit the profile."""
        return decoding.quantities(self.profile.registers, self.raw, self.quality, ct, vt)

    def turned(
        self, ct: Fraction, vt: Fraction, *, words: bool, octets: bool
    ) -> dict[str, Quantity]:
        """The values, were the order of words, or of the bytes in each, the other one."""
        registers = tuple(_turned(each, words, octets) for each in self.profile.registers)
        return decoding.quantities(registers, self.raw, self.quality, ct, vt)

    def identity(self) -> dict[str, str | Fraction]:
        """What the meter says it is; a name is missing where it says nothing."""
        if not self.profile.identity or self.identity_quality == b"":
            return {}
        return self.profile.decode_identity(self.identity_raw, self.identity_quality)


def turned_layout(layout: Layout, *, words: bool, octets: bool) -> Layout:
    return replace(
        layout,
        low_word_first=layout.low_word_first != words,
        low_byte_first=layout.low_byte_first != octets,
    )


def _turned(register: Register, words: bool, octets: bool) -> Register:
    return replace(register, layout=turned_layout(register.layout, words=words, octets=octets))

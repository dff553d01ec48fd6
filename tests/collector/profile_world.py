"""Profiles made for a test, and an encoder that shares nothing with the decoder."""

import math
from fractions import Fraction
from typing import Any

from collector.model.energy import Quantity
from collector.model.profile import Profile

ONE, CT, VT = Fraction(1), Fraction(400, 5), Fraction(6000, 100)
ORDERS = ["high_first", "low_first"]
REGISTERS = {"16": 1, "32": 2, "64": 4}
GOOD, STALE, NO_ANSWER, EXCEPTION, OUT_OF_RANGE, DOUBTFUL = range(6)

HEAD = """
schema = 2
name = "vendor-test"
vendor = "v"
model = "m"
protocol = "modbus"
status = "confirmed"
[instrument]
connection = "transformer"
wiring = ["3P3W", "3P4W"]
max_current_a = 6
active_energy_class = "0.5S"
[transport]
baud = 9600
parity = "even"
stop_bits = 1
tcp = false
[request]
function = 3
address_base = 1
max_registers = 125
timeout_ms = 300
gap_ms = 10
turnaround_ms = 20
jitter_ms = 5
"""


def entry(fields: dict[str, Any]) -> str:
    literals = {True: "true", False: "false"}
    written = [
        f"{key} = {literals[value] if isinstance(value, bool) else repr(value)}"
        for key, value in fields.items()
    ]
    return "{ " + ", ".join(written) + " },"


def profile(
    *quantities: dict[str, Any],
    identity: tuple[dict[str, Any], ...] = (),
    default: str = '{ word_order = "high_first", side = "primary" }',
    request: str = "",
) -> Profile:
    """Quantities q0, q1 … of which the even ones are part of intervals, unless they say other."""
    listed = [
        {
            "name": f"q{number}",
            "address": 100 + 4 * number,
            "unit": "Wh",
            "scale": "1",
            "quantum": "1",
            "interval": number % 2 == 0,
        }
        | fields
        for number, fields in enumerate(quantities)
    ]
    file = [
        HEAD + request,
        "[registers]",
        f"default = {default}",
        "quantity = [",
        *map(entry, listed),
        "]",
        "identity = [",
        *map(entry, identity),
        "]",
    ]
    return Profile.parse("\n".join(file).encode())


def words(number: int, registers: int, word_order: str, byte_order: str = "high_first") -> bytes:
    """Registers by shifting; `number` holds the bits of the value, however it means them."""
    ordered = [(number >> 16 * place) & 0xFFFF for place in range(registers)]
    if word_order == "high_first":
        ordered.reverse()
    raw = []
    for word in ordered:
        high, low = word >> 8, word & 0xFF
        raw += [high, low] if byte_order == "high_first" else [low, high]
    return bytes(raw)


def bits(value: float, kind: str = "float32") -> int:
    """By arithmetic on sign, exponent and fraction; zero and infinities as tables have them."""
    width, exponent_bits, fraction_bits = {"float32": (32, 8, 23), "float64": (64, 11, 52)}[kind]
    every = (1 << exponent_bits) - 1
    sign = int(math.copysign(1, value) < 0) << (width - 1)
    if math.isnan(value):
        return (every << fraction_bits) | 1
    if math.isinf(value):
        return sign | every << fraction_bits
    if value == 0:
        return sign
    fraction, exponent = math.frexp(abs(value))
    biased = exponent - 1 + (1 << (exponent_bits - 1)) - 1
    mantissa = round((fraction * 2 - 1) * (1 << fraction_bits))
    return sign | biased << fraction_bits | mantissa


def read(
    found: Profile, raw: bytes, ct: Fraction = ONE, vt: Fraction = ONE, quality: bytes | None = None
) -> dict[str, Quantity]:
    return found.decode(raw, quality, interval=False, ct=ct, vt=vt)


def only(found: Profile, raw: bytes, ct: Fraction = ONE, vt: Fraction = ONE) -> Fraction | None:
    values = read(found, raw, ct, vt)
    return values["q0"].value if values else None

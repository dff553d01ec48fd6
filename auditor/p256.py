"""ECDSA verification on NIST P-256 (FIPS 186-5, SEC 1 §4.1.4), in Python integers.

Nothing here is secret: a verifier holds public keys only, so time may depend on the numbers.
"""

from functools import lru_cache
from typing import TypeAlias

P = 0xFFFFFFFF00000001000000000000000000000000FFFFFFFFFFFFFFFFFFFFFFFF
"""The field: coordinates are taken modulo P."""
A = P - 3
B = 0x5AC635D8AA3A93E7B3EBBD55769886BC651D06B0CC53B0F63BCE3C3E27D2604B
"""The curve: y² = x³ + A·x + B."""
N = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
"""The number of points on the curve."""

Affine: TypeAlias = tuple[int, int]
Jacobian: TypeAlias = tuple[int, int, int]
"""(X, Y, Z) stands for the point (X/Z², Y/Z³); Z is 0 for the point at infinity."""

G: Affine = (
    0x6B17D1F2E12C4247F8BCE6E563A440F277037D812DEB33A0F4A13945D898C296,
    0x4FE342E2FE1A7F9B8EE7EB4A7C0F9E162BCE33576B315ECECBB6406837BF51F5,
)
INFINITY: Jacobian = (1, 1, 0)
HEX_DIGITS = 64


def is_on_curve(point: Affine) -> bool:
    x, y = point
    return 0 <= x < P and 0 <= y < P and (y * y - (x * x * x + A * x + B)) % P == 0


def verify(key: Affine, digest: bytes, r: int, s: int) -> bool:
    """Whether (r, s) is a signature by `key` over the 32 bytes of a SHA-256 digest."""
    if not (1 <= r < N and 1 <= s < N and is_on_curve(key)):
        return False
    inverse = pow(s, -1, N)
    u1 = int.from_bytes(digest, "big") * inverse % N
    u2 = r * inverse % N
    x, _, z = _add_multiple(_add_multiple(INFINITY, u1, G), u2, key)
    return z != 0 and x * pow(z, -2, P) % P % N == r


def _add_multiple(point: Jacobian, scalar: int, base: Affine) -> Jacobian:
    """point + scalar · base: one addition for each hexadecimal digit of the scalar."""
    for digit_index, multiples in enumerate(_multiples(base)):
        digit = scalar >> (4 * digit_index) & 0xF
        if digit:
            point = _add(point, multiples[digit - 1])
    return point


@lru_cache(maxsize=256)
def _multiples(base: Affine) -> tuple[tuple[Affine, ...], ...]:
    """For each hexadecimal digit index i: base · 16^i times 1, 2, … 15."""
    table = []
    for _ in range(HEX_DIGITS):
        row = [base]
        for _ in range(14):
            row.append(_affine(_add((*row[-1], 1), base)))
        table.append(tuple(row))
        base = _affine(_add((*row[-1], 1), base))
    return tuple(table)


def _add(first: Jacobian, second: Affine) -> Jacobian:
    """The sum of a Jacobian and an affine point (Explicit-Formulas Database, madd)."""
    x1, y1, z1 = first
    x2, y2 = second
    if z1 == 0:
        return x2, y2, 1
    z1_squared = z1 * z1 % P
    h = (x2 * z1_squared - x1) % P
    slope = (y2 * z1_squared * z1 - y1) % P
    if h == 0:
        return _double(second) if slope == 0 else INFINITY
    h_squared = h * h % P
    h_cubed = h_squared * h % P
    v = x1 * h_squared % P
    x3 = (slope * slope - h_cubed - 2 * v) % P
    y3 = (slope * (v - x3) - y1 * h_cubed) % P
    return x3, y3, z1 * h % P


def _double(point: Affine) -> Jacobian:
    """Twice an affine point; no point of P-256 has y = 0."""
    x, y = point
    slope = 3 * x * x + A
    z = 2 * y
    four_x_y_squared = 4 * x * y * y
    x3 = (slope * slope - 2 * four_x_y_squared) % P
    y3 = (slope * (four_x_y_squared - x3) - 8 * pow(y, 4, P)) % P
    return x3, y3, z % P


def _affine(point: Jacobian) -> Affine:
    x, y, z = point
    inverse = pow(z, -1, P)
    return x * inverse * inverse % P, y * pow(inverse, 3, P) % P

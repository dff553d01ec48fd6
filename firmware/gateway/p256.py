"""ECDSA on P-256 with SHA-256 (FIPS 186-5), nonces after RFC 6979, s always in its lower half.

Integers are the interpreter's own. The sequence of point operations does not depend on the
secret and the nonce's inversion is blinded, but the integers themselves are not constant-time:
this keeps a key from the network, not from someone who measures the board.
"""

import asyncio
import hashlib

from micropython import const

from gateway.comb import TABLE

_P = 0xFFFFFFFF00000001000000000000000000000000FFFFFFFFFFFFFFFFFFFFFFFF
_B = 0x5AC635D8AA3A93E7B3EBBD55769886BC651D06B0CC53B0F63BCE3C3E27D2604B
_N = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
ORDER = _N
_HALF = _N >> 1

# A comb of 5 teeth: 52 columns, in each of which every tooth counts +1 or -1.
_TEETH = const(5)
_COLUMNS = const(52)
_NEGATED = const(16)  # flag of a column's digit; the low four bits index the table

_ROUNDS = const(16)  # of Euclid's between two yields, of about 150
# A column or a doubling is a slice: there is a turn for others after each (benchmarks/README.md).


def _inverse_steps(value: int, modulus: int):
    """By Euclid: MicroPython's pow(x, -1, n) is silently 0. Yields as _base_steps."""
    r0, r1 = modulus, value % modulus
    t0, t1 = 0, 1
    rounds = 0
    while r1:
        quotient = r0 // r1
        r0, r1 = r1, r0 - quotient * r1
        t0, t1 = t1, t0 - quotient * t1
        rounds += 1
        if not rounds % _ROUNDS:
            yield None
    yield t0 % modulus


# Jacobian points are (X, Y, Z), the affine point is (X/Z², Y/Z³), infinity has Z = 0.


def _double(point: tuple) -> tuple:
    p = _P
    x, y, z = point
    delta = z * z % p
    gamma = y * y % p
    beta = x * gamma % p
    alpha = 3 * (x - delta) * (x + delta) % p
    x3 = (alpha * alpha - 8 * beta) % p
    return x3, (alpha * (4 * beta - x3) - 8 * gamma * gamma) % p, 2 * y * z % p


def _add(point: tuple, x2: int, y2: int) -> tuple:
    """A Jacobian point and an affine one."""
    p = _P
    x1, y1, z1 = point
    if not z1:
        return x2, y2, 1
    zz = z1 * z1 % p
    h = (x2 * zz - x1) % p
    r = (y2 * zz % p * z1 - y1) % p
    if not h:
        return (1, 1, 0) if r else _double(point)
    hh = h * h % p
    hhh = h * hh % p
    v = x1 * hh % p
    x3 = (r * r - hhh - 2 * v) % p
    return x3, (r * (v - x3) - y1 * hhh) % p, z1 * h % p


def _affine(point: tuple) -> tuple:
    x, y, z = point
    inverse = list(_inverse_steps(z, _P))[-1]
    square = inverse * inverse % _P
    return x * square % _P, y * square % _P * inverse % _P


def _octets(pair: tuple) -> bytes:
    return pair[0].to_bytes(32, "big") + pair[1].to_bytes(32, "big")


def _integers(octets) -> tuple:
    return int.from_bytes(octets[:32], "big"), int.from_bytes(octets[32:], "big")


def _comb(k: int) -> tuple:
    """What `_add_column` needs of k in 0…n: the powers of two that count +1, and a flag."""
    flip = 0
    if not k & 1:  # only odd numbers are a sum of signed powers of two without zeros
        k = _N - k
        flip = _NEGATED
    positive = (k + (1 << (_TEETH * _COLUMNS)) - 1) >> 1
    return positive.to_bytes(33, "little"), flip


def _add_column(point: tuple, comb: tuple, column: int) -> tuple:
    positive, flip = comb
    digit = 0
    for tooth in range(_TEETH):
        bit = column + _COLUMNS * tooth
        digit |= (positive[bit >> 3] >> (bit & 7) & 1) << tooth
    if not digit & 16:
        digit = ~digit
        flip ^= _NEGATED
    start = (digit & 15) * 64
    x, y = _integers(TABLE[start : start + 64])
    return _add(point, x, _P - y if flip else y)


def _base_steps(k: int):
    """k·G: yields None between slices of the work, and the point at the end."""
    comb = _comb(k)
    point = (1, 1, 0)
    for column in range(_COLUMNS - 1, -1, -1):
        point = _add_column(_double(point), comb, column)
        yield None
    yield point


def _two_base_steps(u1: int, u2: int, x: int, y: int):
    """u1·G + u2·(x, y), as _base_steps. The comb joins the last columns of u2's binary."""
    comb = _comb(u1)
    plus = 3 * u2 & ~u2  # bits i + 1 of these are the non-adjacent form of u2
    minus = u2 & ~(3 * u2)
    yield None
    point = (1, 1, 0)
    for i in range(256, -1, -1):
        point = _double(point)
        if plus >> (i + 1) & 1:
            point = _add(point, x, y)
        elif minus >> (i + 1) & 1:
            point = _add(point, x, _P - y)
        if i < _COLUMNS:
            point = _add_column(point, comb, i)
        yield None
    yield point


async def _run(steps):
    result = None
    for result in steps:
        if result is None:
            await asyncio.sleep_ms(0)
    return result


def public(d: int) -> bytes:
    """The public key x || y of a secret in 1…n-1. Takes as long as a signature, in one go."""
    if not 0 < d < _N:
        raise ValueError("secret out of range")
    return _octets(_affine(list(_base_steps(d))[-1]))


def on_curve(public64) -> bool:
    x, y = _integers(public64)
    return x < _P and y < _P and (y * y - (x * x - 3) * x - _B) % _P == 0


_INNER = int.from_bytes(b"\x36" * 64, "big")
_OUTER = int.from_bytes(b"\x5c" * 64, "big")


def _hmac(key: bytes, message: bytes) -> bytes:
    block = int.from_bytes(key, "big") << 8 * (64 - len(key))
    inner = hashlib.sha256((block ^ _INNER).to_bytes(64, "big"))
    inner.update(message)
    outer = hashlib.sha256((block ^ _OUTER).to_bytes(64, "big"))
    outer.update(inner.digest())
    return outer.digest()


def _nonces(d: int, z: int):
    """RFC 6979 §3.2 without end; after each nonce a number of the same kind to blind it with."""
    seed = _octets((d, z))
    v = b"\x01" * 32
    key = _hmac(bytes(32), v + b"\x00" + seed)
    v = _hmac(key, v)
    key = _hmac(key, v + b"\x01" + seed)
    v = _hmac(key, v)
    while True:
        v = _hmac(key, v)
        k = int.from_bytes(v, "big")
        if 0 < k < _N:
            yield k, int.from_bytes(_hmac(key, v + b"blind"), "big") % (_N - 1) + 1
        key = _hmac(key, v + b"\x00")
        v = _hmac(key, v)


async def sign(d: int, digest) -> bytes:
    """The signature r || s of a 32-byte digest."""
    z = int.from_bytes(digest, "big") % _N
    nonces = _nonces(d, z)
    while True:
        k, blind = next(nonces)
        await asyncio.sleep_ms(0)
        x, _, z1 = await _run(_base_steps(k))
        inverse = await _run(_inverse_steps(z1, _P))
        r = x * inverse % _P * inverse % _P % _N
        inverse = await _run(_inverse_steps(k * blind % _N, _N))
        s = inverse * blind % _N * (z + r * d) % _N
        if r and s:
            return _octets((r, min(s, _N - s)))


def is_high_s(signature) -> bool:
    """Whether an otherwise possible signature has its s in the upper half."""
    r, s = _integers(signature)
    return 0 < r < _N and _HALF < s < _N


async def verify(public64, digest, signature) -> bool:
    """False also for a key that is not on the curve and for s in the upper half."""
    if len(public64) != 64 or len(signature) != 64 or not on_curve(public64):
        return False
    r, s = _integers(signature)
    if not (0 < r < _N and 0 < s <= _HALF):
        return False
    w = await _run(_inverse_steps(s, _N))
    z = int.from_bytes(digest, "big")
    qx, qy = _integers(public64)
    x, _, z1 = await _run(_two_base_steps(z * w % _N, r * w % _N, qx, qy))
    if not z1:
        return False
    zz = z1 * z1 % _P
    return (r * zz - x) % _P == 0 or (r + _N < _P and ((r + _N) * zz - x) % _P == 0)

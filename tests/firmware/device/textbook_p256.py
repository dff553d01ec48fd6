"""ECDSA on P-256 as a textbook has it, to compare with: affine points, double and add."""

import os

P = 0xFFFFFFFF00000001000000000000000000000000FFFFFFFFFFFFFFFFFFFFFFFF
N = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
G = (
    0x6B17D1F2E12C4247F8BCE6E563A440F277037D812DEB33A0F4A13945D898C296,
    0x4FE342E2FE1A7F9B8EE7EB4A7C0F9E162BCE33576B315ECECBB6406837BF51F5,
)


def inverse(value, modulus):
    """Extended Euclid."""
    a, b, x, y = value % modulus, modulus, 1, 0
    while a > 1:
        quotient = b // a
        a, b, x, y = b - quotient * a, a, y - quotient * x, x
    return x % modulus


def add(one, other):
    """None is the point at infinity."""
    if one is None or other is None:
        return one or other
    (x1, y1), (x2, y2) = one, other
    if x1 == x2:
        if (y1 + y2) % P == 0:
            return None
        slope = 3 * (x1 * x1 - 1) * inverse(2 * y1, P) % P
    else:
        slope = (y2 - y1) * inverse(x2 - x1, P) % P
    x3 = (slope * slope - x1 - x2) % P
    return x3, (slope * (x1 - x3) - y1) % P


def multiply(k, point):
    result = None
    while k:
        if k & 1:
            result = add(result, point)
        point = add(point, point)
        k >>= 1
    return result


def sign(d, digest):
    z = int.from_bytes(digest, "big")
    while True:
        k = int.from_bytes(os.urandom(32), "big") % N
        r = multiply(k, G)[0] % N if k else 0
        s = inverse(k, N) * (z + r * d) % N if r else 0
        if s:
            return r, min(s, N - s)


def verify(public, digest, signature):
    r, s = signature
    w = inverse(s, N)
    z = int.from_bytes(digest, "big")
    point = add(multiply(z * w % N, G), multiply(r * w % N, public))
    return point is not None and (point[0] - r) % N == 0

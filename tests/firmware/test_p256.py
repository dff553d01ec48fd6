"""ECDSA in MicroPython: RFC 6979's vectors, and OpenSSL as the judge."""

import hashlib
import runpy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec, utils
from cryptography.hazmat.primitives.hashes import SHA256

Ask = Callable[..., Any]

FIRMWARE = Path(__file__).parents[2] / "firmware"

P = 2**256 - 2**224 + 2**192 + 2**96 - 1
N = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
PREHASHED = ec.ECDSA(utils.Prehashed(SHA256()))

# RFC 6979 A.2.5
RFC_SECRET = 0xC9AFA9D845BA75166B5C215767B1D6934E50C3DB36E89B127B8A622B120F6721
RFC_PUBLIC = (
    "60fed4ba255a9d31c961eb74c6356d68c049b8923b61fa6ce669622e60f29fb6"
    "7903fe1008b8bc99a41ae9e95628bc64f2f1b20c2d7e9f5177a3c294d4462299"
)
RFC_SIGNATURES = {
    b"sample": (
        0xEFD48B2AACB6A8FD1140DD9CD45E81D69D2C877B56AAF991C34D0EA84EAF3716,
        0xF7CB1C942D657C41D436C7A1B6E29F65F3E900DBB9AFF4064DC4AB2F843ACDA8,
    ),
    b"test": (
        0xF1ABB023518351CD71D881567B1EA663ED3EFCF6C5132B354F28D3B0B7D38367,
        0x019F4113742A2B14BD25926B49C649155F267E60D3814B4C0CC84250E46F0083,
    ),
}


@pytest.fixture(scope="module")
def ask(start_device: Callable[..., Any]) -> Ask:
    asking: Ask = start_device("signatures").ask
    return asking


def octets(r: int, s: int) -> str:
    return f"{r:064x}{s:064x}"


def numbers(signature: str) -> tuple[int, int]:
    return int(signature[:64], 16), int(signature[64:], 16)


def public_of(key: ec.EllipticCurvePrivateKey) -> str:
    point = key.public_key().public_numbers()
    return octets(point.x, point.y)


def secrets() -> list[int]:
    hashes = [hashlib.sha256(bytes([number])).digest() for number in range(54)]
    others = [int.from_bytes(digest, "big") % N for digest in hashes]
    return [1, 2, 3, N - 1, N - 2, 2**255, *others]


@pytest.mark.parametrize("message", RFC_SIGNATURES)
def test_rfc_6979(ask: Ask, message: bytes) -> None:
    r, s = RFC_SIGNATURES[message]
    assert ask("public", hex(RFC_SECRET)) == RFC_PUBLIC
    digest = hashlib.sha256(message).hexdigest()
    assert ask("sign", hex(RFC_SECRET), digest) == octets(r, min(s, N - s))


def test_the_comb_is_of_the_multiples_that_it_says() -> None:
    table: bytes = runpy.run_path(str(FIRMWARE / "gateway" / "comb.py"))["TABLE"]
    for m in range(16):
        k = 2**208 + sum(2 ** (52 * j) * (1 if m >> j & 1 else -1) for j in range(4))
        expected = public_of(ec.derive_private_key(k % N, ec.SECP256R1()))
        assert table[64 * m : 64 * m + 64].hex() == expected
    assert len(table) == 16 * 64


def test_openssl_verifies_our_signatures(ask: Ask) -> None:
    for number, secret in enumerate(secrets()):
        key = ec.derive_private_key(secret, ec.SECP256R1())
        digest = hashlib.sha256(bytes([number])).digest()
        assert ask("public", hex(secret)) == public_of(key)
        r, s = numbers(ask("sign", hex(secret), digest.hex()))
        assert s <= N // 2
        key.public_key().verify(utils.encode_dss_signature(r, s), digest, PREHASHED)


def test_we_verify_openssl_signatures(ask: Ask) -> None:
    for number, secret in enumerate(secrets()):
        key = ec.derive_private_key(secret, ec.SECP256R1())
        digest = hashlib.sha256(bytes([number])).digest()
        r, s = utils.decode_dss_signature(key.sign(digest, PREHASHED))
        low, high = octets(r, min(s, N - s)), octets(r, max(s, N - s))
        assert ask("verify", public_of(key), digest.hex(), low)
        assert not ask("verify", public_of(key), digest.hex(), high)
        assert not ask("verify", public_of(key), hashlib.sha256(digest).hexdigest(), low)


@pytest.mark.parametrize("digest", [0, N, N - 1, N + 1, 2**256 - 1])
def test_digests_at_the_order(ask: Ask, digest: int) -> None:
    key = ec.derive_private_key(RFC_SECRET, ec.SECP256R1())
    signature = ask("sign", hex(RFC_SECRET), f"{digest:064x}")
    data = digest.to_bytes(32, "big")
    key.public_key().verify(utils.encode_dss_signature(*numbers(signature)), data, PREHASHED)
    assert ask("verify", RFC_PUBLIC, f"{digest:064x}", signature)


def test_r_and_s_out_of_range(ask: Ask) -> None:
    digest = hashlib.sha256(b"sample").hexdigest()
    r, s = numbers(ask("sign", hex(RFC_SECRET), digest))
    for wrong in [(0, s), (r, 0), (N, s), (r, N), (r + 1, s), (r, s + 1), (0, 0), (N - r, s)]:
        assert not ask("verify", RFC_PUBLIC, digest, octets(*wrong))


def test_a_sum_at_infinity_is_no_signature(ask: Ask) -> None:
    """u1·G + u2·Q with Q = d·G is at infinity when the digest is -r·d."""
    r = s = 5
    digest = -r * RFC_SECRET % N
    key = ec.derive_private_key(RFC_SECRET, ec.SECP256R1())
    with pytest.raises(InvalidSignature):
        key.public_key().verify(
            utils.encode_dss_signature(r, s), digest.to_bytes(32, "big"), PREHASHED
        )
    assert not ask("verify", RFC_PUBLIC, f"{digest:064x}", octets(r, s))


def test_public_key_that_is_no_point(ask: Ask) -> None:
    x, y = numbers(RFC_PUBLIC)
    digest = hashlib.sha256(b"sample").hexdigest()
    signature = ask("sign", hex(RFC_SECRET), digest)
    for wrong in [(x, y ^ 1), (0, 0), (y, x), (x, P), (P, y)]:
        assert not ask("verify", octets(*wrong), digest, signature)
    assert not ask("verify", RFC_PUBLIC[:-2], digest, signature)
    assert not ask("verify", RFC_PUBLIC, digest, signature[:-2])


def test_others_have_their_turn_meanwhile(ask: Ask) -> None:
    """After each column of the comb, each doubling, and every few rounds of an inversion."""
    signing, verifying = ask("turns_of_others", hex(RFC_SECRET))
    assert signing >= 52 + 2 * 6
    assert verifying >= 257 + 6


def test_the_benchmark_s_textbook_and_the_firmware_believe_each_other(
    start_device: Callable[..., Any],
) -> None:
    device = start_device("signing_times")
    [round_us] = device.ask("times", 1)
    assert len(round_us) == 4
    signing, verifying = device.ask("slices", True)
    assert len(signing) >= 52
    assert len(verifying) >= 257

from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, utils
from cryptography.hazmat.primitives.hashes import SHA256

from auditor import p256

NIST = Path(__file__).with_name("nist_p256_sha256_sigver.rsp")

RFC_6979_KEY = (
    0x60FED4BA255A9D31C961EB74C6356D68C049B8923B61FA6CE669622E60F29FB6,
    0x7903FE1008B8BC99A41AE9E95628BC64F2F1B20C2D7E9F5177A3C294D4462299,
)


@pytest.mark.parametrize(
    ("message", "r", "s"),
    [
        (
            b"sample",
            0xEFD48B2AACB6A8FD1140DD9CD45E81D69D2C877B56AAF991C34D0EA84EAF3716,
            0xF7CB1C942D657C41D436C7A1B6E29F65F3E900DBB9AFF4064DC4AB2F843ACDA8,
        ),
        (
            b"test",
            0xF1ABB023518351CD71D881567B1EA663ED3EFCF6C5132B354F28D3B0B7D38367,
            0x019F4113742A2B14BD25926B49C649155F267E60D3814B4C0CC84250E46F0083,
        ),
    ],
)
def test_rfc_6979_a_2_5(message: bytes, r: int, s: int) -> None:
    digest = sha256(message).digest()
    assert p256.verify(RFC_6979_KEY, digest, r, s)
    assert p256.verify(RFC_6979_KEY, digest, r, p256.N - s)
    assert not p256.verify(RFC_6979_KEY, sha256(b"other").digest(), r, s)


def nist_cases() -> Iterator[dict[str, str]]:
    for block in NIST.read_text().split("\n\n"):
        fields = dict(line.split(" = ") for line in block.splitlines() if " = " in line)
        if fields:
            yield fields


def test_nist_signature_verification() -> None:
    cases = list(nist_cases())
    assert len(cases) == 15
    for case in cases:
        key = int(case["Qx"], 16), int(case["Qy"], 16)
        digest = sha256(bytes.fromhex(case["Msg"])).digest()
        verdict = p256.verify(key, digest, int(case["R"], 16), int(case["S"], 16))
        assert verdict == case["Result"].startswith("P"), case["Result"]


@pytest.mark.parametrize("private", [1, 2, 3, 16, p256.N - 1, p256.N - 2, 0xDEADBEEF << 200])
def test_agrees_with_openssl(private: int) -> None:
    signer = ec.derive_private_key(private, ec.SECP256R1())
    numbers = signer.public_key().public_numbers()
    signature = signer.sign(b"message", ec.ECDSA(SHA256(), deterministic_signing=True))
    r, s = utils.decode_dss_signature(signature)
    digest = sha256(b"message").digest()
    assert p256.verify((numbers.x, numbers.y), digest, r, s)
    assert not p256.verify((numbers.x, p256.P - numbers.y), digest, r, s)


def test_a_point_added_to_itself() -> None:
    """Key G and u1 = u2 = 1: the sum is 2G, whose x is r."""
    x_of_2g = 0x7CF27B188D034F7E8A52380304B51AC3C08969E277F21B35A60B48FC47669978
    assert p256.verify(p256.G, x_of_2g.to_bytes(32, "big"), x_of_2g, x_of_2g)


def test_a_point_added_to_its_opposite() -> None:
    """Key -G and u1 = u2 = 1: the sum is the point at infinity, which has no x."""
    minus_g = p256.G[0], p256.P - p256.G[1]
    assert not p256.verify(minus_g, (1).to_bytes(32, "big"), 1, 1)


@pytest.mark.parametrize(
    "point",
    [(0, 0), (1, 1), (p256.G[0], p256.G[1] + 1), (p256.G[0] + p256.P, p256.G[1])],
)
def test_points_off_the_curve(point: p256.Affine) -> None:
    assert not p256.is_on_curve(point)
    assert not p256.verify(point, bytes(32), 1, 1)

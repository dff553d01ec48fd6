"""Numbers that equal what the grammar names are not it: 1.0 and true are not 1."""

from typing import Any

import cbor2
import pytest

from collector.evidence.cose import ContentType, parse
from collector.evidence.errors import EvidenceError, Reason
from collector.evidence.frame import read_frame
from collector.evidence.keys import PrivateKey, PublicKey

KEY = PrivateKey.generate()
EVENT = [3, 0, 2, {0: 1, 1: 2, 2: "ntp"}]
HEADER = {1: -7, 3: str(ContentType.FRAME), 4: KEY.public.kid}


def message(header: dict[Any, Any], unprotected: dict[Any, Any], *records: Any) -> bytes:
    body = {
        0: 1,
        1: bytes(8),
        2: 1,
        3: 0,
        4: 1,
        5: bytes(32),
        6: bytes(32),
        7: [0, "S", 1],
        8: list(records) or [EVENT],
    }
    parts = [_canonical(header), unprotected, _canonical(body), bytes(64)]
    return _canonical(cbor2.CBORTag(18, parts))


def _canonical(value: Any) -> bytes:
    return cbor2.dumps(value, canonical=True)


def reason(encoded: bytes) -> Reason | None:
    try:
        read_frame(encoded)
    except EvidenceError as error:
        return error.reason
    return None


def test_the_plain_message_is_taken() -> None:
    assert reason(message(HEADER, {})) is None


@pytest.mark.parametrize(
    ("number", "expected"),
    [(-7.0, Reason.NOT_CANONICAL), (True, Reason.WRONG_SHAPE), (-8, Reason.WRONG_SHAPE)],
)
def test_the_algorithm_is_the_integer(number: Any, expected: Reason) -> None:
    assert reason(message(HEADER | {1: number}, {})) is expected


@pytest.mark.parametrize(
    ("label", "expected"), [(1.0, Reason.NOT_CANONICAL), (True, Reason.WRONG_SHAPE)]
)
def test_a_label_is_an_integer(label: Any, expected: Reason) -> None:
    header = {label: -7, 3: HEADER[3], 4: HEADER[4]}
    assert reason(message(header, {})) is expected


def test_the_label_of_the_certificate_is_an_integer() -> None:
    encoded = message(HEADER | {3: str(ContentType.RECEIPT)}, {-65537.0: b"certificate"})
    with pytest.raises(EvidenceError) as caught:
        parse(encoded, ContentType.RECEIPT)
    assert caught.value.reason is Reason.NOT_CANONICAL


@pytest.mark.parametrize(
    ("record", "expected"),
    [
        ([True, 0, 0, 0, None, b""], Reason.WRONG_SHAPE),
        ([1.0, 0, 0, 0, None, b""], Reason.NOT_CANONICAL),
        ([4.0, 0, 0, None, b""], Reason.NOT_CANONICAL),
        ([3.0, *EVENT[1:]], Reason.NOT_CANONICAL),
        ([], Reason.WRONG_SHAPE),
        (None, Reason.WRONG_SHAPE),
    ],
)
def test_the_kind_of_a_record_is_an_integer(record: Any, expected: Reason) -> None:
    assert reason(message(HEADER, {}, record)) is expected


@pytest.mark.parametrize(("kty", "curve"), [(2.0, 1), (2, True), (2, 1.0)])
def test_a_key_names_its_kind_and_curve_by_integers(kty: Any, curve: Any) -> None:
    point = KEY.public.raw
    with pytest.raises(EvidenceError) as caught:
        PublicKey.from_cose_key({1: kty, -1: curve, -2: point[:32], -3: point[32:]})
    assert caught.value.reason is Reason.WRONG_SHAPE

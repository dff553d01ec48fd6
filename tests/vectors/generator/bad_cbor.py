"""Frames whose CBOR is malformed or not canonical. Where there is a signature, it is valid."""

from collections.abc import Iterable
from dataclasses import replace
from hashlib import sha256

from generator.cbor import Item, Raw, encode, head
from generator.keys import GATEWAY_A
from generator.messages import NOW_MS, Body, Vector, bad, header, seal
from generator.site import frame, plain_body


def bad_encodings() -> Iterable[Vector]:
    yield from _malformed()
    yield from _malformed_inside()
    yield from _not_canonical()


def _body(**changes: Item) -> Body:
    return plain_body() | {int(key.removeprefix("f")): value for key, value in changes.items()}


def _signed(payload: bytes) -> bytes:
    return seal(GATEWAY_A, encode(header(GATEWAY_A, "frame")), payload).encode()


def _fields(content: Body) -> list[bytes]:
    return [encode(key) + encode(value) for key, value in content.items()]


def _malformed() -> Iterable[Vector]:
    good = frame(_body()).encode()
    noise = b"".join(sha256(bytes([number])).digest() for number in range(8))

    def malformed(name: str, what: str, data: bytes) -> Vector:
        return bad(name, what, data, "malformed")

    yield malformed("empty", "No bytes.", b"")
    yield malformed("random", "256 random bytes.", b"\x9d" + noise[1:])
    for length in (1, 2, 4, 40, len(good) // 2, len(good) - 64, len(good) - 1):
        yield malformed(f"cut_to_{length}", f"A good frame cut to {length} bytes.", good[:length])
    yield malformed("byte_follows", "A zero byte after a good frame.", good + b"\0")
    yield malformed("frame_follows", "A second frame after a good frame.", good + good)
    yield malformed("break_alone", "A break outside of anything.", b"\xff")
    yield malformed(
        "length_beyond_the_end",
        "A byte string that says it has 2^64 - 1 bytes.",
        b"\xd2\x84\x5b" + b"\xff" * 8,
    )
    yield malformed(
        "elements_beyond_the_end",
        "An array that says it has 2^32 - 1 elements.",
        b"\xd2\x9a" + b"\xff" * 4,
    )
    yield malformed("nested_2000_deep", "2000 arrays in each other.", b"\x81" * 2000 + b"\x80")


def _malformed_inside() -> Iterable[Vector]:
    def payload(name: str, what: str, data: bytes) -> Vector:
        return bad(name, what, _signed(data), "malformed")

    def clock(name: str, what: str, encoding: bytes) -> Vector:
        return payload(name, what, encode(_body(f7=Raw(encoding))))

    good = encode(_body())
    yield payload("payload_empty", "A payload of no bytes.", b"")
    yield payload("payload_cut", "A payload without its last byte, signed so.", good[:-1])
    yield payload(
        "payload_byte_follows", "A zero byte after the map in the payload, signed so.", good + b"\0"
    )
    yield bad(
        "protected_byte_follows",
        "A zero byte after the map in the protected header, signed so.",
        seal(GATEWAY_A, encode(header(GATEWAY_A, "frame")) + b"\0", good),
        "malformed",
    )
    yield clock(
        "depth_9", "Arrays 9 levels deep, the payload's map counted.", b"\x81" * 7 + b"\x80"
    )
    yield clock("reserved_length", "Additional information 28, which is reserved.", b"\x1c")
    yield clock("indefinite_integer", "Additional information 31 on an integer.", b"\x1f")
    yield clock("simple_value_in_two_bytes", "Simple value 22 (null) in two bytes.", b"\xf8\x16")
    yield clock("break_in_an_array", "A break in an array of known length.", b"\x81\xff")
    yield clock("text_not_utf8", "A text that is not UTF-8.", b"\x83\x00\x61\xff\xf6")


def _not_canonical() -> Iterable[Vector]:
    good = frame(_body())
    parts: list[Item] = [good.protected, Raw(b"\xa0"), good.payload, good.signature]
    outer = b"".join(encode(part) for part in parts)
    fields = _fields(_body())
    head_fields = _fields(header(GATEWAY_A, "frame"))

    def message(name: str, what: str, data: bytes) -> Vector:
        return bad(name, what, data, "not_canonical")

    def payload(name: str, what: str, data: bytes) -> Vector:
        return message(name, what, _signed(data))

    def field(name: str, what: str, **changes: bytes) -> Vector:
        return payload(
            name, what, encode(_body(**{key: Raw(value) for key, value in changes.items()}))
        )

    def protected(name: str, what: str, data: bytes) -> Vector:
        return message(name, what, seal(GATEWAY_A, data, good.payload).encode())

    yield message("tag_in_two_bytes", "Tag 18 in two bytes.", b"\xd8\x12\x84" + outer)
    yield message(
        "array_length_in_two_bytes",
        "The outer array's length in two bytes.",
        b"\xd2\x98\x04" + outer,
    )
    yield message(
        "array_indefinite", "The outer array of indefinite length.", b"\xd2\x9f" + outer + b"\xff"
    )
    yield message(
        "payload_length_in_four_bytes",
        "The payload's length in four bytes.",
        encode_with_long_payload_length(good.protected, good.payload, good.signature),
    )
    yield message(
        "payload_in_chunks",
        "The payload as a byte string of indefinite length.",
        b"\xd2\x84"
        + encode(good.protected)
        + b"\xa0\x5f"
        + encode(good.payload)
        + b"\xff"
        + encode(good.signature),
    )
    yield message(
        "unprotected_indefinite",
        "An empty unprotected header of indefinite length.",
        replace(good, unprotected=Raw(b"\xbf\xff")).encode(),
    )
    yield protected(
        "protected_unsorted",
        "The protected header's keys in another order.",
        head(5, 3) + head_fields[1] + head_fields[0] + head_fields[2],
    )
    yield protected(
        "protected_key_twice",
        "The algorithm twice in the protected header.",
        head(5, 4) + head_fields[0] + b"".join(head_fields),
    )
    yield field("integer_in_two_bytes", "Version 1 in two bytes.", f0=b"\x18\x01")
    yield field(
        "integer_in_nine_bytes", "Seq 7 in nine bytes.", f4=b"\x1b" + (7).to_bytes(8, "big")
    )
    yield field(
        "bytes_length_in_two_bytes",
        "The length of the gateway in two bytes.",
        f1=b"\x58\x08" + GATEWAY_A.key_id,
    )
    yield field(
        "text_in_chunks",
        "The clock's letter as a text of indefinite length.",
        f7=b"\x83\x00\x7f\x61S\xff\xf6",
    )
    yield field("float_half", "A time of 1.0 in two bytes.", f7=b"\x83\xf9\x3c\x00\x61S\xf6")
    yield field(
        "float_double",
        "A time as a float in eight bytes.",
        f7=b"\x83\xfb" + bytes.fromhex("427a3185c5000000") + b"\x61S\xf6",
    )
    yield field("float_nan", "A time that is not a number.", f7=b"\x83\xf9\x7e\x00\x61S\xf6")
    yield payload(
        "map_indefinite",
        "The payload's map of indefinite length.",
        b"\xbf" + b"".join(fields) + b"\xff",
    )
    yield payload(
        "keys_unsorted",
        "The first two fields of the payload in the wrong order.",
        head(5, 9) + fields[1] + fields[0] + b"".join(fields[2:]),
    )
    yield payload(
        "keys_by_length_first",
        "Keys -1 and 100 in the old order, the shorter first.",
        head(5, 11) + b"".join(fields) + encode(-1) + encode(0) + encode(100) + encode(0),
    )
    yield payload(
        "key_twice",
        "The seq twice, with two values.",
        head(5, 10) + b"".join(fields[:5]) + encode(4) + encode(8) + b"".join(fields[5:]),
    )
    yield payload(
        "key_twice_alike",
        "The seq twice, with one value.",
        head(5, 10) + b"".join(fields[:5]) + fields[4] + b"".join(fields[5:]),
    )
    yield field(
        "key_twice_in_event",
        "A key twice in the map of an event.",
        f8=encode([[3, NOW_MS, 6, Raw(b"\xa3\x00\x00\x01\x01\x01\x01")]]),
    )


def encode_with_long_payload_length(protected: bytes, payload: bytes, signature: bytes) -> bytes:
    length = b"\x5a" + len(payload).to_bytes(4, "big")
    return b"\xd2\x84" + encode(protected) + b"\xa0" + length + payload + encode(signature)

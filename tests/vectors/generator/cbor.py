"""Canonical CBOR writer (RFC 8949 §4.2.1), with `Raw` to write what is not canonical on purpose."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Tag:
    number: int
    content: "Item"


@dataclass(frozen=True)
class Raw:
    """Bytes put into the output as they are."""

    encoding: bytes


Item = int | bytes | str | bool | None | list["Item"] | dict["Item", "Item"] | Tag | Raw


def head(major: int, argument: int) -> bytes:
    if argument < 24:
        return bytes([major << 5 | argument])
    for information, size in ((24, 1), (25, 2), (26, 4), (27, 8)):
        if argument < 1 << (8 * size):
            return bytes([major << 5 | information]) + argument.to_bytes(size, "big")
    raise ValueError(f"{argument} does not fit in 64 bits")


def encode(item: Item) -> bytes:
    if isinstance(item, Raw):
        return item.encoding
    if item is None:
        return b"\xf6"
    if isinstance(item, bool):
        return b"\xf5" if item else b"\xf4"
    if isinstance(item, int):
        return head(0, item) if item >= 0 else head(1, -1 - item)
    if isinstance(item, bytes):
        return head(2, len(item)) + item
    if isinstance(item, str):
        text = item.encode()
        return head(3, len(text)) + text
    if isinstance(item, list):
        return head(4, len(item)) + b"".join(encode(element) for element in item)
    if isinstance(item, dict):
        pairs = sorted((encode(key), encode(value)) for key, value in item.items())
        return head(5, len(pairs)) + b"".join(key + value for key, value in pairs)
    return head(6, item.number) + encode(item.content)


def as_json(item: Item) -> object:
    """The item for people and JSON: bytes become "h'…'", map keys become text."""
    if isinstance(item, bytes):
        return f"h'{item.hex()}'"
    if isinstance(item, list):
        return [as_json(element) for element in item]
    if isinstance(item, dict):
        return {str(key): as_json(value) for key, value in item.items()}
    if isinstance(item, Tag | Raw):
        raise TypeError(f"{item} is in no good vector")
    return item

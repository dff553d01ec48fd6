"""Strict reader of deterministic CBOR (RFC 8949 §4.2.1), at most 8 levels deep."""

from dataclasses import dataclass
from typing import TypeAlias

from auditor.refusal import Refusal

MAX_LEVELS = 8

UNSIGNED, NEGATIVE, BYTES, TEXT, ARRAY, MAP, TAG, SIMPLE = range(8)
BREAK = 0xFF
INDEFINITE = -1


@dataclass(frozen=True)
class Tag:
    number: int
    content: "Item"


@dataclass(frozen=True)
class Unnamed:
    """An item that no Esep message holds (a float, undefined, a map as a key), as it is encoded."""

    encoding: bytes


Key: TypeAlias = int | bytes | str | Unnamed
Item: TypeAlias = int | bytes | str | bool | list["Item"] | dict[Key, "Item"] | Tag | Unnamed | None


def read(data: bytes) -> Item:
    """The one item that `data` is; raises Refusal `malformed` or `not_canonical`."""
    reader = _Reader(data)
    item = reader.item(level=1)
    if reader.position != len(data):
        raise Refusal("malformed", f"bytes follow the item that ends at {reader.position}")
    if reader.not_canonical is not None:
        raise Refusal("not_canonical", reader.not_canonical)
    return item


def byte_string(content: bytes) -> bytes:
    """The deterministic encoding of a byte string."""
    length = len(content)
    if length < 24:
        return bytes([0x40 | length]) + content
    if length < 1 << 8:
        return b"\x58" + length.to_bytes(1, "big") + content
    if length < 1 << 16:
        return b"\x59" + length.to_bytes(2, "big") + content
    return b"\x5a" + length.to_bytes(4, "big") + content


class _Reader:
    """Reads any well-formed CBOR and notes the first place where it is not deterministic."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.position = 0
        self.not_canonical: str | None = None

    def item(self, level: int) -> Item:
        start = self.position
        major, argument = self._head()
        if major in (ARRAY, MAP, TAG) and level > MAX_LEVELS:
            raise Refusal("malformed", f"more than {MAX_LEVELS} levels at byte {start}")
        if major == UNSIGNED:
            return argument
        if major == NEGATIVE:
            return -1 - argument
        if major == BYTES:
            return self._string(BYTES, argument)
        if major == TEXT:
            return _text(self._string(TEXT, argument), start)
        if major == ARRAY:
            return self._array(argument, level)
        if major == MAP:
            return self._map(argument, level)
        if major == TAG:
            return Tag(argument, self.item(level + 1))
        return self._simple(start)

    def _head(self) -> tuple[int, int]:
        """Major type, and argument or INDEFINITE. Of a float the argument means nothing."""
        start = self.position
        first = self._take(1)[0]
        major, information = first >> 5, first & 31
        if information < 24:
            return major, information
        if information == 31 and major in (BYTES, TEXT, ARRAY, MAP):
            self._note(f"indefinite length at byte {start}")
            return major, INDEFINITE
        if information > 27:
            raise Refusal("malformed", f"byte {first:#04x} at byte {start} begins no item")
        size = 1 << (information - 24)
        argument = int.from_bytes(self._take(size), "big")
        if major != SIMPLE and argument < _least(size):
            self._note(f"a number at byte {start} is longer than it need be")
        return major, argument

    def _string(self, major: int, length: int) -> bytes:
        if length != INDEFINITE:
            return self._take(length)
        chunks = []
        while not self._at_break():
            start = self.position
            chunk_major, chunk_length = self._head()
            if chunk_major != major or chunk_length == INDEFINITE:
                raise Refusal("malformed", f"a wrong chunk of a string at byte {start}")
            chunk = self._take(chunk_length)
            if major == TEXT:
                _text(chunk, start)
            chunks.append(chunk)
        return b"".join(chunks)

    def _array(self, length: int, level: int) -> list[Item]:
        elements: list[Item] = []
        while not self._ended(length, len(elements)):
            elements.append(self.item(level + 1))
        return elements

    def _map(self, length: int, level: int) -> dict[Key, Item]:
        pairs: dict[Key, Item] = {}
        count = 0
        previous = b""
        while not self._ended(length, count):
            start = self.position
            key = self.item(level + 1)
            encoding = self.data[start : self.position]
            if encoding <= previous:
                self._note(f"the key at byte {start} is out of order or there twice")
            pairs[_key(key, encoding)] = self.item(level + 1)
            previous = encoding
            count += 1
        return pairs

    def _simple(self, start: int) -> Item:
        encoding = self.data[start : self.position]
        named: dict[bytes, bool | None] = {b"\xf4": False, b"\xf5": True, b"\xf6": None}
        if encoding in named:
            return named[encoding]
        if encoding[0] == 0xF8 and encoding[1] < 32:
            raise Refusal("malformed", f"a simple value in two bytes at byte {start}")
        if encoding[0] in (0xF9, 0xFA, 0xFB):
            self._note(f"a float at byte {start}")
        return Unnamed(encoding)

    def _ended(self, length: int, count: int) -> bool:
        return self._at_break() if length == INDEFINITE else count == length

    def _at_break(self) -> bool:
        if self.data[self.position : self.position + 1] != bytes([BREAK]):
            return False
        self.position += 1
        return True

    def _take(self, count: int) -> bytes:
        end = self.position + count
        if end > len(self.data):
            raise Refusal("malformed", f"it ends inside the item at byte {self.position}")
        taken = self.data[self.position : end]
        self.position = end
        return taken

    def _note(self, fault: str) -> None:
        if self.not_canonical is None:
            self.not_canonical = fault


def _least(size: int) -> int:
    """The least argument that needs `size` bytes after the first."""
    return 24 if size == 1 else 1 << (4 * size)


def _text(encoded: bytes, start: int) -> str:
    try:
        return encoded.decode()
    except UnicodeDecodeError:
        raise Refusal("malformed", f"the text at byte {start} is not UTF-8") from None


def _key(item: Item, encoding: bytes) -> Key:
    """Keeps `1` and `true` apart, which Python's dict would not."""
    if type(item) in (int, bytes, str):
        return item  # type: ignore[return-value]
    return Unnamed(encoding)

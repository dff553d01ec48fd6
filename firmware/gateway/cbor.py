"""Deterministic CBOR (RFC 8949 §4.2.1), the part of it that docs/wire-format.cddl uses.

Python's None, bool, int (64 bit), bytes, str, list, dict and Tag; no floats.
"""

from micropython import const

_UINT = const(0)
_NEGATIVE = const(1)
_BYTES = const(2)
_TEXT = const(3)
_ARRAY = const(4)
_MAP = const(5)
_TAG = const(6)

_SIMPLE = const(7)

_CONSTANTS = {20: False, 21: True, 22: None}
_BREAK = b"\xff"

_MAX_DEPTH = const(8)  # arrays, maps and tags around a value


class NotCanonical(ValueError):
    """Well-formed, but not the one encoding that the wire allows."""


class Tag:
    def __init__(self, number: int, value) -> None:
        self.number = number
        self.value = value


class Encoded:
    """A value that is encoded already, in pieces."""

    def __init__(self, pieces: list) -> None:
        self.pieces = pieces


# Stands for what no message has a use for: an unknown simple value, a map's key of any type but
# integer, text and bytes.
OTHER = object()


def head(major: int, argument: int) -> bytes:
    """The initial bytes of an item: its major type and its argument, in the shortest form."""
    initial = major << 5
    if argument < 24:
        return bytes((initial | argument,))
    if argument < 0x100:
        return bytes((initial | 24, argument))
    if argument < 0x10000:
        return bytes((initial | 25, argument >> 8, argument & 0xFF))
    if argument < 0x100000000:
        return bytes((initial | 26,)) + argument.to_bytes(4, "big")
    if argument >> 64:
        raise ValueError("integer over 64 bits")
    return bytes((initial | 27,)) + argument.to_bytes(8, "big")


def array(items: list) -> Encoded:
    """The array of items that are encoded already."""
    return Encoded([head(_ARRAY, len(items))] + items)


def encode(obj) -> bytes:
    """Raises ValueError for what the wire cannot carry."""
    out: list = []
    _write(out, obj)
    return b"".join(out)  # one piece of the heap of the right size, none that grows


def _write(out: list, obj) -> None:  # noqa: C901
    if obj is None:
        out.append(b"\xf6")
    elif obj is True:
        out.append(b"\xf5")
    elif obj is False:
        out.append(b"\xf4")
    elif isinstance(obj, int):
        out.append(head(_UINT, obj) if obj >= 0 else head(_NEGATIVE, -1 - obj))
    elif isinstance(obj, (bytes, bytearray, memoryview)):
        out.append(head(_BYTES, len(obj)))
        out.append(obj if isinstance(obj, bytes) else bytes(obj))
    elif isinstance(obj, str):
        text = obj.encode()
        out.append(head(_TEXT, len(text)))
        out.append(text)
    elif isinstance(obj, (list, tuple)):
        out.append(head(_ARRAY, len(obj)))
        for item in obj:
            _write(out, item)
    elif isinstance(obj, dict):
        out.append(head(_MAP, len(obj)))
        keys = [(encode(key), key) for key in obj]
        keys.sort(key=lambda pair: pair[0])
        for encoded, key in keys:
            out.append(encoded)
            _write(out, obj[key])
    elif isinstance(obj, Tag):
        out.append(head(_TAG, obj.number))
        _write(out, obj.value)
    elif isinstance(obj, Encoded):
        out.extend(obj.pieces)
    else:
        raise ValueError("no encoding for this type")


def decode(buf):
    """The one value in `buf`. Raises NotCanonical or another ValueError, nothing else."""
    value, canonical = read(buf)
    if not canonical:
        raise NotCanonical("not deterministic CBOR")
    return value


def read(buf) -> tuple:
    """(the one value in `buf`, whether this is its canonical encoding). Raises ValueError."""
    reader = Reader(buf)
    try:
        value = reader.value(0)
    except MemoryError:
        raise ValueError("too many items")
    if reader.pos != len(buf):
        raise ValueError("bytes after the value")
    return value, reader.canonical


class Reader:
    """Takes one item after another from `buf`. Raises ValueError."""

    def __init__(self, buf) -> None:
        self.buf = buf
        self.pos = 0
        self.end = len(buf)
        self.canonical = True

    def take(self, count: int) -> bytes:
        start = self.pos
        if count > self.end - start:
            raise ValueError("truncated")
        self.pos = start + count
        return self.piece(start, self.pos)

    def piece(self, start: int, end: int) -> bytes:
        return bytes(self.buf[start:end])

    def head(self) -> tuple:
        """(major type, argument), the argument None for an indefinite length or a break."""
        initial = self.take(1)[0]
        major = initial >> 5
        argument = initial & 31
        if argument < 24:
            return major, argument
        if argument == 31 and major not in (_UINT, _NEGATIVE, _TAG):
            self.canonical = False
            return major, None
        if argument > 27:
            raise ValueError("reserved initial byte")
        size = 1 << (argument - 24)
        argument = int.from_bytes(self.take(size), "big")
        if major == _SIMPLE:
            if size > 1:
                self.canonical = False  # a float
            elif argument < 32:
                raise ValueError("reserved simple value")
        elif argument < (24 if size == 1 else 1 << (size * 4)):
            self.canonical = False
        return major, argument

    def value(self, depth: int):
        major, argument = self.head()
        if major == _UINT:
            return argument
        if major == _NEGATIVE:
            return -1 - argument
        if major in (_BYTES, _TEXT):
            return self.string(major, argument)
        if major == _SIMPLE:
            if argument is None:
                raise ValueError("break outside of anything")
            return _CONSTANTS.get(argument, OTHER)
        if depth == _MAX_DEPTH:
            raise ValueError("nested too deep")
        if major == _TAG:
            return Tag(argument, self.value(depth + 1))
        if major == _ARRAY:
            return [self.value(depth + 1) for _ in self.places(argument)]
        return self.map(argument, depth + 1)

    def string(self, major: int, count):
        if count is None:
            parts = []
            for _ in self.places(None):
                part_major, count = self.head()
                if part_major != major or count is None:
                    raise ValueError("chunk of another type")
                parts.append(self.string(major, count))
            return (b"" if major == _BYTES else "").join(parts)
        raw = self.take(count)
        return raw if major == _BYTES else _text(raw)

    def places(self, count):
        """Counts to `count`, or to the break."""
        if count is None:
            while self.take(1) != _BREAK:
                self.pos -= 1
                yield
        elif count > self.end - self.pos:
            raise ValueError("truncated")
        else:
            for _ in range(count):
                yield

    def map(self, count, depth: int) -> dict:
        result = {}
        previous = b""
        for _ in self.places(count):
            start = self.pos
            key = self.value(depth)
            encoded = self.piece(start, self.pos)
            if encoded <= previous:
                self.canonical = False
            previous = encoded
            if isinstance(key, bool) or not isinstance(key, (int, str, bytes)):
                key = OTHER
            result[key] = self.value(depth)
        return result


def _text(raw: bytes) -> str:
    text = str(raw, "utf-8")
    # The interpreter's own check lets overlong forms, surrogates and what is too large pass.
    for i, byte in enumerate(raw):
        if byte >= 0xC0:
            following = raw[i + 1]
            if (
                byte < 0xC2
                or (byte == 0xE0 and following < 0xA0)
                or (byte == 0xED and following >= 0xA0)
                or (byte == 0xF0 and following < 0x90)
                or byte > 0xF4
                or (byte == 0xF4 and following >= 0x90)
            ):
                raise ValueError("not UTF-8 text")
    return text

"""Names what is wrong with an encoding, head by head. Slow: only for what was refused."""

from dataclasses import dataclass

from collector.evidence.errors import Reason

MAX_DEPTH = 8
_UINT, _NEGATIVE, _BYTES, _TEXT, _ARRAY, _MAP, _TAG, _SIMPLE = range(8)


class _Malformed(Exception):  # noqa: N818
    pass


@dataclass
class _Walk:
    data: bytes
    position: int = 0
    canonical: bool = True

    def take(self, count: int) -> bytes:
        part = self.data[self.position : self.position + count]
        if len(part) != count:
            raise _Malformed
        self.position += count
        return part

    def item(self, depth: int) -> None:
        (head,) = self.take(1)
        major, info = head >> 5, head & 31
        if major == _SIMPLE:
            self.simple(info)
            return
        if info == 31 and major in (_BYTES, _TEXT, _ARRAY, _MAP):
            self.canonical = False
            self.indefinite(major, depth)
            return
        self.content(major, self.argument(info), depth)

    def argument(self, info: int) -> int:
        if info < 24:
            return info
        if info > 27:
            raise _Malformed
        size = 1 << (info - 24)
        value = int.from_bytes(self.take(size))
        if value < (24, 2**8, 2**16, 2**32)[info - 24]:
            self.canonical = False
        return value

    def content(self, major: int, count: int, depth: int) -> None:
        if major in (_BYTES, _TEXT):
            part = self.take(count)
            if major == _TEXT:
                _check_text(part)
        elif major in (_ARRAY, _MAP, _TAG):
            _check_depth(depth)
            if major == _MAP:
                self.pairs(count, depth)
            else:
                for _ in range(1 if major == _TAG else count):
                    self.item(depth + 1)

    def pairs(self, count: int, depth: int) -> None:
        before = b""
        for _ in range(count):
            start = self.position
            self.item(depth + 1)
            key = self.data[start : self.position]
            self.canonical &= key > before
            before = key
            self.item(depth + 1)

    def indefinite(self, major: int, depth: int) -> None:
        _check_depth(depth)
        items = 0
        while self.data[self.position : self.position + 1] != b"\xff":
            if major in (_BYTES, _TEXT) and (
                self.position >= len(self.data)
                or self.data[self.position] >> 5 != major
                or self.data[self.position] & 31 == 31
            ):
                raise _Malformed
            self.item(depth + 1)
            items += 1
        if major == _MAP and items % 2:
            raise _Malformed
        self.position += 1

    def simple(self, info: int) -> None:
        if info == 24:
            if self.take(1)[0] < 32:
                raise _Malformed
        elif info in (25, 26, 27):
            self.take(1 << (info - 24))
            self.canonical = False
        elif info > 27:
            raise _Malformed


def _check_depth(depth: int) -> None:
    if depth > MAX_DEPTH:
        raise _Malformed


def _check_text(part: bytes) -> None:
    try:
        part.decode()
    except UnicodeDecodeError:
        raise _Malformed from None


def fault(data: bytes) -> Reason | None:
    """`malformed` or `not_canonical`; None when the encoding is as it must be."""
    walk = _Walk(data)
    try:
        walk.item(1)
    except _Malformed:
        return Reason.MALFORMED
    if walk.position != len(data):
        return Reason.MALFORMED
    return None if walk.canonical else Reason.NOT_CANONICAL

"""Parts of a release on their way to gateways, so slowly that a GSM link has room for frames."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from collector.registry.offers import STATUS_OLD_MS
from collector.registry.releases import PART_BYTES, Release, first_part, part

PART_MS = 1_000
"""Between two parts to one gateway: some 9 kbit/s."""
AHEAD_BYTES = 64 * 1024
"""Of what a gateway said last is here; it says so every 48 KiB."""
ASK_AGAIN_MS = 120_000
"""After the message, or the last part, when nothing came of it."""
DECLINED_MS = 600_000
"""A gateway declines while an order holds a stage."""
AT_A_TIME = 20


@dataclass
class _Way:
    """When one gateway was sent the message; up to where the image, once it answered, and when."""

    asked_ms: int
    sent: int | None = None
    sent_ms: int = 0


class Carrier:
    """One release at a time, to some gateways at a time."""

    def __init__(self) -> None:
        self._release: Release | None = None
        self._ways: dict[str, _Way] = {}

    def parts(
        self,
        release: Release,
        content: tuple[bytes, bytes],
        gateways: Sequence[str],
        statuses: Mapping[str, Mapping[str, Any]],
        now_ms: int,
    ) -> Iterator[tuple[str, bytes]]:
        """(gateway, part) of what is to be published now; `gateways` are those that lack it."""
        if release != self._release:
            self._release, self._ways = release, {}
        here = [each for each in gateways if _is_here(statuses.get(each), now_ms)]
        self._ways = {each: way for each, way in self._ways.items() if each in here}
        for gateway in here:
            found = self._next(gateway, statuses[gateway], content, release.hash, now_ms)
            if found is not None:
                yield gateway, found

    def _next(
        self,
        gateway: str,
        status: Mapping[str, Any],
        content: tuple[bytes, bytes],
        bundle: bytes,
        now_ms: int,
    ) -> bytes | None:
        message, image = content
        way = self._ways.get(gateway)
        if way is None:
            if len(self._ways) >= AT_A_TIME:
                return None
            return self._ask(gateway, message, now_ms)
        have = _said(status, bundle, way.asked_ms)
        if have is None:
            pause_ms = DECLINED_MS if "update" in status else ASK_AGAIN_MS
            return (
                self._ask(gateway, message, now_ms) if now_ms - way.asked_ms >= pause_ms else None
            )
        way.sent = have if way.sent is None else max(have, way.sent)
        if way.sent < min(len(image), have + AHEAD_BYTES):
            if now_ms - way.sent_ms < PART_MS:
                return None
            found = part(bundle, image, way.sent)
            way.sent, way.sent_ms = way.sent + PART_BYTES, now_ms
            return found
        is_lost = have < len(image) and now_ms - way.sent_ms >= ASK_AGAIN_MS
        return self._ask(gateway, message, now_ms) if is_lost else None

    def _ask(self, gateway: str, message: bytes, now_ms: int) -> bytes:
        """The status that follows says from where to go on."""
        self._ways[gateway] = _Way(now_ms)
        return first_part(message)


def _said(status: Mapping[str, Any], bundle: bytes, asked_ms: int) -> int | None:
    """How many bytes are there, as a status says that came after the message."""
    said = status.get("update")
    if status["received_ms"] < asked_ms or not isinstance(said, list) or len(said) != 2:
        return None
    return said[1] if said[0] == bundle.hex() and type(said[1]) is int else None


def _is_here(status: Mapping[str, Any] | None, now_ms: int) -> bool:
    if status is None or status.get("online") is not True:
        return False
    return bool(now_ms - status["received_ms"] <= STATUS_OLD_MS)

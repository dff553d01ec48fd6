"""Asks NTP servers the time (SNTP, RFC 4330), and believes what most of them agree on.

network.json names them, `"ntp": ["10.0.0.1", …]`, by IPv4 address, with a port if it is not 123: to
resolve a name would stop every task for as long as the network likes.
"""

import asyncio
import socket
import struct

from micropython import const

from gateway import BUILT_MS, records
from gateway.health import alive, at_rest, log

_PORT = const(123)
_PACKET_BYTES = const(48)
_LONGEST_WAY_MS = const(2_000)
_AGREE_MS = const(1_000)
_EVERY_MS = const(1_024_000)
_FIRST_PAUSE_MS = const(16_000)
_1970 = 2_208_988_800  # as NTP counts: seconds since 1900
_ERA = 1 << 32


class NtpError(Exception):
    """An answer that says nothing of the time."""


class Ntp:
    """`bill(record)` keeps a record, `on_fault(task, what)` what is wrong with the servers."""

    def __init__(self, board, clock, servers, bill, on_fault):
        self._board = board
        self._clock = clock
        self._bill = bill
        self._on_fault = on_fault
        self._fault = None
        self._servers: list = []
        for server in servers:
            host, _, port = server.partition(":")
            if _is_address(host):
                self._servers.append((host, int(port or _PORT)))
            else:
                log("NTP: %s is no IPv4 address: not asked" % server)
        self._majority = len(servers) // 2 + 1

    async def run(self) -> None:
        pause_ms = _FIRST_PAUSE_MS
        while True:
            at_rest("ntp")
            # Not every gateway of a site at once, whose power came back together.
            await asyncio.sleep_ms(int.from_bytes(self._board.random(2), "big") >> 6)
            if self._board.network_up():
                alive("ntp")
                pause_ms = _EVERY_MS if await self.round() else min(2 * pause_ms, _EVERY_MS)
                at_rest("ntp")
            await asyncio.sleep_ms(pause_ms)

    async def round(self) -> bool:
        """Ask every server once. Whether the clock follows them."""
        told = []
        for server in self._servers:
            try:
                told.append(await self._ask(server))
            except (OSError, NtpError, asyncio.TimeoutError) as error:
                log("NTP: %s: %s %s" % (server[0], type(error).__name__, error))
        offset_ms = _agreed(told, self._majority)
        if offset_ms is None:
            why = "servers disagree" if len(told) >= self._majority else None
        else:
            why = self._clock.refuses(offset_ms)
        if why and why != self._fault:
            self._on_fault("ntp", why)
        self._fault = why
        if offset_ms is None or why:
            return False
        change = self._clock.follow(offset_ms)
        if change:
            self._bill(records.clock_step(self._clock.now_ms(), *change))
        return True

    async def _ask(self, server):
        """(round trip, unix time less uptime), both ms."""
        cookie = self._board.random(8)
        sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        try:
            sock.setblocking(False)
            sock.connect(socket.getaddrinfo(*server)[0][-1])
            stream = asyncio.StreamReader(sock)
            sent_at = self._clock.uptime_ms()
            sock.write(b"\x23" + bytes(39) + cookie)
            answer = b""
            while True:
                answer = await asyncio.wait_for_ms(stream.read(_PACKET_BYTES), _LONGEST_WAY_MS)
                heard_at = self._clock.uptime_ms()
                if heard_at - sent_at > _LONGEST_WAY_MS:
                    raise NtpError("too late")
                if len(answer) == _PACKET_BYTES and answer[24:32] == cookie:
                    break  # anything else is not the answer, and keeps it from nobody
        finally:
            sock.close()
        return _read(answer, heard_at - sent_at, heard_at)


def _read(answer, way_ms, heard_at):
    """`way_ms`: from the question to the answer, heard at this uptime."""
    leap, mode, stratum = answer[0] >> 6, answer[0] & 7, answer[1]
    if leap == 3 or mode != 4 or not 1 <= stratum <= 15:
        raise NtpError("leap %d, mode %d, stratum %d" % (leap, mode, stratum))
    times = struct.unpack(">4I", answer[32:48])
    received_ms, sent_ms = _unix_ms(*times[:2]), _unix_ms(*times[2:])
    way_ms -= sent_ms - received_ms
    if sent_ms < received_ms or way_ms < -1:
        raise NtpError("it answered before it was asked")
    return way_ms, sent_ms + way_ms // 2 - heard_at


def _unix_ms(seconds, fraction):
    """Of the eras of 2^32 s the one in which this is after the firmware was built."""
    unix_s = seconds - _1970
    while unix_s < BUILT_MS // 1000:
        unix_s += _ERA
    return unix_s * 1000 + (fraction * 1000 >> 32)


def _agreed(told, majority):
    """The offset that came the shortest way, of those that most servers agree on, or None."""
    best = None
    for _, lowest_ms in told:
        near = [each for each in told if 0 <= each[1] - lowest_ms <= _AGREE_MS]
        if len(near) >= majority and (best is None or min(near) < best):
            best = min(near)
    return None if best is None else best[1]


def _is_address(host):
    parts = host.split(".")
    return len(parts) == 4 and all(part.isdigit() and int(part) < 256 for part in parts)

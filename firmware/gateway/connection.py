"""TCP connections that leave no socket behind when they fail."""

import asyncio
import errno
import select
import socket
from time import ticks_add, ticks_diff, ticks_ms

from micropython import const

_LOOK_MS = const(10)


async def connect(host: str, port: int, timeout_ms: int):
    """A stream to a numeric address. Raises OSError.

    asyncio.open_connection leaves its socket open when it fails or is cancelled.
    """
    family, kind, protocol, _, address = socket.getaddrinfo(host, port, 0, socket.SOCK_STREAM)[0]
    plain = socket.socket(family, kind, protocol)
    try:
        plain.setblocking(False)
        try:
            plain.connect(address)
        except OSError as error:
            if error.args[0] != errno.EINPROGRESS:
                raise
        await _connected(plain, ticks_add(ticks_ms(), timeout_ms))
    except BaseException:
        plain.close()
        raise
    return asyncio.StreamReader(plain)


async def _connected(plain, until):
    poller = select.poll()
    poller.register(plain, select.POLLOUT)
    while True:
        for _, event in poller.poll(0):
            if event & (select.POLLERR | select.POLLHUP):
                raise OSError(errno.ECONNREFUSED)
            return
        if ticks_diff(until, ticks_ms()) <= 0:
            raise OSError(errno.ETIMEDOUT)
        await asyncio.sleep_ms(_LOOK_MS)

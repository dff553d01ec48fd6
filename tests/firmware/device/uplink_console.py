"""An uplink over a journal of names, which runs for as long as it is told."""

from serve import serve  # isort: skip

import asyncio

from gateway import mqtt
from gateway.uplink import Uplink


class Board:
    random = staticmethod(bytes)  # the shortest pauses

    def network_up(self):
        return True


class Names:
    """A journal of one billing frame after the other, each its own number."""

    def __init__(self, count, size):
        self._count = count
        self._size = size
        self.fails = {}  # seq: how often there is no memory for it

    def last(self, stream):
        return None if stream else (1, self._count, b"")

    def pending(self, stream):
        return 0 if stream else self._count

    def pending_epoch(self, stream):
        return None if stream else 1

    def pending_after(self, stream, seq, epoch):
        for found in range(seq + 1, self._count + 1):
            if self.fails.get(found, 0):
                self.fails[found] -= 1
                raise MemoryError
            yield found, (b"%d " % found) + bytes(self._size)


async def _run(port, journal, fails, ms):
    settings = {"host": "127.0.0.1", "port": port, "keepalive_s": 2}
    ignore = lambda *_: None  # noqa: E731
    uplink = Uplink(
        Board(), journal, settings, bytes(8), "zone", bytes(32), ignore, ignore, None, None, None
    )
    journal.fails = fails
    task = asyncio.create_task(uplink.run())
    await asyncio.sleep_ms(ms)
    alive = not task.done()
    task.cancel()
    return alive


def run(port, count, fails, ms):
    """Whether the task is still alive after a time in which memory was short for some frames."""
    journal = Names(count, 100)
    fails = {int(seq): times for seq, times in fails.items()}
    alive = asyncio.run(_run(port, journal, fails, ms))
    assert not any(fails.values())
    return alive


async def _publish(port):
    ignore = lambda *_: None  # noqa: E731
    stream = await mqtt.open_stream("127.0.0.1", port, None, None, 2000)
    client = mqtt.Client(stream, "client", 2, ignore, ignore)
    await client.connect("will", b"")
    count = 0
    try:
        while True:
            await client.publish("topic", bytes(4096))
            count += 1
    except asyncio.TimeoutError:
        return count
    finally:
        client.abandon()


def publish(port):
    """How many publications of 4 KiB were handed to a connection before it was given up."""
    return asyncio.run(_publish(port))


async def _listen(port, keepalive_s):
    ignore = lambda *_: None  # noqa: E731
    stream = await mqtt.open_stream("127.0.0.1", port, None, None, 2000)
    client = mqtt.Client(stream, "client", keepalive_s, ignore, ignore)
    stage = "connect"
    try:
        await client.connect("will", b"")
        stage = "run"
        await client.run()
    except (mqtt.MqttError, EOFError, asyncio.TimeoutError) as error:
        return [stage, type(error).__name__, str(error)]
    finally:
        client.abandon()


def listen(port, keepalive_s, within_ms):
    """What ended a connection to a broker that sends, or nothing when it did not end in time."""

    async def limited():
        try:
            return await asyncio.wait_for_ms(_listen(port, keepalive_s), within_ms)
        except asyncio.TimeoutError:
            return None

    return asyncio.run(limited())


serve(run=run, publish=publish, listen=listen)

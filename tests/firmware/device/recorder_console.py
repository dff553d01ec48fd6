"""A recorder whose frames are signed by nobody."""

from serve import serve  # isort: skip

import asyncio

from gateway import recorder as recorders
from gateway.held import Held


def kept(before, meanwhile):
    """Records added before a frame is signed, and more while it is.

    How many are in frames, how many different ones, and what was told.
    """
    frames = []
    told = []

    class Chain:
        async def append(self, records, config_hash, clock):
            for number in range(meanwhile if not frames else 0):
                recorder.add([before + number])
            frames.extend(bytes(record).hex() for record in records)

    class Clock:
        def triplet(self):
            return None

    recorder = recorders.Recorder("billing", Chain(), Clock(), b"", None, lambda: None, told.append)
    for number in range(before):
        recorder.add([number])
    asyncio.run(recorder.flush())
    return len(frames), len(set(frames)), told


def packed(steps, most, most_bytes):
    """Records of so many bytes are added, those of None dropped: what is there then."""
    held = Held()
    for number, size in enumerate(steps):
        if size is None:
            held.drop()
        else:
            held.add(bytes([number]) * size)
    fitting = held.fitting(most, most_bytes)
    return held.count, held.bytes, [[len(one), one[0]] for one in held.first(200)], fitting


serve(kept=kept, packed=packed)

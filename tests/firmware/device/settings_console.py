"""Settings on a flash image, one request at a time."""

from serve import serve  # isort: skip

import random
import sys

from board.settings import Settings
from nor import Nor, PowerCut

FLASH, FOLDER = sys.argv[1:]
BLOCKS = 6  # two of 4096 bytes a side
NAMES = ("root.pub", "network.json", "identity.key", "configuration.cose")

settings = None


def mount():
    """What was found damaged."""
    global settings
    settings = Settings(Nor(FLASH, BLOCKS), FOLDER)
    return settings.faults


def read(name):
    value = settings.read(name)
    return value and bytes(value).decode()


def write(name, text):
    """Whether there was room."""
    try:
        settings.write(name, text.encode())
    except OSError:
        return False
    return True


def cut_everywhere(seed, writes, kept):
    """Random writes, the power cut in every operation of them; how many cuts there were.

    After each cut the setting that was being written is as before or as after, all others as they
    were, and both sides hold the same.
    """
    random.seed(seed)
    device = Nor(FLASH, BLOCKS)
    device.wipe(0, BLOCKS)
    live = Settings(device, FOLDER)
    model = {}
    cuts = 0
    for number in range(writes):
        name = random.choice(NAMES)
        size = random.choice((0, 40, 64, 300, 1500))
        value = bytes([number]) * size
        before = [bytes(device_block(device, block)) for block in range(BLOCKS)]
        operation = 0
        while True:
            device.cut(operation, kept)
            try:
                live.write(name, value)
                device.restore_power()
                break
            except PowerCut:
                cuts += 1
            device.restore_power()
            found = Settings(device, FOLDER)
            check(found, model, name, value)
            again = Settings(device, FOLDER)
            assert again.faults == [], again.faults
            assert again.read(name) == found.read(name)
            restore(device, before)
            live = Settings(device, FOLDER)
            operation += 1
        model[name] = value
        check(live, model, name, value)
        check(Settings(device, FOLDER), model, name, value)
    return cuts


def check(found, model, name, value):
    for other in NAMES:
        is_now = bytes(found.read(other) or b"")
        allowed = [model.get(other, b"")]
        if other == name:
            allowed.append(value)
        assert is_now in allowed, (other, len(is_now), [len(item) for item in allowed])
    assert not [what for what in found.faults if what.startswith("both")], found.faults


def device_block(device, block):
    buf = bytearray(device.block_bytes)
    device.readblocks(block, buf, 0)
    return buf


def restore(device, blocks):
    for block, content in enumerate(blocks):
        device.ioctl(6, block)
        device.writeblocks(block, content, 0)


serve(mount=mount, read=read, write=write, cut_everywhere=cut_everywhere)

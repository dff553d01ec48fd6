"""Settings on a flash image, one request at a time."""

from serve import serve  # isort: skip

import os
import random
import sys

from bad_nor import BadNor as Nor
from bad_nor import PowerCut
from board import laid
from board.settings import Settings
from board.staging import Staging
from gateway import provisioned

FLASH, FOLDER = sys.argv[1:]
BLOCKS = 6  # two of 4096 bytes a side
NAMES = ("root.pub", "network.json", "identity.key", "configuration.cose")

DIGEST = bytes(range(32))

settings = mounted = None


def mount(worn=()):
    """What was found damaged. Of blocks that are `worn` erasing does nothing."""
    global settings, mounted
    mounted = Nor(FLASH, BLOCKS)
    for block in worn:
        mounted.wear_out(block)
    settings = Settings(mounted, FOLDER)
    return settings.faults


def cut_at(operation, name, text):
    """The power is cut in this operation of a write, of which half is done: whether it came."""
    mounted.cut(operation, 500)
    try:
        write(name, text)
    except PowerCut:
        pass
    return mounted.is_cut()


def settle():
    """A start came to its end. What is told."""
    settings.laid.settle()
    return settings.faults


def refuse(why):
    """A start did not come to its end: whether another is tried, and what is told."""
    return [settings.laid.refuse(why), settings.faults]


def damaged_file_system(call):
    """From now on this call of it fails as one that is damaged."""

    def fail(*_):
        raise OSError(5)

    if call == "open":
        laid.open = fail
    else:
        laid.os = Damaged(call, fail)


class Damaged:
    def __init__(self, call, fail):
        self.stat, self.remove = os.stat, os.remove
        setattr(self, call, fail)


def whole_file_system():
    laid.os = os
    laid.open = open


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


def forget_old():
    return settings.forget_old()


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
        save(device)
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
            restore(device)
            live = Settings(device, FOLDER)
            operation += 1
        model[name] = value
        check(live, model, name, value)
        check(Settings(device, FOLDER), model, name, value)
    return cuts


class Board:
    """As much of one as a configuration on trial needs."""

    def __init__(self, device):
        opened = Settings(device, FOLDER)
        self.settings = lambda: opened
        self.staging = lambda: Staging(device)


def cut_a_configuration_coming_in(size, part, kept):
    """The power cut in every operation from its first part to its being in force.

    After each cut there is the old one or the new one, and nothing half. How many cuts there were.
    """
    device = Nor(FLASH, BLOCKS)
    device.wipe(0, BLOCKS)
    Settings(device, FOLDER).write(NAMES[-1], b"old")
    save(device)
    new = bytes(range(256)) * (size // 256)
    seen = []
    while True:
        restore(device)
        board = Board(device)
        device.cut(len(seen), kept)
        try:
            come_in(board, new, part)
        except PowerCut:
            pass
        cut = device.is_cut()
        device.restore_power()
        board = Board(device)
        assert not [what for what in board.settings().faults if what.startswith("both")]
        waiting = board.staging().waiting()
        if waiting:
            assert waiting == (size, DIGEST)
            assert board.staging().may_try()
            provisioned.settle(board)
            assert board.staging().waiting() is None
        seen.append(bytes(board.settings().read(NAMES[-1])) == new)
        assert seen[-1] or board.settings().read(NAMES[-1]) == b"old"
        if not cut:
            assert seen[-1]
            return len(seen) - 1, seen.index(True)


def come_in(board, new, part):
    staging = board.staging()
    staging.begin()
    for at in range(0, len(new), part):
        staging.write(at, new[at : at + part])
    staging.seal(len(new), DIGEST)
    assert staging.may_try()
    provisioned.settle(board)


def tries():
    """How often one that waits may be tried."""
    device = Nor(FLASH, BLOCKS)
    count = 0
    staging = Staging(device)
    staging.begin()
    staging.write(0, b"new")
    staging.seal(3, DIGEST)
    while Staging(device).may_try():
        count += 1
    return count


def check(found, model, name, value):
    for other in NAMES:
        is_now = bytes(found.read(other) or b"")
        allowed = [model.get(other, b"")]
        if other == name:
            allowed.append(value)
        assert is_now in allowed, (other, len(is_now), [len(item) for item in allowed])
    assert not [what for what in found.faults if what.startswith("both")], found.faults


def save(device):
    """To a file: the heap is small."""
    buf = bytearray(device.block_bytes)
    with open(FLASH + ".saved", "wb") as file:
        for block in range(BLOCKS):
            device.readblocks(block, buf, 0)
            file.write(buf)


def restore(device):
    buf = bytearray(device.block_bytes)
    with open(FLASH + ".saved", "rb") as file:
        for block in range(BLOCKS):
            file.readinto(buf)
            device.ioctl(6, block)
            device.writeblocks(block, buf, 0)


serve(
    mount=mount,
    read=read,
    write=write,
    forget_old=forget_old,
    cut_everywhere=cut_everywhere,
    cut_a_configuration_coming_in=cut_a_configuration_coming_in,
    tries=tries,
    cut_at=cut_at,
    settle=settle,
    refuse=refuse,
    damaged_file_system=damaged_file_system,
    whole_file_system=whole_file_system,
)

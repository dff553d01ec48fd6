"""A littlefs on NOR flash, with a file that is replaced and must then be nowhere."""

from serve import serve  # isort: skip

import os
import sys

import vfs
from board import littlefs
from nor import Nor


class Device(Nor):
    def ioctl(self, op, arg):
        return super().ioctl(op, arg) or 0


device = Device(sys.argv[1], 32)
vfs.VfsLfs2.mkfs(device)
vfs.mount(vfs.VfsLfs2(device), "/flash")
os.chdir("/flash")


def replace(name, content):
    with open(name + ".new", "wb") as file:
        file.write(bytes.fromhex(content))
    os.rename(name + ".new", name)


def content(name):
    with open(name, "rb") as file:
        return file.read().hex()


def erase_free():
    littlefs.erase_free()
    return os.listdir()


serve(replace=replace, content=content, erase_free=erase_free)

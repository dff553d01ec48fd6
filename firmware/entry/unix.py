"""Run a module of an application's image on the unix port, mounted at /rom as an ESP32 mounts it.

Arguments: the image, the module, and what its main() is to be told. The image takes its size of
the heap here; in an ESP32 it stays in flash.
"""

import os
import sys

import vfs

image = bytearray(os.stat(sys.argv[1])[6])
with open(sys.argv[1], "rb") as file:
    file.readinto(image)
vfs.mount(vfs.VfsRom(image), "/rom")  # type: ignore[attr-defined]  # in no stub yet
sys.path[0] = "/rom"
sys.exit(__import__(sys.argv[2]).main(*sys.argv[3:]))

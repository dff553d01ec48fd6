"""How many names MicroPython had to add for an application's image with all that a gateway runs.

Arguments: the image, and the modules.
"""

import gc
import os
import sys

import micropython
import vfs

image = bytearray(os.stat(sys.argv[1])[6])
with open(sys.argv[1], "rb") as file:
    file.readinto(image)
vfs.mount(vfs.VfsRom(image), "/rom")  # type: ignore[attr-defined]
sys.path[0] = "/rom"
for module in sys.argv[2:]:
    __import__(module)
gc.collect()
micropython.qstr_info()

"""Run as a program: a mock bootloader with a flash of so many MB, which it dumps on SIGUSR1.

Arguments: chip, MB, a file for the port, a file for the dump; a file that the flash begins with.
"""

import signal
import sys
from pathlib import Path

from esp32_mock_bootloader import protocol, server  # type: ignore[import-untyped]

chip, megabytes, port_file, dump, *before = sys.argv[1:]
size = int(megabytes) * 1024 * 1024
protocol.FLASH_MOCK_SIZE = size
protocol.MOCK_FLASH_ID = (size.bit_length() - 1) << 16 | 0x4020


def write_dump(*_: object) -> None:
    ready = Path(dump + ".part")
    ready.write_bytes(server.get_flash_image().data)
    ready.rename(dump)


signal.signal(signal.SIGUSR1, write_dump)
if before:
    content = Path(before[0]).read_bytes()
    server.get_flash_image().data[: len(content)] = content
server.run_server(0, None, chip, port_file=port_file, track_registry=False)

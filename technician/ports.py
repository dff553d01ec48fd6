"""At which serial port a board hangs."""

from collections.abc import Iterable
from typing import Protocol

from serial.tools import list_ports

from technician.faults import BagError, Code

_VENDORS = {
    0x303A: "Espressif",
    0x10C4: "Silicon Labs CP210x",
    0x1A86: "WCH CH34x",
    0x0403: "FTDI",
    0x067B: "Prolific",
}
"""Of the USB bridges that are on such boards."""


class Port(Protocol):
    """As pyserial lists them."""

    device: str
    vid: int | None


def the_port(there: Iterable[Port] | None = None) -> str:
    """The one port at which a board can be. Raises BagError when there is none, or several."""
    listed = list_ports.comports() if there is None else there
    found = [port for port in listed if port.vid in _VENDORS]
    if not found:
        raise BagError(Code.NO_PORT, "no board is at any USB port of this laptop")
    if len(found) > 1:
        named = ", ".join(f"{port.device} ({_VENDORS[port.vid or 0]})" for port in found)
        raise BagError(Code.SEVERAL_PORTS, f"there are several: {named}")
    return found[0].device

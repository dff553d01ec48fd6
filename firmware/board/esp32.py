"""An ESP32 under MicroPython. Pins come from the setting board.json.

board.json: {"uarts": {"0": {"id", "tx", "rx", "de": pin or null}},
"outputs": {"1": {"pin", "active": level that energises the coil}},
"contacts": {"1": {"pin", "closed": level while the stage is closed; or a selector in REMOTE, a
lock set, a protection tripped, a button pressed}},
"network": {"kind": "wifi", "ssid", "password"} or {"kind": "lan", …arguments of network.LAN: pins
by number, "phy_type" and "ref_clk_mode" by name, "spi": {"sck", "mosi", "miso"}}}

The technician's tools make it of a file of hardware/boards.
"""

import asyncio
import json
import os
import time

import machine
import network
from esp32 import Partition
from machine import Pin

from board.stored import Stored

_JOURNAL_LABEL = "journal"
_SETTINGS_LABEL = "settings"
_LAN_PINS = ("mdc", "mdio", "power", "reset", "ref_clk", "cs", "int")
_SPI = 1
_LONGEST_SLICE_MS = 20
_EPOCH_2000_MS = 946_684_800_000
_RESET_CAUSES = {
    machine.PWRON_RESET: "power",
    machine.HARD_RESET: "software",  # by machine.reset, or a panic of the interpreter
    machine.SOFT_RESET: "software",
    machine.WDT_RESET: "watchdog",
}


class Uart:
    """An RS-485 port. `stream` never blocks and can be polled."""

    def __init__(self, pins, baud, parity, stop_bits):
        # The transmit buffer holds a whole request: the driver always says that it is writable.
        self.stream = machine.UART(
            pins["id"],
            baudrate=baud,
            bits=8,
            parity=(None, 0, 1)[parity],
            stop=stop_bits,
            tx=Pin(pins["tx"]),
            rx=Pin(pins["rx"]),
            txbuf=256,
            rxbuf=512,
            timeout=0,
            timeout_char=0,
        )
        self._character_us = _character_us(baud, parity, stop_bits)
        de = pins.get("de")
        self._de = None if de is None else Pin(de, Pin.OUT, value=0)

    def set_line(self, baud, parity, stop_bits):
        self._character_us = _character_us(baud, parity, stop_bits)
        self.stream.init(baudrate=baud, parity=(None, 0, 1)[parity], stop=stop_bits)

    async def send(self, data):
        if not self._de:
            self.stream.write(data)
            return
        self._de(1)
        try:
            self.stream.write(data)
            # Any other task may take _LONGEST_SLICE_MS, and the meter answers meanwhile: the end of
            # the request is waited for without a pause.
            await asyncio.sleep_ms(
                max(0, len(data) * self._character_us // 1000 - _LONGEST_SLICE_MS)
            )
            while not self.stream.txdone():
                pass
        finally:
            self._de(0)


def _character_us(baud, parity, stop_bits):
    return (9 + stop_bits + (1 if parity else 0)) * 1_000_000 // baud


class Output:
    """A stage's coil."""

    def __init__(self, pin, active):
        self._pin = Pin(pin, Pin.OUT)
        self._active = active

    def energised(self):
        return self._pin() == self._active

    def energise(self, on):
        self._pin(self._active if on else 1 - self._active)


class Contact:
    """A stage's feedback contact, or a selector's, a lock's, a protection's, a button's."""

    def __init__(self, pin, closed):
        self._pin = Pin(pin, Pin.IN)
        self._closed = closed

    def closed(self):
        return self._pin() == self._closed


class Board(Stored):
    def __init__(self):
        super().__init__(lambda: _partition(_SETTINGS_LABEL), "/")
        self._epoch_ms = _EPOCH_2000_MS if time.gmtime(0)[0] == 2000 else 0
        try:
            self._describe()
        except Exception as error:
            if not self.refuse_laid("%s %s" % (type(error).__name__, error)):
                raise

    def _describe(self):
        content = self.read_setting("board.json")
        if content is None:
            raise OSError("there is no board.json: provision this gateway")
        self._json = json.loads(content)
        self._interface = _interface(self._json["network"])

    def uart(self, index, baud, parity, stop_bits):
        return Uart(self._json["uarts"][str(index)], baud, parity, stop_bits)

    def flash(self):
        return _partition(_JOURNAL_LABEL)

    def slots(self):
        """None where the application has no two, or lies in both."""
        from slots import Slots

        found = Partition.find(Partition.TYPE_DATA, label="romfs")
        slots = Slots(found[0]) if found else None
        return slots if slots and slots.image_bytes(slots.runs) else None

    def output(self, number):
        pins = self._json["outputs"][str(number)]
        return Output(pins["pin"], pins["active"])

    def contact(self, number):
        pins = self._json["contacts"][str(number)]
        return Contact(pins["pin"], pins["closed"])

    def network_up(self):
        """Whether there is a network; starts joining it when there is none."""
        interface = self._interface
        if interface.isconnected():
            return True
        settings = self._json["network"]
        if not interface.active():
            interface.active(True)
            if settings["kind"] == "wifi":
                interface.connect(settings["ssid"], settings["password"])
        return False

    def ticks_ms(self):
        """A counter that wraps at 2^30 ms, as ticks_diff knows."""
        return time.ticks_ms()

    def now_ms(self):
        """Unix time in ms, UTC. The port's own epoch is seen nowhere else."""
        return time.time_ns() // 1_000_000 + self._epoch_ms

    def set_now_ms(self, now_ms):
        """Set the RTC, which TLS judges certificates by and which outlives a soft reset."""
        seconds, ms = divmod(now_ms - self._epoch_ms, 1000)
        year, month, day, hour, minute, second, weekday, _ = time.gmtime(seconds)
        machine.RTC().datetime((year, month, day, weekday, hour, minute, second, ms * 1000))

    def watchdog(self, timeout_ms):
        return machine.WDT(timeout=timeout_ms)

    def reset_cause(self):
        """A brown-out counts as "power"."""
        return _RESET_CAUSES.get(machine.reset_cause(), "unknown")

    def reset(self):
        machine.reset()

    def signal_dbm(self):
        """Of the radio, or None where there is none or it hears nothing."""
        if self._json["network"]["kind"] != "wifi" or not self._interface.isconnected():
            return None
        return self._interface.status("rssi")

    def asked_to_stop(self):
        """A board runs until its power goes."""
        return False

    def hardware_id(self):
        return "esp32-" + machine.unique_id().hex()

    def random(self, n):
        return os.urandom(n)


def _partition(label):
    found = Partition.find(Partition.TYPE_DATA, label=label)
    if not found:
        raise OSError("no flash partition is labelled " + label)
    return found[0]


def _interface(settings):
    if settings["kind"] == "wifi":
        return network.WLAN(network.WLAN.IF_STA)
    arguments = {key: value for key, value in settings.items() if key != "kind"}
    for key in _LAN_PINS:
        if arguments.get(key) is not None:
            arguments[key] = Pin(arguments[key])
    for key, place in (("phy_type", network), ("ref_clk_mode", Pin)):
        if key in arguments:
            arguments[key] = getattr(place, arguments[key])
    if "spi" in arguments:
        pins = {key: Pin(pin) for key, pin in arguments["spi"].items()}
        arguments["spi"] = machine.SPI(_SPI, **pins)
    return network.LAN(**arguments)

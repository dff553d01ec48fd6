"""A whole site: meters, stages, gateway, broker and collector."""

import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from pymodbus.simulator import SimDevice

from plant.authority import Authority
from plant.broker import Broker
from plant.collector import PATIENCE_S, Collector
from plant.gateway import Gateway, meter, stage
from plant.modbus import Line, Loop, Server, registers

RTU_UNIT, TCP_UNIT = 1, 2
ENERGY, POWER = 0, 40  # register addresses
# A 64-bit energy and, over unused registers, a 32-bit power.
QUANTITIES = [[ENERGY, 4, 1, 1000], [POWER, 2]]
ENERGY_WORDS, POWER_WORDS = [1, 2, 3, 4], [5, 6]


def device(unit: int) -> SimDevice:
    return SimDevice(unit, simdata=[registers(ENERGY, ENERGY_WORDS), registers(POWER, POWER_WORDS)])


def until(condition: Callable[[], Any]) -> Any:
    """What the condition gives, as soon as it is true; for what nobody announces."""
    deadline = time.monotonic() + PATIENCE_S
    while not (value := condition()):
        assert time.monotonic() < deadline
        time.sleep(0.01)
    return value


class Contactors:
    """Contacts follow the outputs, except those that are stuck."""

    def __init__(self, gateway: Gateway) -> None:
        self.stuck: set[int] = set()
        self._gateway = gateway
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._follow, daemon=True)
        self._thread.start()

    def _follow(self) -> None:
        shown: dict[int, bool] = {}
        while not self._stopped.wait(0.01):
            for number in map(int, self._gateway.board["outputs"]):
                energised = self._gateway.output(number)
                if number not in self.stuck and energised != shown.get(number):
                    self._gateway.set_contact(number, energised)
                    shown[number] = energised

    def close(self) -> None:
        self._stopped.set()
        self._thread.join()


class Plant:
    """One meter on RTU, one on TCP, stages 1 to 3; stage 3 has a minimum off time of a second."""

    def __init__(self, directory: Path, **options: Any) -> None:
        self.loop = Loop()
        self.rtu_server = Server(self.loop, [device(RTU_UNIT)], rtu=True)
        self.line = Line(self.loop, self.rtu_server.port)
        self.tcp_server = Server(self.loop, [device(TCP_UNIT)])
        self.broker = Broker(directory)
        self.gateway = Gateway(
            directory, options.pop("flash_blocks", 64), options.pop("slot_blocks", 0)
        )
        buses: list[list[Any]] = [[0, 19200, 2, 1], [1, "127.0.0.1", self.tcp_server.port]]
        meters = [meter(0, 0, RTU_UNIT, QUANTITIES), meter(1, 1, TCP_UNIT, QUANTITIES)]
        self.site = self.gateway.provision(
            options.pop("authority", None) or Authority(),
            options.pop("broker_port", self.broker.port),
            buses=buses,
            meters=meters,
            stages=options.pop("stages", None)
            or [stage(1, confirm_ms=500), stage(2), stage(3, min_off_ms=1000)],
            uarts={"0": self.line.path},
            **options,
        )
        self.contactors = Contactors(self.gateway)
        self.collector = Collector(self.site, self.broker.port)

    def log(self) -> str:
        return (self.gateway.directory / "log.txt").read_text()

    def close(self) -> None:
        self.contactors.close()
        if self.gateway.process:
            self.gateway.kill()
        self.collector.close()
        self.broker.kill()
        self.line.close()
        self.rtu_server.stop()
        self.tcp_server.stop()
        self.loop.close()

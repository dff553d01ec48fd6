"""What the configuration in force says of the meters, for programs run while the gateway stands."""

from gateway import provisioned
from gateway.meter import Meter
from gateway.modbus.driver import ModbusDriver
from gateway.trust import Trust
from micropython import const

_RTU = const(0)


class _InForce:
    """The board without what waits for the next start: to try that is the start's own."""

    def __init__(self, board):
        self.settings = board.settings
        self.staging = lambda: self

    def waiting(self):
        return None


async def load(board, journal, clock, gateway):
    """The configuration in force, judged. Raises SetupError."""
    trust = Trust(provisioned.required(board, "root.pub", 64))
    return await provisioned.load(_InForce(board), journal, trust, clock, gateway)


def meters(board, config, clock):
    """Yields (as the configuration has it, Meter, its driver), one after another."""
    buses: dict = {}
    for each in config.meters:
        index = each[4]
        if index not in buses:
            buses[index] = _bus(board, index, config.buses[index])
        driver = ModbusDriver(each, buses[index])
        yield each, Meter(each, driver, clock), driver


def _bus(board, index, bus):
    if bus[0] == _RTU:
        from gateway.modbus.rtu import RtuBus

        return RtuBus(board.uart(index, *bus[1:]), bus[1:])
    from gateway.modbus.tcp import TcpBus

    return TcpBus(bus[1], bus[2])

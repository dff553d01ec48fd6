"""Modbus master: one object a bus, asked for registers one request at a time."""


class NoAnswer(Exception):
    """Nothing that answers the request came in its time."""


class ModbusException(Exception):
    """The unit answered with an exception code."""

    def __init__(self, code: int):
        super().__init__(code)
        self.code = code


class Request:
    """A read of `count` registers, and the manners of the unit that is asked."""

    def __init__(
        self, unit: int, function: int, address: int, count: int, timeout_ms: int, gap_ms: int
    ):
        self.unit = unit
        self.function = function
        self.address = address
        self.count = count
        self.timeout_ms = timeout_ms
        self.gap_ms = gap_ms

"""Modbus master: one object a bus, asked for registers one request at a time."""


class NoAnswer(Exception):
    """Nothing that answers the request came in its time."""


class Unreachable(NoAnswer):
    """The request could not even be sent."""


class ModbusException(Exception):
    """The unit answered with an exception code."""

    def __init__(self, code: int):
        super().__init__(code)
        self.code = code


class Manners:
    """How a unit wants to be asked.

    `timeout_ms`: from the end of a request to the first byte of its answer, at most; `gap_ms`:
    silence before a request; `retries`: how often a request is repeated; `line`: (baud, parity,
    stop bits) where the unit's differ from the bus's own, or None.
    """

    def __init__(self, timeout_ms: int, gap_ms: int, retries: int = 1, line=None):
        self.timeout_ms = timeout_ms
        self.gap_ms = gap_ms
        self.retries = retries
        self.line = line


class Request:
    """A read of `count` registers of a unit."""

    def __init__(self, unit: int, function: int, address: int, count: int, manners: Manners):
        self.unit = unit
        self.function = function
        self.address = address
        self.count = count
        self.manners = manners

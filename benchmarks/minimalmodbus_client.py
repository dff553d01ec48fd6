"""`python -m benchmarks.minimalmodbus_client PATH BAUD`: a client of the bus benchmark."""

import json
import sys
import time
from typing import Any

import minimalmodbus  # type: ignore[import-untyped]

_TIMEOUT_S = 1.0  # of the whole answer, not of its first byte


def _read(instruments: dict[int, Any], asks: list[list[int]]) -> dict[str, Any]:
    answers: list[Any] = []
    begin_s = time.monotonic()
    for unit, function, address, count, *_ in asks:
        try:
            answers.append(instruments[unit].read_registers(address, count, function))
        except minimalmodbus.ModbusException as error:
            answers.append(error)
    elapsed_s = time.monotonic() - begin_s
    return {"elapsed_s": elapsed_s, "answers": [_told(answer) for answer in answers]}


def _told(answer: Any) -> str:
    if isinstance(answer, Exception):
        return repr(answer)
    return b"".join(word.to_bytes(2, "big") for word in answer).hex()


def _serve(path: str, baud: int) -> None:
    instruments: dict[int, Any] = {}
    for line in sys.stdin:
        _, asks = json.loads(line)
        for unit, *_ in asks:
            if unit not in instruments:
                instruments[unit] = minimalmodbus.Instrument(path, unit)
                instruments[unit].serial.baudrate = baud
                instruments[unit].serial.timeout = _TIMEOUT_S
        print(json.dumps(_read(instruments, asks)), flush=True)


if __name__ == "__main__":
    _serve(sys.argv[1], int(sys.argv[2]))

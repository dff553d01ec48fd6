"""`python -m benchmarks.pymodbus_client PATH BAUD`: a client of the bus benchmark."""

import asyncio
import json
import logging
import sys
import time
from typing import Any

from pymodbus.client import AsyncModbusSerialClient
from pymodbus.exceptions import ModbusException

_TIMEOUT_S = 1.0  # of the whole answer, not of its first byte


async def _read(client: AsyncModbusSerialClient, asks: list[list[int]]) -> dict[str, Any]:
    answers: list[Any] = []
    begin_s = time.monotonic()
    for unit, function, address, count, *_ in asks:
        read = client.read_holding_registers if function == 3 else client.read_input_registers
        try:
            answers.append(await read(address, count=count, device_id=unit))
        except ModbusException as error:
            answers.append(error)
    elapsed_s = time.monotonic() - begin_s
    return {"elapsed_s": elapsed_s, "answers": [_told(answer) for answer in answers]}


def _told(answer: Any) -> str:
    if isinstance(answer, Exception) or answer.isError():
        return repr(answer)
    return b"".join(word.to_bytes(2, "big") for word in answer.registers).hex()


async def _serve(path: str, baud: int) -> None:
    client = AsyncModbusSerialClient(path, baudrate=baud, timeout=_TIMEOUT_S, retries=1)
    await client.connect()
    for line in sys.stdin:
        _, asks = json.loads(line)
        print(json.dumps(await _read(client, asks)), flush=True)
    client.close()


if __name__ == "__main__":
    logging.getLogger("pymodbus.logging").setLevel(logging.CRITICAL)
    asyncio.run(_serve(sys.argv[1], int(sys.argv[2])))

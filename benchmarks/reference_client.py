"""`python -m benchmarks.reference_client PATH BAUD`: how fast this bench lets anyone be.

It knows every answer's length and does nothing but wait for it; what it lacks to the wire's own
time is the error of the throttle, of the pty and of the computer.
"""

import json
import os
import select
import sys
import time
import tty
from typing import Any

from benchmarks import wire
from benchmarks.plan import BITS_PER_CHARACTER
from simulator import rtu


def _read(port: int, silence_s: float, asks: list[list[int]]) -> dict[str, Any]:
    frames = [(rtu.request_frame(*ask[:4]), rtu.answer_bytes(ask[3])) for ask in asks]
    received = []
    begin_s = time.monotonic()
    quiet_since_s = 0.0
    for request, length in frames:
        while time.monotonic() - quiet_since_s < silence_s:
            pass
        os.write(port, request)
        answer = b""
        while len(answer) < length:
            select.select([port], [], [])
            answer += os.read(port, length)
        quiet_since_s = time.monotonic()
        received.append(answer)
    elapsed_s = time.monotonic() - begin_s
    answers = ["wrong CRC" if rtu.crc16(each) else each[3:-2].hex() for each in received]
    return {"elapsed_s": elapsed_s, "answers": answers}


def _serve(path: str, baud: int) -> None:
    port = os.open(path, os.O_RDWR | os.O_NOCTTY)
    tty.setraw(port)
    silence_s = wire.silence_s(baud, BITS_PER_CHARACTER)
    for line in sys.stdin:
        _, asks = json.loads(line)
        print(json.dumps(_read(port, silence_s, asks)), flush=True)


if __name__ == "__main__":
    _serve(sys.argv[1], int(sys.argv[2]))

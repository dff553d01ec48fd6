"""Give the gateway a new key, signed over by the old one. The gateway keeps its name.

To be run while it is stopped. One line of JSON: {"gateway": id in hex, "key": key-id in hex}.
The power may fail at any moment: then it has the one key or the other, and the chain says which.
"""

import asyncio
import gc
import json
import sys

gc.threshold(8192)  # collect often: importing leaves the heap in pieces

from board import Board
from gateway import records, signer
from gateway.configuration import SetupError
from gateway.identity import Identity
from gateway.journal import TELEMETRY
from gateway.stopped import OLD_KEY_LEFT, Stopped


def main() -> int:
    board = Board()
    try:
        key = asyncio.run(rotate(Stopped(board)))
    except SetupError as error:
        print("esep: the key stays as it is:", error, file=sys.stderr)
        return 1
    if not key.forget_old():
        print("esep:", OLD_KEY_LEFT, file=sys.stderr)
    print(json.dumps({"gateway": key.gateway.hex(), "key": key.kid.hex()}))
    return 0


async def rotate(gateway) -> Identity:
    key = gateway.identity
    if key.retired is not None:
        raise SetupError("this gateway is retired (%s)" % key.retired)
    epoch, seq = gateway.next()
    newest = gateway.journal.last(TELEMETRY)
    telemetry = newest[1] + 1 if newest and newest[0] == epoch else 1
    new = signer.make(gateway.board.random(40))
    enrolment = await Identity(new, key.gateway, 0, None).enrolment(gateway.board.hardware_id())
    event = records.key(gateway.clock.now_ms(), enrolment, [epoch, seq + 1, telemetry])
    await gateway.take_step(event, bytes(new.kept), new.public)
    return key

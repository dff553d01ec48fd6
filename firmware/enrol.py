"""Make the gateway's key, if it has none, and print the message that offers it to the operator.

One line of JSON: {"gateway": id in hex, "enrolment": message in hex}.
"""

import asyncio
import json
import sys

from board import Board
from gateway import identity


def main() -> int:
    board = Board()

    def load():
        return board.read_setting("identity.key")

    def save(record):
        board.write_setting("identity.key", record)

    key = identity.restore(load, save) or identity.create(board.random(40), save)
    if key.retired is not None:
        print("esep: this gateway is retired (%s)" % key.retired, file=sys.stderr)
        return 1
    if key.kid != key.gateway:
        print("esep: enrolled before, and its key changed since", file=sys.stderr)
        return 1
    message = asyncio.run(key.enrolment(board.hardware_id()))
    print(json.dumps({"gateway": key.gateway.hex(), "enrolment": message.hex()}))
    return 0

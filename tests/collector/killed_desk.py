"""A desk in a process of its own, which kills itself, as SIGKILL would, at a commit.

Arguments: the data directory, the moment (Unix ms), before which of its commits.
"""

import os
import signal
import sys
from pathlib import Path
from typing import Any

from collector_world import signer_for
from sqlalchemy import event

from collector.evidence.downlink import Role
from collector.evidence.keys import PrivateKey
from collector.orders.desk import Desk
from collector.registry.store import Registry
from collector.series.embedded import EmbeddedSeries
from collector.storage import open_database


def main(directory: Path, now_ms: int, number: int) -> None:
    engine = open_database(directory)
    signer = signer_for(PrivateKey.generate(), Role.ORDERS)
    desk = Desk(engine, Registry(engine), EmbeddedSeries(directory), signer)
    left = [number]

    def strike(_: Any) -> None:
        left[0] -= 1
        if left[0] == 0:
            os.kill(os.getpid(), signal.SIGKILL)

    event.listen(engine, "commit", strike)
    for second in range(10):
        desk.run(now_ms + second * 1000)


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))

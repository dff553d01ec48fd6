"""One piece of work of a running collector, which may fail and stops nothing else."""

import time
from collections.abc import Callable
from typing import Any

import structlog

from collector.storage.errors import advice

log = structlog.get_logger()

RETRY_S = 1.0


def guarded(name: str, work: Callable[[], Any]) -> Any:
    """What it returns; None when it fails, which is logged, after a while."""
    try:
        return work()
    except Exception as error:
        log.exception("collector.failed", part=name, error=str(error), advice=advice(error))
        time.sleep(RETRY_S)
        return None

"""One piece of work of a running collector, which may fail and stops nothing else."""

import sqlite3
import time
from collections.abc import Callable
from typing import Any

import structlog

log = structlog.get_logger()

RETRY_S = 1.0
_DISK = (sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR)


def guarded(name: str, work: Callable[[], Any]) -> Any:
    """What it returns; None when it fails, which is logged, after a while."""
    try:
        return work()
    except Exception as error:
        log.exception("collector.failed", part=name, error=str(error), advice=_advice(error))
        time.sleep(RETRY_S)
        return None


def _advice(error: Exception) -> str | None:
    cause = getattr(error, "orig", error)
    if isinstance(cause, sqlite3.OperationalError) and cause.sqlite_errorcode & 0xFF in _DISK:
        return "make room on the collector's disk; until then the gateways keep what they measure"
    return None

"""Which of several collectors does what only one may do: a lock of the database for each duty.

The locks belong to a session that does nothing else. A process that is killed loses it at once; one
that stands still, or whose machine is gone, when the server hears nothing of it for 10 s. Nothing
is built on nobody else being at work: what two do at the same time, the writer's lock sorts out.
"""

import threading
from collections.abc import Sequence
from typing import Protocol

import structlog
from sqlalchemy import Connection, Engine, NullPool, create_engine
from sqlalchemy.exc import SQLAlchemyError

from collector.storage.postgresql import arguments, try_lock

log = structlog.get_logger()

_BEAT_S = 0.5
_SILENCE = "10s"


class Duties(Protocol):
    def has(self, duty: str) -> bool:
        """Whether it is this process's to do, as far as is known."""

    def begin(self, duties: Sequence[str]) -> None: ...

    def end(self) -> None: ...


class AllDuties:
    """Of the only collector; or none, of one that only takes frames in."""

    def __init__(self, *, has: bool = True) -> None:
        self._has = has

    def has(self, duty: str) -> bool:  # noqa: ARG002
        return self._has

    def begin(self, duties: Sequence[str]) -> None: ...

    def end(self) -> None: ...


class Leadership:
    """Duties as the database gives them, at most one a beat: so several processes share them."""

    def __init__(self, engine: Engine) -> None:
        self._engine = create_engine(
            engine.url,
            poolclass=NullPool,
            connect_args=arguments(idle_session_timeout=_SILENCE),
            isolation_level="AUTOCOMMIT",
        )
        self._duties: Sequence[str] = ()
        self._held: frozenset[str] = frozenset()
        self._connection: Connection | None = None
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._run, name="leadership", daemon=True)

    def has(self, duty: str) -> bool:
        return duty in self._held

    def begin(self, duties: Sequence[str]) -> None:
        self._duties = duties
        self._thread.start()

    def end(self) -> None:
        """Leave them to the others; may be called again."""
        self._ending.set()
        if self._thread.is_alive():
            self._thread.join()

    def _run(self) -> None:
        while not self._ending.is_set():
            try:
                self._beat()
            except SQLAlchemyError as error:
                self._lose()
                log.warning("leadership.lost", error=str(error))
            self._ending.wait(_BEAT_S)
        self._lose()

    def _beat(self) -> None:
        """Show that we are there, and ask for what nobody does."""
        if self._connection is None:
            self._connection = self._engine.connect()
        self._connection.exec_driver_sql("SELECT 1")
        for duty in self._duties:
            if duty not in self._held and try_lock(self._connection, duty):
                self._held |= {duty}
                log.info("leadership.taken", duty=duty)
                return

    def _lose(self) -> None:
        self._held = frozenset()
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.invalidate()  # the session ends, and with it the locks
            connection.close()

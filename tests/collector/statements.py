"""SQL that is compiled once for the engines of all tests, of which each has its own."""

from typing import Any

from sqlalchemy import Connection, Engine, event
from sqlalchemy.util import LRUCache

_AT_ONCE = 2000


class _OfAllEngines(LRUCache[Any, Any]):
    """Two engines for one kind of database say a statement in the same words."""

    def get(self, key: Any, default: Any = None) -> Any:
        return super().get(_common(key), default)

    def __setitem__(self, key: Any, compiled: Any) -> None:
        super().__setitem__(_common(key), compiled)


def _common(key: Any) -> Any:
    dialect, *rest = key
    return dialect.name, *rest


_COMPILED = _OfAllEngines(_AT_ONCE)


@event.listens_for(Engine, "engine_connect")
def _share(connection: Connection) -> None:
    connection.execution_options(compiled_cache=_COMPILED)

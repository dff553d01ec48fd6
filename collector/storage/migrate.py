"""The schema of a database, brought to what the program knows; a newer one is refused."""

from functools import cache
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine

from collector.storage.errors import DatabaseError

_MIGRATIONS = Path(__file__).parent / "migrations"


def configuration() -> Config:
    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS))
    return config


def migrate(engine: Engine) -> None:
    """All steps in one transaction, or none; raises DatabaseError."""
    scripts = _scripts()
    if _revisions(engine) == set(scripts.get_heads()):
        return
    config = configuration()
    with engine.begin() as connection:
        found = set(MigrationContext.configure(connection).get_current_heads())
        known = {script.revision for script in scripts.walk_revisions()}
        if unknown := sorted(found - known):
            raise DatabaseError(
                f"the database has schema {', '.join(unknown)}, which a newer program made; this"
                f" one knows up to {scripts.get_current_head()}. Nothing was changed: run the newer"
            )
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


@cache
def _scripts() -> ScriptDirectory:
    """What the program knows; reading it takes longer than opening a database."""
    return ScriptDirectory.from_config(configuration())


def is_new(engine: Engine) -> bool:
    """Whether no collector has made its tables here yet."""
    return not _revisions(engine)


def _revisions(engine: Engine) -> set[str]:
    with engine.connect().execution_options(reading=True) as connection:
        return set(MigrationContext.configure(connection).get_current_heads())

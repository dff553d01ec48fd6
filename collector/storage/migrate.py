"""The schema of a database, brought to what the program knows; a newer one is refused."""

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
    config = configuration()
    scripts = ScriptDirectory.from_config(config)
    if _revisions(engine) == set(scripts.get_heads()):
        return
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


def is_new(engine: Engine) -> bool:
    """Whether no collector has made its tables here yet."""
    return not _revisions(engine)


def _revisions(engine: Engine) -> set[str]:
    with engine.connect().execution_options(reading=True) as connection:
        return set(MigrationContext.configure(connection).get_current_heads())
